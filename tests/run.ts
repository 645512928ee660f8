/**
 * Runs every unit test, spread over one process for each core, and ends with the line `N passed, N failed`. An argument
 * limits the run to files whose path matches it. No test, a test that hangs, and a file that can't be loaded are
 * failures.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

interface Outcome {
  readonly passed: number;
  readonly failed: number;
}

/** A file prints a dot for each test: a longer silence is a hang. */
const SILENCE_LIMIT_MS = 60_000;

const root = fileURLToPath(new URL('..', import.meta.url));
const [pattern = ''] = process.argv.slice(2);
const files = readdirSync(`${root}/tests`, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .filter((file) => new RegExp(pattern).test(file))
  .sort();

const outcomes = await Promise.all(shares(files, availableParallelism()).map(runFiles));
const sum = (count: keyof Outcome) => outcomes.reduce((total, each) => total + each[count], 0);
const failed = sum('failed') + (files.length === 0 ? 1 : 0);
process.stdout.write(`${sum('passed')} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;

/** Dealt like cards, as what takes long often lies in one folder. */
function shares(all: readonly string[], count: number): string[][] {
  return Array.from({ length: count }, (_, share) =>
    all.filter((_, index) => index % count === share),
  ).filter((share) => share.length > 0);
}

/** Runs them one after the other in one process, whose output appears when it has ended. */
function runFiles(share: readonly string[]): Promise<Outcome> {
  const exactly = share.map((file) => file.replaceAll('.', '\\.')).join('|');
  const uvu = spawn(
    process.execPath,
    [
      ...['--import', 'tsx', 'node_modules/uvu/bin.js'],
      ...['--no-color', 'tests', `^(?:${exactly})$`],
    ],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  const hear = (text: string) => {
    output += text;
    silence.refresh();
  };
  const silence = setTimeout(() => {
    const lastFile = output.match(/^\S+\.test\.ts$/gm)?.at(-1) ?? 'the first file';
    output += `\nno sign of life for ${SILENCE_LIMIT_MS} ms in ${lastFile}\n`;
    uvu.kill('SIGKILL');
  }, SILENCE_LIMIT_MS);
  uvu.stdout.setEncoding('utf8').on('data', hear);
  uvu.stderr.setEncoding('utf8').on('data', hear);
  return new Promise((resolve) => {
    uvu.once('close', (code) => {
      clearTimeout(silence);
      process.stdout.write(output);
      resolve(outcome(output, code === 0));
    });
  });
}

function outcome(output: string, wasFine: boolean): Outcome {
  const total = counted(output, 'Total');
  const passed = counted(output, 'Passed');
  // A file that can't be loaded, or a run that breaks off, counts nothing at all.
  const broken = !wasFine || total === 0;
  return { passed, failed: Math.max(total - passed, broken ? 1 : 0) };
}

function counted(output: string, word: string): number {
  return Number(new RegExp(`^ +${word}: +(\\d+)`, 'm').exec(output)?.[1] ?? 0);
}
