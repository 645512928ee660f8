import { run } from 'uvu/run';

/**
 * A process that runs the compiled test files its parent sends it, one after the other, and says when it wants the next
 * one. A promise that nobody settles ends it in the middle of a file.
 */
let hasFailed = false;
let isRunning = false;

type Told = 'end' | { readonly name: string; readonly file: string };

process.on('message', async (told: Told) => {
  // A parent that disconnects never learns that this process has closed its output.
  if (told === 'end') return process.disconnect();
  isRunning = true;
  process.channel?.unref();
  // uvu runs all that was ever queued.
  Object.assign(globalThis, { UVU_QUEUE: [] });
  await run([told]);
  hasFailed ||= process.exitCode !== 0;
  process.channel?.ref();
  isRunning = false;
  process.send?.(told.name);
});

process.on('exit', () => {
  if (isRunning || hasFailed) process.exitCode = 1;
});
