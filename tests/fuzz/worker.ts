import { parentPort, workerData } from 'node:worker_threads';
import { readCorpus } from './corpus.ts';
import { Coverage } from './coverage.ts';
import { Fuzzer } from './fuzzer.ts';
import { targetNamed } from './targets.ts';

/** What a thread gets: which target to play, and where to leave the input that it plays. */
export interface WorkerTask {
  readonly target: string;
  readonly seed: number;
  readonly runs: number;
  /** Two numbers, how many inputs were begun and how long the last is; then that input. */
  readonly shared: SharedArrayBuffer;
}

const { target: name, seed, runs, shared }: WorkerTask = workerData;
const counters = new Uint32Array(shared, 0, 2);
const current = new Uint8Array(shared, counters.byteLength);
const target = targetNamed(name);
/** All of the bundle but what only this file needs: what plays inputs is not what they are for. */
const isUnderTest = (url: string) =>
  url.includes('/.cache/bundle-') && !url.endsWith('/fuzz/worker.mjs');
const coverage = new Coverage(isUnderTest);
const fuzzer = new Fuzzer({
  ...{ target, seed, runs, coverage },
  corpus: readCorpus(target).map(({ input }) => input),
  onInput: (input) => {
    current.set(input);
    counters[1] = input.length;
    Atomics.add(counters, 0, 1);
  },
});
// Most inputs are refused by an error, and collecting where it comes from takes longer than all else.
Error.stackTraceLimit = 0;
parentPort?.postMessage(fuzzer.run());
coverage.stop();
