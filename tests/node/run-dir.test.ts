import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { claimRunDir } from '../../modules/metallb/src/node/run-dir.ts';

const test = suite('run directory', { directory: '' });
test.before.each((context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'run-dir-'));
});
test.after.each(({ directory }) => rmSync(directory, { recursive: true }));

test('is made with all above it, and stays with the process that took it', ({ directory }) => {
  const path = join(directory, 'a/b');
  assert.is(claimRunDir(path), undefined);
  assert.is(claimRunDir(path), undefined);
  assert.equal(readdirSync(path), ['node.pid']);
});

test('is refused while another process that lives has it, and free when that is gone', async ({
  directory,
}) => {
  const other = spawn('sleep', ['60']);
  await once(other, 'spawn');
  assert.is(claimRunDir(directory, other.pid), undefined);
  const refusal = `another node program (pid ${other.pid}) works in ${directory}`;
  assert.match(claimRunDir(directory) ?? '', refusal);
  other.kill('SIGKILL');
  await once(other, 'exit');
  assert.is(claimRunDir(directory), undefined);
});

test('what a later process with the same pid finds is not its own', ({ directory }) => {
  claimRunDir(directory);
  const file = join(directory, 'node.pid');
  const [pid, startTime] = readFileSync(file, 'utf8').trim().split(' ');
  writeFileSync(file, `1 ${startTime}\n`);
  assert.is(claimRunDir(directory), undefined);
  assert.match(readFileSync(file, 'utf8'), new RegExp(`^${pid} `));
});

for (const broken of ['', 'nonsense', '1', '-1 5', '99999999 1']) {
  test(`a file that says ${JSON.stringify(broken)} keeps nobody out`, ({ directory }) => {
    writeFileSync(join(directory, 'node.pid'), broken);
    assert.is(claimRunDir(directory), undefined);
  });
}

test('one that can not be made or written is told in words', ({ directory }) => {
  const file = join(directory, 'file');
  writeFileSync(file, '');
  assert.match(claimRunDir(join(file, 'below')) ?? '', `can't work in ${file}/below: ENOTDIR`);
  assert.match(claimRunDir('/proc/self') ?? '', "can't work in /proc/self: ");
});

test.run();
