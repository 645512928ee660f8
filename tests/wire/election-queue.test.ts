import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type IpAddress, ipFromBigInt } from '../../modules/metallb/src/net/ip.ts';
import { ElectionQueue } from '../../modules/metallb/src/wire/election-queue.ts';
import { FakeClock } from '../support/fake-clock.ts';

const POOL = 0x0a00_0000n;
const addresses = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => ipFromBigInt('IPv4', POOL + BigInt(from + index)));

/** A queue whose elections take a millisecond each. */
function slowQueue() {
  const elected: IpAddress[] = [];
  const slices: number[] = [];
  const turns: (() => void)[] = [];
  const state = { open: true };
  let spentMs = 0;
  const queue = new ElectionQueue(
    {
      clock: Object.assign(new FakeClock(), { now: () => spentMs }),
      afterQueuedFrames: (run) => void turns.push(run),
    },
    () => {
      if (!state.open) return undefined;
      return (ip) => {
        spentMs += 1;
        elected.push(ip);
      };
    },
    () => slices.push(elected.length),
  );
  /** The event loop comes round once. */
  const turn = () => turns.shift()?.();
  return { queue, elected, slices, turns, turn, state };
}

test('a few are elected at once', () => {
  const { queue, elected, turns } = slowQueue();
  queue.add(addresses(5));
  assert.equal(elected, addresses(5));
  assert.ok(queue.isEmpty);
  assert.is(turns.length, 0);
});

test('many are elected 10 ms at a time, with a turn of the event loop in between', () => {
  const { queue, elected, slices, turns, turn } = slowQueue();
  queue.add(addresses(25));
  assert.is(elected.length, 10);
  assert.not.ok(queue.isEmpty);
  turn();
  assert.is(elected.length, 20);
  turn();
  assert.equal(elected, addresses(25));
  assert.equal(slices, [10, 20, 25]);
  assert.is(turns.length, 0);
});

test('who comes while others wait is elected in turn, and once', () => {
  const { queue, elected, turns, turn } = slowQueue();
  queue.add(addresses(15));
  queue.add(addresses(10, 10));
  assert.is(turns.length, 1);
  turn();
  assert.equal(elected, addresses(20));
});

test('an election that fell due again is held again', () => {
  const { queue, elected, turn } = slowQueue();
  queue.add(addresses(15));
  queue.add(addresses(1));
  turn();
  assert.equal(elected, [...addresses(15), ...addresses(1)]);
});

test('when there are no elections any more, those who wait are forgotten', () => {
  const { queue, elected, slices, turn, state } = slowQueue();
  queue.add(addresses(15));
  state.open = false;
  turn();
  assert.is(elected.length, 10);
  assert.ok(queue.isEmpty);
  state.open = true;
  queue.add(addresses(1, 100));
  assert.equal(elected.slice(10), addresses(1, 100));
  assert.equal(slices, [10, 11]);
});

test.run();
