import { type StdioOptions, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bundleProgram } from '../support/bundle.ts';

const program = await bundleProgram('modules/metallb/src/cli/main.ts');

/** What a run of `mlb` leaves. */
interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

/** @param stdout where the answer goes; `gone`: to a pipe that nobody reads any more */
function mlb(args: readonly string[], stdout: number | 'pipe' | 'gone' = 'pipe'): Promise<Ended> {
  const stdio: StdioOptions = ['ignore', stdout === 'gone' ? 'pipe' : stdout, 'pipe'];
  const child = spawn(process.execPath, [program, ...args], {
    stdio,
    env: { PATH: process.env['PATH'] },
  });
  if (stdout === 'gone') child.stdout?.destroy();
  else child.stdout?.resume();
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stderr })));
}

test('exit codes: 0 for an answer, 64 for a wrong question, 1 for what can not be done', async () => {
  const [answer, question, failure] = await Promise.all([
    mlb(['--help']),
    mlb(['statsu']),
    mlb(['status', '--store', 'manifests:/does/not/exist']),
  ]);
  assert.equal(answer, { code: 0, stderr: '' });
  assert.equal(question, {
    code: 64,
    stderr: 'mlb: there is no verb statsu; did you mean status?\n',
  });
  assert.is(failure.code, 1);
  assert.match(failure.stderr, /^mlb: .*is not a directory[^\n]*\n$/);
});

test('a reader that leaves, as head does, is no failure', async () => {
  assert.equal(await mlb(['--help'], 'gone'), { code: 0, stderr: '' });
});

test('an answer that can not be written is a failure in one line', async () => {
  const full = openSync('/dev/full', 'w');
  const { code, stderr } = await mlb(['--help'], full);
  closeSync(full);
  assert.is(code, 1);
  assert.match(stderr, /^mlb: can't write the answer: ENOSPC[^\n]*\n$/);
});

test.run();
