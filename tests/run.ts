/**
 * Runs every unit test, in one process for each core, shows what failed, and ends with the line `N passed, N failed`. An
 * argument limits the run to files whose path matches it, `--short` leaves out what takes long. No test, a test that hangs,
 * and a file that can't be loaded are failures.
 */
import { fork } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bundle } from './support/bundle.ts';

interface Outcome {
  readonly passed: number;
  readonly failed: number;
}

/**
 * A file prints a dot for each test: a longer silence is a hang. The longest test works for some seconds, of which a
 * machine that others use may make a minute.
 */
const SILENCE_LIMIT_MS = 180_000;
const WORKER = 'tests/support/test-worker.ts';
/** Simulations make much that is soon garbage: in Node's 16 MiB for it a tenth of the CPU time goes to its collection. */
const WORKER_FLAGS = ['--enable-source-maps', '--max-semi-space-size=32'];

const root = fileURLToPath(new URL('..', import.meta.url));
const { values, positionals } = parseArgs({
  options: { short: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [pattern = ''] = positionals;
const files = readdirSync(`${root}tests`, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts') && !(values.short && file.endsWith('.long.test.ts')))
  .filter((file) => new RegExp(pattern).test(file))
  .map((file) => `tests/${file}`);

const TIMES = `${root}.cache/unit-test-times.json`;
/** Milliseconds that each file took when it last ran. */
const times = new Map<string, number>(timesOfLastRun());
const queue = longestFirst();

const compiled = await bundle([WORKER, ...files]);

const outcomes = await Promise.all(Array.from({ length: availableParallelism() }, work));
const sum = (count: keyof Outcome) => outcomes.flat().reduce((all, each) => all + each[count], 0);
const failed = sum('failed') + (files.length === 0 ? 1 : 0);
writeFileSync(TIMES, JSON.stringify([...times], undefined, 1));
process.stdout.write(`${sum('passed')} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;

function timesOfLastRun(): [string, number][] {
  try {
    return JSON.parse(readFileSync(TIMES, 'utf8'));
  } catch {
    return [];
  }
}

/** So that no process is left alone with a long one at the end. Of a new file only its size is known: it may be long. */
function longestFirst(): string[] {
  const keys = new Map(
    files.map((file) => [file, times.get(file) ?? 1e6 + statSync(`${root}${file}`).size]),
  );
  return files.toSorted((a, b) => (keys.get(b) ?? 0) - (keys.get(a) ?? 0));
}

/** A file that breaks its process takes none of the others with it. */
async function work(): Promise<Outcome[]> {
  const all: Outcome[] = [];
  while (queue.length > 0) all.push(await runProcess());
  return all;
}

/** Takes files from the queue as long as there are any. What the process says appears when it has ended. */
function runProcess(): Promise<Outcome> {
  const worker = fork(compiled(WORKER), {
    cwd: root,
    execArgv: WORKER_FLAGS,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const dealt: string[] = [];
  let dealtAt = 0;
  const deal = () => {
    const name = queue.shift();
    if (name === undefined) return void worker.send('end');
    dealt.push(name);
    dealtAt = performance.now();
    worker.send({ name, file: compiled(name) });
  };
  worker.on('message', (name: string) => {
    times.set(name, Math.round(performance.now() - dealtAt));
    deal();
  });
  let output = '';
  const hear = (text: string) => {
    output += text;
    silence.refresh();
  };
  const silence = setTimeout(() => {
    output += `\nno sign of life for ${SILENCE_LIMIT_MS} ms in ${dealt.at(-1)}\n`;
    worker.kill('SIGKILL');
  }, SILENCE_LIMIT_MS);
  worker.stdout?.setEncoding('utf8').on('data', hear);
  worker.stderr?.setEncoding('utf8').on('data', hear);
  deal();
  return new Promise((resolve) => {
    worker.once('close', (code) => {
      clearTimeout(silence);
      process.stdout.write(failures(output));
      resolve(outcome(output, dealt.length, code === 0));
    });
  });
}

/** What somebody has to read: of each file that did not end, or not well. */
function failures(output: string): string {
  const files = output.split(/^(?=tests\/\S+\.test\.ts$)/m);
  const isFine = (text: string) =>
    /\n +Total: +(\d+)\n +Passed: +\1\n.*\n +Duration: .*\s*$/.test(text);
  return files.filter((text) => !isFine(text)).join('');
}

/** @param dealt how many files: one that can't be loaded or has no test, and a run that breaks off, count nothing at all */
function outcome(output: string, dealt: number, wasFine: boolean): Outcome {
  const counts = [...output.matchAll(/^ +Total: +(\d+)\n +Passed: +(\d+)/gm)]
    .map(([, total, passed]) => ({ total: Number(total), passed: Number(passed) }))
    .filter(({ total }) => total > 0);
  const passed = counts.reduce((sum, each) => sum + each.passed, 0);
  const missed = counts.reduce((sum, each) => sum + each.total - each.passed, 0);
  const failed = missed + dealt - counts.length;
  return { passed, failed: failed === 0 && !wasFine ? 1 : failed };
}
