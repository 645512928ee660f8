import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EventLoopDelay } from '../../modules/metallb/src/telemetry/event-loop-delay.ts';
import { FakeClock } from '../support/fake-clock.ts';

const WINDOW_MS = 60_000;
const BUSY_MS = 120;
const SEEN_SECONDS = 0.05;

function longest(delay: EventLoopDelay): number {
  return delay.figures().find(({ percentile }) => percentile === '100')?.seconds ?? 0;
}

/** Keeps the loop from running, then lets it run until that was measured. */
async function keepBusy(delay: EventLoopDelay): Promise<void> {
  // A timer must have come once before another one can be late.
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  for (let seen = false; !seen; seen = longest(delay) > SEEN_SECONDS) {
    const until = performance.now() + BUSY_MS;
    while (performance.now() < until);
    await turn();
  }
}

test('a delay is seen for a minute at least, by everybody who looks, and then forgotten', async () => {
  const clock = new FakeClock();
  const delay = new EventLoopDelay(clock);
  await keepBusy(delay);
  for (let look = 0; look < 3; look += 1) assert.ok(longest(delay) > SEEN_SECONDS);
  clock.advance(WINDOW_MS);
  assert.ok(longest(delay) > SEEN_SECONDS, 'who looks after a minute sees that minute');
  clock.advance(WINDOW_MS - 1);
  assert.ok(longest(delay) > SEEN_SECONDS);
  clock.advance(1);
  assert.ok(longest(delay) <= SEEN_SECONDS);
  delay.stop();
});

test('nothing measured is no delay', () => {
  const delay = new EventLoopDelay(new FakeClock());
  const seconds = delay.figures().map((figure) => figure.seconds);
  assert.equal(seconds, [0, 0, 0]);
  delay.stop();
});

test.run();
