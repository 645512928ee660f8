import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { delay } from '../../lab/exec.ts';
import { killPart } from '../../lab/faults.ts';
import { ready } from '../../lab/health.ts';
import { forgedHeartbeat, heartbeatFrame } from '../../lab/heartbeat-frames.ts';
import { giveKeys, keyFileOf, keysOf, newKey, signsWith } from '../../lab/heartbeat-keys.ts';
import { fetchPage } from '../../lab/http.ts';
import type { Lab } from '../../lab/lab.ts';
import { macOn } from '../../lab/plan.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';
import { heartbeatKey } from '../../modules/metallb/src/packet/heartbeat.ts';

const PAGES = ['7474/metrics', '7474/status', '7474/healthz', '7476/healthz', '7476/readyz'];
const READ_MS = 2_500;
/** As many characters as nobody writes by chance. */
const TELLING = 12;

/** Heartbeat keys are in their files and nowhere else, whatever happens. */
export const scenarios: readonly Scenario[] = [
  scenario('hard/no-key-is-told', { lab: { nodeFlags: ['--log-level=debug'] } }, async (lab) => {
    const [first = ''] = await keysOf(lab, 'n1');
    const [second, half] = [newKey(), newKey()];
    await freshServices(lab);
    for (const program of ['wire.mjs', 'speaker.mjs']) {
      const pid = lab.program('n1').pidOf(program);
      const filter = readFileSync(`/proc/${pid}/coredump_filter`, 'utf8');
      assert.is(Number(filter), 0, 'what a core dump would hold');
    }
    for (const node of lab.nodes) await giveKeys(lab, node, [second, first]);
    await signsWith(lab, 'n1', second);
    // What goes wrong is told with what it was about.
    await giveKeys(lab, 'n1', [second, half.slice(0, -3), first]);
    await giveKeys(lab, 'n2', [second, second, first]);
    await giveKeys(lab, 'n3', [second, `heartbeat-key=${half}`]);
    const forged = forgedHeartbeat('n2', { key: heartbeatKey(Buffer.from(half, 'base64')) });
    await lab.prober.send(heartbeatFrame(forged, macOn('public', 170)));
    await delay(READ_MS);
    await killPart(lab, 'n1', 'wire.mjs');
    await delay(READ_MS);
    const told = await everythingTold(lab);
    assert.ok(told.length > 20, `${told.length} places`);
    assert.ok(
      told.some(({ text }) => text.includes("can't use the heartbeat keys")),
      'logs are there',
    );
    const keys = [first, second, half];
    const leaks = told.filter(({ text, name }) => keys.some((key) => holds(text + name, key)));
    assert.equal(
      leaks.map(({ name }) => name),
      [],
      'a key is told here',
    );
    for (const node of lab.nodes) await giveKeys(lab, node, [first]);
    for (const node of lab.nodes) await ready(lab, node);
    return undefined;
  }),
];

interface Told {
  readonly name: string;
  /** One character a byte. */
  readonly text: string;
}

/** Files, command lines, environments and pages of all programs. */
async function everythingTold(lab: Lab): Promise<Told[]> {
  const keyFiles = lab.nodes.map((node) => keyFileOf(lab.directory, node));
  const files = filesBelow(lab.directory)
    .filter((name) => !keyFiles.includes(name))
    .map((name) => ({ name, text: bytesOf(name) }));
  const processes = lab
    .programs()
    .flatMap((program) => program.pids())
    .flatMap((pid) => ['cmdline', 'environ'].map((part) => `/proc/${pid}/${part}`))
    .map((name) => ({ name, text: bytesOf(name) }));
  const pages: Told[] = [];
  for (const node of lab.nodes) {
    for (const page of PAGES) {
      const { body } = await fetchPage(lab.namespace(node), `http://127.0.0.1:${page}`);
      pages.push({ name: `${node} ${page}`, text: body });
    }
  }
  return [...files, ...processes, ...pages];
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((name) => statSync(name, { throwIfNoEntry: false })?.isFile());
}

function bytesOf(name: string): string {
  try {
    return readFileSync(name, 'latin1');
  } catch {
    return ''; // gone meanwhile
  }
}

/** In any form in which a program would write it, or a part of it. */
function holds(text: string, key: string): boolean {
  const bytes = Buffer.from(key, 'base64');
  const forms = [
    bytes.toString('latin1'),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    key,
    bytes.toString('base64url'),
    JSON.stringify([...bytes]).slice(1, -1),
  ];
  return forms.some((form) => text.includes(form.slice(0, TELLING)));
}
