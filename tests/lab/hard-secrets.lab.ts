import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { delay } from '../../lab/exec.ts';
import { killPart } from '../../lab/faults.ts';
import { ready } from '../../lab/health.ts';
import { forgedHeartbeat, heartbeatFrame } from '../../lab/heartbeat-frames.ts';
import { giveKeys, keyFileOf, keysOf, newKey, signsWith } from '../../lab/heartbeat-keys.ts';
import { macOn } from '../../lab/plan.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';
import { heartbeatKey } from '../../modules/metallb/src/packet/heartbeat.ts';
import { everythingTold, holds } from './everything-told.ts';

const READ_MS = 2_500;

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
    const keyFiles = lab.nodes.map((node) => keyFileOf(lab.directory, node));
    const told = await everythingTold(lab, (file) => keyFiles.includes(file));
    assert.ok(told.length > 20, `${told.length} places`);
    assert.ok(
      told.some(({ text }) => text.includes("can't use the heartbeat keys")),
      'logs are there',
    );
    const keys = [first, second, half].map((key) => Buffer.from(key, 'base64'));
    const leaks = told.filter((one) => keys.some((key) => holds(one, key)));
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
