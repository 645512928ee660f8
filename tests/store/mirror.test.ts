import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Parsed } from '../../modules/metallb/src/api/problem.ts';
import { MemoryStore } from '../../modules/metallb/src/store/memory-store.ts';
import { Mirror } from '../../modules/metallb/src/store/mirror.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { serviceObject, serviceRef } from '../support/objects.ts';

interface Heard {
  readonly keys: string[][];
  readonly problems: string[];
  parsed: number;
}

/** Objects with `spec.bad` can't be understood; the others parse to `spec.port`. */
function parsePort(object: unknown): Parsed<number> {
  const { spec } = object as { spec: { bad?: boolean; port: number } };
  if (spec.bad !== true) return { ok: true, value: spec.port };
  const problem = { object: 'Service', field: 'spec.bad', value: true, expected: 'no bad' };
  return { ok: false, problems: [problem] };
}

async function setUp(): Promise<{ store: MemoryStore; mirror: Mirror<number>; heard: Heard }> {
  const store = new MemoryStore(new FakeClock());
  await store.start();
  const heard: Heard = { keys: [], problems: [], parsed: 0 };
  const mirror = new Mirror(store, {
    kind: 'Service',
    parse: (object) => {
      heard.parsed += 1;
      return parsePort(object);
    },
    onChange: (keys) => heard.keys.push([...keys].sort()),
    onProblem: (problems) => heard.problems.push(...problems.map(({ field }) => field)),
  });
  return { store, mirror, heard };
}

/** Events are told in microtasks. */
const told = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('it is synced after the first list, also of nothing', async () => {
  const { mirror, heard } = await setUp();
  mirror.start();
  assert.is(mirror.synced, false);
  await told();
  assert.is(mirror.synced, true);
  assert.equal(heard.keys, [[]]);
});

test('changes and deletions are told by key', async () => {
  const { store, mirror, heard } = await setUp();
  store.put(serviceObject('a', { port: 1 }));
  mirror.start();
  await told();
  store.put(serviceObject('a', { port: 2 }));
  store.put(serviceObject('b', { port: 3 }));
  store.remove(serviceRef('a'));
  await told();
  assert.equal(heard.keys, [['default/a'], ['default/a'], ['default/b'], ['default/a']]);
  assert.is(mirror.get('default/a'), undefined);
  assert.equal([...mirror.values()], [3]);
  assert.is(mirror.revision, 4);
});

test('the last good version stays in force, and the problem is told', async () => {
  const { store, mirror, heard } = await setUp();
  mirror.start();
  store.put(serviceObject('a', { port: 1 }));
  const bad = store.put(serviceObject('a', { bad: true }));
  await told();
  assert.is(mirror.get('default/a'), 1);
  assert.equal(mirror.object('default/a'), bad);
  assert.equal(heard.problems, ['spec.bad']);
});

test('the last good version of a deleted object is not that of its successor', async () => {
  const { store, mirror } = await setUp();
  mirror.start();
  store.put(serviceObject('a', { port: 1 }));
  await told();
  store.lose();
  store.remove(serviceRef('a'));
  store.put(serviceObject('a', { bad: true }));
  store.recover();
  await told();
  assert.is(mirror.get('default/a'), undefined);
});

test('a relist tells and parses only what differs', async () => {
  const { store, mirror, heard } = await setUp();
  for (const name of ['a', 'b', 'c']) store.put(serviceObject(name, { port: 1 }));
  mirror.start();
  await told();
  store.lose();
  store.put(serviceObject('a', { port: 2 }));
  store.remove(serviceRef('b'));
  store.recover();
  await told();
  assert.equal(heard.keys, [
    ['default/a', 'default/b', 'default/c'],
    ['default/a', 'default/b'],
  ]);
  assert.is(heard.parsed, 4);
});

test('a lost store changes nothing', async () => {
  const { store, mirror, heard } = await setUp();
  store.put(serviceObject('a', { port: 1 }));
  mirror.start();
  await told();
  store.lose();
  await told();
  assert.is(mirror.get('default/a'), 1);
  assert.is(heard.keys.length, 1);
});

test('nothing is told after stop', async () => {
  const { store, mirror, heard } = await setUp();
  mirror.start();
  await told();
  mirror.stop();
  store.put(serviceObject('a', { port: 1 }));
  await told();
  assert.equal(heard.keys, [[]]);
});

test.run();
