import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { pipesAlone } from '../../modules/metallb/src/linux/pipes-alone.ts';

test('a child has three pipes, and nothing wherever this process has something', async () => {
  const child = spawn('sh', ['-c', 'ls -l /proc/self/fd'], { stdio: pipesAlone() });
  let listed = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    listed += text;
  });
  await once(child, 'close');
  const targets = [...listed.matchAll(/ (\d+) -> (\S+)/g)].map(([, fd, target]) => [fd, target]);
  const pipes = targets.filter(([fd]) => Number(fd) < 3);
  assert.is(pipes.length, 3);
  const others = targets.filter(([fd, target]) => Number(fd) >= 3 && !target?.startsWith('/proc/'));
  assert.ok(others.length > 0);
  for (const [fd, target] of others) assert.is(target, '/dev/null', `descriptor ${fd}`);
});

test.run();
