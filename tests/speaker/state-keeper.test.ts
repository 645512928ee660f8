import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { StateKeeper } from '../../modules/metallb/src/speaker/state-keeper.ts';
import { formatTimestamp } from '../../modules/metallb/src/time/clock.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** Until nothing is left that follows from what happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test('a write that fails is told once, shown until it succeeds, and tried again without another change', async () => {
  const clock = new FakeClock();
  const outcomes = ['disk is full', 'disk is full', undefined];
  const failures: unknown[] = [];
  const shown: string[] = [];
  let writes = 0;
  const keeper: StateKeeper = new StateKeeper({
    clock,
    write: async () => {
      const failure = outcomes[writes];
      writes += 1;
      if (failure !== undefined) throw new Error(failure);
    },
    onFailure: (error) => failures.push(error),
    onConditions: () => shown.push(...keeper.conditions().map(({ status }) => status)),
  });
  keeper.changed();
  for (let round = 0; round < 5; round += 1) {
    clock.advance(10_000);
    await settled();
  }
  assert.equal([writes, failures.length], [3, 1]);
  assert.equal(shown, ['True', 'False']);
  assert.is(keeper.writtenEpochMs, clock.epochMs() - 20_000);
});

test('the condition says why, and how old what is on the disk is', async () => {
  const clock = new FakeClock();
  let failure: string | undefined;
  const keeper = new StateKeeper({
    clock,
    write: () => (failure === undefined ? Promise.resolve() : Promise.reject(new Error(failure))),
    onFailure: () => undefined,
    onConditions: () => undefined,
  });
  const write = async () => {
    keeper.changed();
    clock.advance(1_000);
    await settled();
    return keeper.conditions()[0]?.message ?? '';
  };
  failure = 'ENOSPC: no space left on device, write';
  assert.match(
    await write(),
    /^ENOSPC: no space left on device, write: .* before this speaker started$/,
  );
  failure = undefined;
  assert.is(await write(), '');
  const written = formatTimestamp(clock.epochMs());
  failure = 'EROFS: read-only file system';
  assert.match(await write(), new RegExp(`^EROFS: read-only file system: .* before ${written}$`));
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
    onConditions: () => undefined,
  });
  keeper.changed();
  await keeper.stop();
  clock.advance(600_000);
  await settled();
  assert.is(writes, 1);
});

test.run();
