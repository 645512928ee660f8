import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ConflictError, InvalidError } from '../../modules/metallb/src/store/errors.ts';
import { WorkQueue } from '../../modules/metallb/src/store/work-queue.ts';
import { FakeClock } from '../support/fake-clock.ts';

function setUp(work: (key: string, attempt: number) => Promise<void> | void = () => undefined) {
  const clock = new FakeClock();
  const worked: string[] = [];
  const failures: (number | undefined)[] = [];
  const queue = new WorkQueue({
    clock,
    random: () => 0,
    work: async (key) => {
      worked.push(key);
      await work(key, worked.length);
    },
    onFailure: (_key, _error, retryMs) => failures.push(retryMs),
  });
  return { clock, worked, failures, queue };
}

test('keys are worked in their order, each once however often it was added', async () => {
  const { queue, worked } = setUp();
  for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
  assert.equal(worked, []);
  await queue.idle();
  assert.equal(worked, ['a', 'b', 'c']);
});

test('what comes in together is added before any of it is worked, also after a pass', async () => {
  const { queue, worked } = setUp((_key, attempt) => {
    // As the lines of one chunk of a watch come: each in a microtask of its own.
    if (attempt === 1) void addOneByOne();
  });
  const addOneByOne = async () => {
    for (const key of ['a', 'b', 'a', 'b', 'a']) {
      queue.add(key);
      await Promise.resolve();
    }
  };
  await addOneByOne();
  await queue.idle();
  assert.equal(worked, ['a', 'b', 'a']);
});

test('a key added while it is in flight is worked once more, never twice at a time', async () => {
  let inFlight = 0;
  const { queue, worked } = setUp(async (_key, attempt) => {
    inFlight += 1;
    assert.is(inFlight, 1);
    if (attempt === 1) for (const _ of [1, 2, 3]) queue.add('a');
    await Promise.resolve();
    inFlight -= 1;
  });
  queue.add('a');
  await queue.idle();
  assert.equal(worked, ['a', 'a']);
});

test('conflicts are retried with growing delays, and others go on meanwhile', async () => {
  const { queue, worked, failures, clock } = setUp((key, attempt) => {
    if (key === 'a' && attempt < 4) throw new ConflictError('changed');
  });
  queue.add('a');
  queue.add('b');
  await queue.idle();
  assert.equal(worked, ['a', 'b']);
  clock.advance(20);
  await queue.idle();
  clock.advance(39);
  await queue.idle();
  assert.equal(worked, ['a', 'b', 'a']);
  clock.advance(1);
  await queue.idle();
  assert.equal(worked, ['a', 'b', 'a', 'a']);
  assert.equal(failures, [20, 40]);
  assert.is(queue.depth, 0);
});

test('success starts the delays anew', async () => {
  let failing = true;
  const { queue, failures, clock } = setUp(() => {
    if (failing) throw new ConflictError('changed');
  });
  queue.add('a');
  await queue.idle();
  failing = false;
  clock.advance(20);
  await queue.idle();
  failing = true;
  queue.add('a');
  await queue.idle();
  assert.equal(failures, [20, 20]);
});

test('what can not get better is told and not retried', async () => {
  const { queue, failures } = setUp(() => {
    throw new InvalidError('no');
  });
  queue.add('a');
  await queue.idle();
  assert.equal(failures, [undefined]);
  assert.is(queue.depth, 0);
});

test('a key that is added does not wait for its retry', async () => {
  const { queue, worked, clock } = setUp((_key, attempt) => {
    if (attempt === 1) throw new ConflictError('changed');
  });
  queue.add('a');
  await queue.idle();
  queue.add('a');
  await queue.idle();
  clock.advance(1_000);
  await queue.idle();
  assert.equal(worked, ['a', 'a']);
});

test('stop drops what waits and awaits what is in flight', async () => {
  let finish = (): void => undefined;
  const { queue, worked } = setUp(
    () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      }),
  );
  queue.add('a');
  queue.add('b');
  await new Promise((resolve) => setImmediate(resolve));
  const stopped = queue.stop();
  queue.add('c');
  finish();
  await stopped;
  assert.equal(worked, ['a']);
});

test.run();
