import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { delay, until } from '../../lab/exec.ts';
import { killPart } from '../../lab/faults.ts';
import { answeredBy, answeredByNobody, assignedIps, ready, settled } from '../../lab/health.ts';
import { giveKeys, newKey } from '../../lab/heartbeat-keys.ts';
import type { Lab } from '../../lab/lab.ts';
import { nodeTells } from '../../lab/node-condition.ts';
import { emptyDisk, fillDisk, runDirectoryOf } from '../../lab/run-directory.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { deleteServices, freshServices, STANDARD_SERVICES } from '../../lab/standard.ts';
import { observe } from '../../lab/trial.ts';
import { serviceManifest } from '../../lab/workload.ts';

/** A write follows a change within a second. */
const WRITTEN_MS = 1_500;
const LOOK_MS = 2_000;
/** A node starts, waits for the API server, and goes by its file. */
const START_MS = 8_000;
const LOG_LINES = 200;
const ON_API_SERVER = { stores: ['kubernetes'] } as const;

/** One node each: whoever moves too often in a row gets its IPs back later. */
const BROKEN: readonly {
  readonly node: string;
  readonly breaks: (whole: string) => string;
  readonly words: RegExp;
}[] = [
  { node: 'n1', breaks: () => 'not what it was', words: /JSON/ },
  { node: 'n2', breaks: (whole) => whole.slice(0, whole.length / 2), words: /JSON/ },
  {
    node: 'n3',
    breaks: (whole) => whole.replace(/"format":\d+/, '"format":1'),
    words: /format: expected one of [\d, ]+, got 1/,
  },
];

/** What a node goes by when it starts without the API server: where it is kept, and what can be wrong with that. */
export const scenarios: readonly Scenario[] = [
  scenario(
    'hard/last-known-good-on-a-full-disk',
    { stores: ['manifests'], lab: { smallDisk: ['n1'] }, isLong: true },
    async (lab) => {
      const all = await freshServices(lab);
      await delay(WRITTEN_MS);
      await fillDisk(lab, 'n1');
      const observation = await observe(lab);
      await addService(lab, 'one-more');
      const told = await nodeTells(lab, 'n1', 'StateNotKept', { message: /no space left/ });
      assert.match(
        told,
        /a start without the API server would go by the state from before 2\d{3}-/,
      );
      const { outcomes } = await observation.end();
      for (const one of outcomes) assert.is(one.lost, 0, `${one.ip} lost ${one.lost}`);
      // A disk that is full keeps nobody from starting, and what was written before it was full is whole.
      await lab.cluster.cutOff();
      for (const part of ['speaker.mjs', 'wire.mjs'] as const) killPart(lab, 'n1', part);
      await ready(lab, 'n1');
      for (const { ip, preferredNode } of all) await answeredBy(lab, ip, preferredNode);
      await lab.cluster.reconnect();
      await settled(lab);
      await emptyDisk(lab, 'n1');
      await addService(lab, 'another');
      await nodeTells(lab, 'n1', 'StateNotKept', { status: 'False' });
      return undefined;
    },
  ),

  scenario('hard/last-known-good-that-can-not-be-read', {}, async (lab) => {
    await freshServices(lab);
    await delay(WRITTEN_MS);
    for (const { node, breaks, words } of BROKEN) {
      const file = stateFileOf(lab, node);
      const content = breaks(await readFile(file, 'utf8'));
      await lab.program(node).killTree();
      await writeFile(file, content);
      lab.program(node).start();
      await ready(lab, node);
      assert.is(await readFile(`${file}.unusable`, 'utf8'), content);
      const warning = lab
        .program(node)
        .lastLogLines(LOG_LINES)
        .findLast((line) => line.includes('last-known-good state is not usable'));
      assert.match(warning ?? '', words);
      assert.match(warning ?? '', `"setAsideAs":"${file}.unusable"`);
    }
    await settled(lab);
    return undefined;
  }),

  scenario('hard/restart-without-store', {}, async (lab) => {
    const all = await freshServices(lab);
    await delay(WRITTEN_MS);
    await lab.cluster.cutOff();
    const observation = await observe(lab);
    await lab.program('n1').stop();
    lab.program('n1').start();
    await ready(lab, 'n1');
    await delay(LOOK_MS);
    for (const { ip, preferredNode } of all) await answeredBy(lab, ip, preferredNode, LOOK_MS);
    for (const one of (await observation.end()).outcomes) {
      assert.is(one.lost, 0, `${one.ip} lost ${one.lost}`);
    }
    await lab.cluster.reconnect();
    await settled(lab);
    return undefined;
  }),

  scenario(
    'hard/restart-without-store-after-all-keys-were-replaced',
    { isLong: true },
    async (lab) => {
      const all = await freshServices(lab);
      await delay(WRITTEN_MS);
      const before = await stateOf(lab, 'n1');
      // At once, as after a key that is not to be trusted: nothing else changes that would have the file written.
      const key = newKey();
      for (const node of lab.nodes) await giveKeys(lab, node, [key]);
      await until({ what: 'the file is of the new key', deadlineMs: 5_000 }, async () => {
        return (await stateOf(lab, 'n1')) !== before;
      });
      await lab.cluster.cutOff();
      await lab.program('n1').stop();
      lab.program('n1').start();
      await ready(lab, 'n1');
      for (const { ip, preferredNode } of all) await answeredBy(lab, ip, preferredNode);
      await lab.cluster.reconnect();
      await settled(lab);
      return undefined;
    },
  ),

  // A program that finds no directory of manifests, and no state to go by, ends.
  scenario(
    'hard/start-without-store-after-another-installation',
    { ...ON_API_SERVER, isLong: true },
    async (lab) => {
      const all = await freshServices(lab);
      const former = all.filter(({ preferredNode }) => preferredNode === 'n1').map(({ ip }) => ip);
      assert.ok(former.length > 0);
      await delay(WRITTEN_MS);
      const content = await stateOf(lab, 'n1');
      await lab.program('n1').killTree();
      // What an uninstallation takes away, and what the next installation makes.
      await deleteServices(lab);
      const key = newKey();
      for (const node of lab.nodes) await giveKeys(lab, node, [key]);
      for (const ip of former) await answeredByNobody(lab, ip);
      await lab.cluster.cutOff();
      lab.program('n1').start();
      const endsAt = performance.now() + START_MS;
      while (performance.now() < endsAt) {
        for (const ip of former) assert.equal(await lab.prober.macsOf(ip), [], ip);
      }
      assert.is(await readFile(`${stateFileOf(lab, 'n1')}.unusable`, 'utf8'), content);
      const told = lab
        .program('n1')
        .lastLogLines(LOG_LINES)
        .filter((line) => line.includes('last-known-good state is of another installation'));
      assert.is(told.length, 1);
      await lab.cluster.reconnect();
      await ready(lab, 'n1');
      await freshServices(lab);
      return undefined;
    },
  ),
];

function stateFileOf(lab: Lab, node: string): string {
  return join(runDirectoryOf(lab.directory, node), 'last-known-good.json');
}

function stateOf(lab: Lab, node: string): Promise<string> {
  return readFile(stateFileOf(lab, node), 'utf8');
}

async function addService(lab: Lab, name: string): Promise<void> {
  await lab.cluster.apply(serviceManifest({ ...STANDARD_SERVICES[0], name, count: 1 }));
  await assignedIps(lab, name, 1);
}
