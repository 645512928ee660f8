import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isSameInstallation } from '../../modules/metallb/src/speaker/installation.ts';
import {
  UnusableStateError,
  type WritableState,
  withoutStore,
} from '../../modules/metallb/src/speaker/last-known-good.ts';
import {
  readLastKnownGood,
  recallLastKnownGood,
  writeLastKnownGood,
} from '../../modules/metallb/src/speaker/state-file.ts';
import { createLogger } from '../../modules/metallb/src/telemetry/logger.ts';
import { dutyOf, dutyTable, plain } from '../support/duty-arbitraries.ts';

const test = suite<{ directory: string; path: string }>('last-known-good', {
  directory: '',
  path: '',
});
test.before.each((context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'last-known-good-'));
  context.path = join(context.directory, 'last-known-good.json');
});
test.after.each(({ directory }) => rmSync(directory, { recursive: true }));

function warningsTo(lines: string[]) {
  return createLogger({
    program: 'speaker',
    level: 'warn',
    destination: { write: (line: string) => lines.push(line) },
  });
}

const installation = { clusterId: 'c', keyIds: ['aaaaaaaa'] };
const OWN = { node: 'n1', installation };

function stateOf(table: WritableState['table']): WritableState {
  return {
    ...OWN,
    ...{ bootId: 'boot', writtenEpochMs: 1_700_000_000_000, objects: [], table },
    bgp: undefined,
  };
}

test('what was written is read again', async ({ path, directory }) => {
  await fc.assert(
    fc.asyncProperty(dutyTable, async (table) => {
      await writeLastKnownGood(path, stateOf(table));
      const read = await readLastKnownGood(path);
      assert.is(read?.node, 'n1');
      assert.equal(read?.installation, installation);
      assert.is(read?.bootId, 'boot');
      assert.is(read?.writtenEpochMs, 1_700_000_000_000);
      // What kube-proxy has done is known anew at each start.
      assert.equal(
        read && plain(read.table),
        plain({ ...table, dataplaneFailed: false, reachability: {} }),
      );
    }),
    { numRuns: 30 },
  );
  assert.equal(readdirSync(directory), ['last-known-good.json']);
});

test('no file is no state', async ({ path }) => {
  assert.is(await readLastKnownGood(path), undefined);
});

const NO_GATES = { dataplaneFailed: false, reachability: {} };

const whole = {
  ...stateOf(emptyState()),
  format: 4,
  table: { ...emptyState(), duties: [], groups: [] },
};
const corrupted: [string, string][] = [
  ['an empty file', ''],
  ['half a file', JSON.stringify(whole).slice(0, 80)],
  ['a file of another format', JSON.stringify({ ...whole, format: 99 })],
  ['a file of no installation', JSON.stringify({ ...whole, installation: undefined })],
  ['a file without a table', JSON.stringify({ ...whole, table: undefined })],
  ['a duty without an IP', JSON.stringify({ ...whole, table: { ...whole.table, duties: [{}] } })],
];
for (const [name, content] of corrupted) {
  test(`${name} is refused in words`, async ({ path }) => {
    writeFileSync(path, content);
    const error: unknown = await readLastKnownGood(path).catch((reason: unknown) => reason);
    assert.instance(error, UnusableStateError);
    assert.match(error instanceof Error ? error.message : '', path);
  });

  test(`${name} is set aside, and the log says what is wrong and where it is`, async (context) => {
    const { path, directory } = context;
    writeFileSync(path, content);
    const log: string[] = [];
    assert.is(await recallLastKnownGood(path, OWN, warningsTo(log)), undefined);
    assert.equal(readdirSync(directory), ['last-known-good.json.unusable']);
    assert.is(readFileSync(`${path}.unusable`, 'utf8'), content);
    assert.match(log.join(''), `"setAsideAs":"${path}.unusable"`);
    assert.match(log.join(''), /last-known-good\.json: \w/);
  });
}

test("what another node wrote is not this one's", async ({ path }) => {
  await writeLastKnownGood(path, stateOf(emptyState()));
  const log: string[] = [];
  assert.is(await recallLastKnownGood(path, { ...OWN, node: 'n2' }, warningsTo(log)), undefined);
  assert.match(log.join(''), /"writtenBy":"n1"/);
  assert.is((await recallLastKnownGood(path, OWN, warningsTo(log)))?.node, 'n1');
});

test('what an earlier installation wrote is set aside, and the log says whose it was', async (context) => {
  const { path, directory } = context;
  await writeLastKnownGood(path, stateOf(emptyState()));
  const content = readFileSync(path, 'utf8');
  const log: string[] = [];
  const later = { ...OWN, installation: { clusterId: 'c', keyIds: ['bbbbbbbb'] } };
  assert.is(await recallLastKnownGood(path, later, warningsTo(log)), undefined);
  assert.equal(readdirSync(directory), ['last-known-good.json.unusable']);
  assert.is(readFileSync(`${path}.unusable`, 'utf8'), content);
  assert.is(log.length, 1);
  const { msg, writtenBy, now, setAsideAs } = JSON.parse(log[0] ?? '');
  assert.match(msg, 'another installation');
  assert.equal([writtenBy, now], [installation, later.installation]);
  assert.is(setAsideAs, `${path}.unusable`);
});

const KEYS = { old: ['a'], rotated: ['e', 'c', 'b', 'a'], again: ['f', 'e', 'c', 'b'] };
const INSTALLATIONS: [name: string, written: string[], held: string[], isSame: boolean][] = [
  ['a restart', KEYS.old, KEYS.old, true],
  ['a rotation', KEYS.old, ['b', 'a'], true],
  ['three rotations that it was off for', KEYS.old, KEYS.rotated, true],
  ['four, after which it shares no key with any node', KEYS.old, KEYS.again, false],
  ['a release that was rolled back', KEYS.again, KEYS.rotated, true],
  ['a new installation', KEYS.rotated, ['x'], false],
  ['a file of keys that can’t be read now', KEYS.old, [], true],
  ['one that could not be read then', [], KEYS.old, true],
];
for (const [name, written, held, isSame] of INSTALLATIONS) {
  test(`${name} is ${isSame ? 'the same' : 'another'} installation`, () => {
    const of = (keyIds: string[], clusterId = 'c') => ({ clusterId, keyIds });
    assert.is(isSameInstallation(of(written), of(held)), isSame);
    assert.not(isSameInstallation(of(written), of(held, 'another cluster')));
  });
}

test('a write that fails leaves the old file and nothing else', async ({ path, directory }) => {
  await writeLastKnownGood(path, stateOf(emptyState()));
  mkdirSync(`${path}.new`);
  const later = { ...stateOf(emptyState()), writtenEpochMs: 1_800_000_000_000 };
  const failed = await writeLastKnownGood(path, later).catch((reason: unknown) => reason);
  assert.instance(failed, Error);
  assert.is((await readLastKnownGood(path))?.writtenEpochMs, 1_700_000_000_000);
  rmSync(`${path}.new`, { recursive: true });
  await writeLastKnownGood(path, later);
  assert.equal(readdirSync(directory), ['last-known-good.json']);
});

test('without the store nobody counts as ready, and who was not ready stays so', () => {
  const member = (node: string, ready: 'ready' | 'not-ready') => ({ node, excluded: false, ready });
  const members = [member('n1', 'ready'), member('n2', 'not-ready')];
  const table = { ...emptyState(), groups: new Map([['g', { id: 'g', interfaces: [], members }]]) };
  const after = withoutStore(stateOf(table), 'boot')
    .groups.get('g')
    ?.members.map(({ ready }) => ready);
  assert.equal(after, ['unknown', 'not-ready']);
});

test('after another boot every IP is asked for before it is answered, also a forced one', () => {
  const duty = dutyOf('192.0.2.10', { probing: 'none', forced: true });
  const table = { ...emptyState(), duties: new Map([[duty.ip, duty]]) };
  const dutiesOf = (bootId: string) => [...withoutStore(stateOf(table), bootId).duties.values()];
  assert.equal(dutiesOf('boot'), [duty]);
  assert.equal(dutiesOf('another'), [{ ...duty, probing: 'full', forced: false }]);
});

function emptyState() {
  const settings = { pools: [], draining: false, revision: 0, ...NO_GATES };
  return { duties: new Map(), groups: new Map(), ...settings };
}

test.run();
