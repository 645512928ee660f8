import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bundleProgram } from '../support/bundle.ts';

// A real process, as its parent would start it.
const program = await bundleProgram('modules/metallb/src/speaker/main.ts');

const test = suite('speaker program', { directory: '' });
test.before((context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'speaker-program-'));
  mkdirSync(join(context.directory, 'manifests'));
  writeFileSync(join(context.directory, 'keys'), `${'A'.repeat(32)}\n`);
});
test.after(({ directory }) => rmSync(directory, { recursive: true }));

test('a metrics address that is taken is a setting to mend: a sentence and 64', async ({
  directory,
}) => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const bound = holder.address();
  const port = typeof bound === 'object' ? bound?.port : undefined;
  const settings = [
    '--node=n1',
    `--store=manifests:${join(directory, 'manifests')}`,
    `--heartbeat-key-file=${join(directory, 'keys')}`,
    `--run-dir=${join(directory, 'run')}`,
    `--metrics-address=127.0.0.1:${port}`,
  ];
  const speaker = spawn(process.execPath, [program, ...settings]);
  const [[code], complaint] = await Promise.all([once(speaker, 'exit'), text(speaker.stderr)]);
  holder.close();
  const sentence = `--metrics-address: can't listen on 127.0.0.1 port ${port}: another process listens there`;
  assert.equal([code, complaint], [64, `node: ${sentence}\n`]);
});

test.run();
