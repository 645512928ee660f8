import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { StateKeeper } from '../../modules/metallb/src/speaker/state-keeper.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** Until nothing is left that follows from what happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test('a write that fails is tried again without another change, until it succeeds', async () => {
  const clock = new FakeClock();
  const outcomes = ['disk is full', 'disk is full', undefined];
  const failures: unknown[] = [];
  let writes = 0;
  const keeper = new StateKeeper({
    clock,
    write: async () => {
      const failure = outcomes[writes];
      writes += 1;
      if (failure !== undefined) throw new Error(failure);
    },
    onFailure: (error) => failures.push(error),
  });
  keeper.changed();
  for (let minute = 0; minute < 5; minute += 1) {
    clock.advance(60_000);
    await settled();
  }
  assert.equal([writes, failures.length], [3, 2]);
});

test('a keeper that has stopped tries nothing again', async () => {
  const clock = new FakeClock();
  let writes = 0;
  const keeper = new StateKeeper({
    clock,
    write: () => {
      writes += 1;
      return Promise.reject(new Error('disk is full'));
    },
    onFailure: () => undefined,
  });
  keeper.changed();
  await keeper.stop();
  clock.advance(600_000);
  await settled();
  assert.is(writes, 1);
});

test.run();
