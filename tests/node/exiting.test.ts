import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isExiting } from '../../modules/metallb/src/node/exiting.ts';

test('a process that runs is not exiting', () => {
  assert.not(isExiting(process.pid));
});

test('one that has ended and that nobody has waited for is', async () => {
  const parent = spawn('sh', ['-c', 'true & exec sleep 60']);
  try {
    const children = `/proc/${parent.pid}/task/${parent.pid}/children`;
    let child = 0;
    while (child === 0 || !readFileSync(`/proc/${child}/stat`, 'utf8').includes(') Z ')) {
      await new Promise((resolve) => setImmediate(resolve));
      child = Number(readFileSync(children, 'utf8').trim());
    }
    assert.ok(isExiting(child));
  } finally {
    parent.kill('SIGKILL');
  }
});

test('of one that cannot be looked at, nothing is said', () => {
  assert.not(isExiting(0x7fff_fff0));
});

test.run();
