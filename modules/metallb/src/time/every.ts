import type { Clock } from './clock.ts';

/** Runs it now and, for ever, again a period after each time. */
export function every(clock: Clock, periodMs: number, run: () => void): void {
  run();
  clock.after(periodMs, () => every(clock, periodMs, run));
}
