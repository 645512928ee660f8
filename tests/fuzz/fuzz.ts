/**
 * Gives every decoder inputs that nobody would send, and says for each how many and what came of it. `--target` plays one,
 * `--runs` inputs of each, `--seed` those of an earlier run again, `--input` a single one from a file;
 * `--keep` adds to the corpus what reaches code that nothing in it reaches.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { bundle } from '../support/bundle.ts';
import { hexOf, keepInput, readCorpus, readInput } from './corpus.ts';
import { type Finding, judge, type Outcome } from './fuzzer.ts';
import type { Target } from './target.ts';
import { TARGETS, targetNamed } from './targets.ts';
import type { WorkerTask } from './worker.ts';

const RUNS = 1_000_000;
const WORKER = 'tests/fuzz/worker.ts';
/** A file of its own, so that coverage can tell it from the worker's. */
const TARGETS_FILE = 'tests/fuzz/targets.ts';
/** A thread that begins no input for so long will never begin one. */
const STUCK_MS = 10_000;
const MAX_HEAP_MB = 1_024;
const MAX_SHOWN = 256;
const COLUMNS = [18, 10, 10, 7, 6, 8, 6];

const { values } = parseArgs({
  options: {
    target: { type: 'string' },
    runs: { type: 'string', default: String(RUNS) },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
    input: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});

const targets = values.target === undefined ? TARGETS : [targetNamed(values.target)];
const failed =
  values.input === undefined
    ? await fuzzAll(Number(values.runs), Number(values.seed))
    : playOne(targets, values.input);
process.exitCode = failed ? 1 : 0;

function playOne([target]: readonly Target[], path: string): boolean {
  const finding = target && judge(target, readInput(target, path));
  say(finding === undefined ? 'nothing is wrong with it' : `${finding.kind}: ${finding.message}`);
  return finding !== undefined;
}

/** @returns whether anything was found */
async function fuzzAll(runs: number, seed: number): Promise<boolean> {
  const compiled = await bundle([WORKER, TARGETS_FILE]);
  say(`seed ${seed}`);
  say(row('target', 'inputs', 'inputs/s', 'corpus', 'kept', 'crashes', 'hangs'));
  const queue = [...targets];
  let failed = false;
  const work = async (): Promise<void> => {
    for (let target = queue.shift(); target !== undefined; target = queue.shift()) {
      const startedAt = performance.now();
      const inputs = Math.round(runs * target.share);
      const outcome = await fuzzOne(compiled(WORKER), { target, seed, runs: inputs });
      report(target, outcome, (performance.now() - startedAt) / 1_000);
      failed ||= outcome.findings.length > 0;
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return failed;
}

/** In a thread of its own, which can be ended whatever it is doing. */
function fuzzOne(
  file: string,
  { target, seed, runs }: { target: Target; seed: number; runs: number },
): Promise<Outcome> {
  const given = [...target.seeds, ...readCorpus(target).map(({ input }) => input)];
  const longest = Math.max(target.longest, ...given.map(({ length }) => length));
  const shared = new SharedArrayBuffer(8 + longest);
  const counters = new Uint32Array(shared, 0, 2);
  const task: WorkerTask = { target: target.name, seed, runs, shared };
  const worker = new Worker(file, {
    workerData: task,
    // It is compiled: what compiles while it loads would only look at every error.
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
  });
  return new Promise((resolve) => {
    const end = (outcome: Outcome) => {
      clearInterval(watch);
      void worker.terminate().then(() => resolve(outcome));
    };
    const endWith = (kind: Finding['kind'], message: string) => {
      const [inputs = 0, length = 0] = counters;
      const input = Uint8Array.from(new Uint8Array(shared, 8, length));
      end({ inputs, kept: [], findings: [{ kind, input, message }] });
    };
    let before = 0;
    const watch = setInterval(() => {
      const [now = 0] = counters;
      if (now > 0 && now === before) endWith('hang', `nothing came of it for ${STUCK_MS} ms`);
      before = now;
    }, STUCK_MS);
    worker.once('message', end);
    worker.once('error', (error) => endWith('crash', error.stack ?? error.message));
  });
}

function report(target: Target, { inputs, kept, findings }: Outcome, seconds: number): void {
  const count = (wanted: Finding['kind']) => findings.filter(({ kind }) => kind === wanted).length;
  const corpus = target.seeds.length + readCorpus(target).length;
  const perSecond = Math.round(inputs / seconds);
  say(row(target.name, inputs, perSecond, corpus, kept.length, count('crash'), count('hang')));
  if (values.keep) for (const input of kept) keepInput(target, 'reaches', input);
  for (const { kind, input, message } of findings) {
    const path = keepInput(target, kind, input);
    const hex = hexOf(input.subarray(0, MAX_SHOWN)).replaceAll('\n', '');
    say(`  ${kind}: ${message}\n  ${input.length} bytes: ${hex}`);
    say(`  again: make fuzz TARGET=${target.name} INPUT=${path}`);
  }
}

function row(...cells: readonly (string | number)[]): string {
  const [name = '', ...numbers] = cells.map((cell) => cell.toLocaleString('en'));
  const [first = 0, ...rest] = COLUMNS;
  return name.padEnd(first) + numbers.map((cell, at) => cell.padStart(rest[at] ?? 0)).join(' ');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
