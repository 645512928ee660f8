/**
 * Runs every unit test (all of tests/ but tests/lab) in one process and ends with the line `N passed, N failed`.
 * An argument limits the run to files whose path matches it. No test, or a test that hangs, is a failure.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A file prints a dot for each test: a longer silence is a hang. */
const SILENCE_LIMIT_MS = 60_000;

const root = fileURLToPath(new URL('..', import.meta.url));
const [pattern = ''] = process.argv.slice(2);
const uvu = spawn(
  process.execPath,
  [
    ...['--import', 'tsx', 'node_modules/uvu/bin.js'],
    ...['--no-color', 'tests', `${pattern}.*\\.test\\.ts$`, '--ignore', '^lab/'],
  ],
  { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
);

let output = '';
let silence = watchSilence();
uvu.stdout.setEncoding('utf8').on('data', (text: string) => {
  output += text;
  process.stdout.write(text);
  clearTimeout(silence);
  silence = watchSilence();
});
uvu.once('close', (code, signal) => {
  clearTimeout(silence);
  const total = counted('Total');
  const passed = counted('Passed');
  // A file that can't be loaded, or a run that breaks off, counts nothing at all.
  const broken = signal !== null || code !== 0 || total === 0;
  const failed = Math.max(total - passed, broken ? 1 : 0);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 ? 0 : 1;
});

function watchSilence(): NodeJS.Timeout {
  return setTimeout(() => {
    const lastFile = output.match(/^\S+\.test\.ts$/gm)?.at(-1) ?? 'the first file';
    process.stdout.write(`\nno sign of life for ${SILENCE_LIMIT_MS} ms in ${lastFile}\n`);
    uvu.kill('SIGKILL');
  }, SILENCE_LIMIT_MS);
}

function counted(word: string): number {
  return Number(new RegExp(`^ +${word}: +(\\d+)`, 'm').exec(output)?.[1] ?? 0);
}
