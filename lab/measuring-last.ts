import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/**
 * Of runs side by side, none measures before each has played all that is not timed. Who waits to have the machine alone
 * keeps all others from going on, for as long as the longest scenario that is under way takes.
 */
const TURN = 'all that is not timed has been played';

/** Waits until only measurements are left, here and in the runs beside this one; a run by itself waits for nobody. */
export async function untilMeasuringIsLeft(): Promise<void> {
  if (process.send === undefined) return;
  const mayMeasure = once(process, 'message');
  process.send(TURN);
  await mayMeasure;
  process.disconnect();
}

/** Lets runs that have an IPC channel measure when each has said that it could, or has ended. */
export async function letMeasureLast(runs: readonly ChildProcess[]): Promise<void> {
  await Promise.all(runs.map((run) => Promise.race([once(run, 'message'), once(run, 'close')])));
  // One that ends meanwhile hears it no more.
  for (const run of runs) if (run.connected) run.send(TURN, () => undefined);
}
