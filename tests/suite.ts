/**
 * Plays several test runs and ends with the line `N passed, N failed` over all of them: `suite.ts all|e2e [--only WORD]
 * [--short]`. `all` is the check, then the lab and what needs a real API server side by side: what is timed has the
 * machine to itself all the same (lab/lock.ts), and what builds images and asks API servers takes no time from nodes.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { standBack } from '../lab/bystander.ts';

interface Run {
  readonly command: readonly string[];
  /** Has no nodes whose time counts. */
  readonly isBystander?: boolean;
}

const { values, positionals } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    short: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});

const SCENARIO_FLAGS = [`--only=${values.only}`, ...(values.short ? ['--short'] : [])];
const COUNT = /^(?<passed>\d+) passed, (?<failed>\d+) failed$/;

const check = { command: ['make', '--no-print-directory', 'check', 'LONG=1'] };
const lab = scenarios('tests/lab/run.ts');
const cluster = { ...scenarios('tests/cluster/run.ts'), isBystander: true };
const labOnCluster = scenarios('tests/lab/run.ts', '--store=kubernetes');

let isEnding = false;
let passed = 0;
let failed = 0;
if (positionals[0] === 'all') await play(check);
if (!isEnding) {
  const inTurn = [cluster, labOnCluster];
  await Promise.all(positionals[0] === 'all' ? [play(lab), playEach(inTurn)] : [playEach(inTurn)]);
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
if (positionals[0] === 'all') writeFileSync('.cache/count', `${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

function scenarios(...runner: readonly string[]): Run {
  return { command: [process.execPath, '--import', 'tsx', ...runner, ...SCENARIO_FLAGS] };
}

async function playEach(runs: readonly Run[]): Promise<void> {
  for (const run of runs) if (!isEnding) await play(run);
}

/** Shows what the run prints, what it prints at once in one piece, and adds its last count. */
async function play({ command: [file = '', ...args], isBystander = false }: Run): Promise<void> {
  // In a session of its own: only as such it can stand back.
  const run = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'], detached: isBystander });
  if (isBystander) standBack(run);
  const end = () => {
    isEnding = true;
    run.kill('SIGTERM');
  };
  process.on('SIGINT', end).on('SIGTERM', end);
  const ended = once(run, 'close');
  let count: RegExpMatchArray['groups'];
  let begun = '';
  for await (const text of run.stdout.setEncoding('utf8')) {
    const lines = `${begun}${text}`.split('\n');
    begun = lines.pop() ?? '';
    for (const line of lines) count = COUNT.exec(line)?.groups ?? count;
    process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  }
  const [code] = await ended;
  process.off('SIGINT', end).off('SIGTERM', end);
  const [runPassed, runFailed] = [Number(count?.['passed'] ?? 0), Number(count?.['failed'] ?? 0)];
  // One that breaks off after its count has failed, too; one that has nothing of that WORD has not.
  const hasNothing = values.only !== '' && count !== undefined && runPassed === 0;
  passed += runPassed;
  failed += runFailed === 0 && code !== 0 && !hasNothing ? 1 : runFailed;
}
