/**
 * Plays several test runs and ends with the line `N passed, N failed` over all of them: `suite.ts all|e2e [--only WORD]
 * [--short]`. `all` is the check, then the lab and what needs a real API server side by side: they wait most of the time.
 * What is timed comes last and has the machine to itself (lab/measuring-last.ts, lab/lock.ts), and what builds images and
 * asks API servers takes no time from nodes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { standBack } from '../lab/bystander.ts';
import { letMeasureLast } from '../lab/measuring-last.ts';

interface Run {
  readonly command: readonly string[];
  /** Says when only measuring is left, and waits with that. */
  readonly measuresLast?: boolean;
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

const check = { command: ['make', '--no-print-directory', 'check'] };
const lab = scenarios('tests/lab/run.ts');
const cluster = { ...scenarios('tests/cluster/run.ts'), isBystander: true };
const labOnCluster = scenarios('tests/lab/run.ts', '--store=kubernetes');

let isEnding = false;
let passed = 0;
let failed = 0;
const isAll = positionals[0] === 'all';
if (isAll) await play(begin(check));
if (!isEnding) {
  const begun = [...(isAll ? [lab] : []), cluster, labOnCluster].map(begin);
  await Promise.all([letMeasureLast(begun), ...begun.map(play)]);
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
if (isAll) writeFileSync('.cache/count', `${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

function scenarios(...runner: readonly string[]): Run {
  const command = [process.execPath, '--import', 'tsx', ...runner, ...SCENARIO_FLAGS];
  return { command, measuresLast: true };
}

function begin(run: Run): ChildProcess {
  const { command, measuresLast = false, isBystander = false } = run;
  const [file = '', ...args] = command;
  const begun = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'inherit', measuresLast ? 'ipc' : 'ignore'],
    // In a session of its own: only as such it can stand back.
    detached: isBystander,
  });
  if (isBystander) standBack(begun);
  return begun;
}

/** Shows what the run prints, what it prints at once in one piece, and adds its last count. */
async function play(run: ChildProcess): Promise<void> {
  const end = () => {
    isEnding = true;
    run.kill('SIGTERM');
  };
  process.on('SIGINT', end).on('SIGTERM', end);
  const ended = once(run, 'close');
  let count: RegExpMatchArray['groups'];
  let begun = '';
  for await (const text of run.stdout?.setEncoding('utf8') ?? []) {
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
