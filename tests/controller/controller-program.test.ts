import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { EXIT_USAGE } from '../../modules/metallb/src/settings/load-settings.ts';
import { bundle } from '../support/bundle.ts';
import { ManifestDirectory } from '../support/manifest-directory.ts';

const MAIN = 'modules/metallb/src/controller/main.ts';
const built = (await bundle([MAIN]))(MAIN);

/** What the real program says when it ends by itself. */
async function refusal(...settings: string[]): Promise<string> {
  const program: ChildProcess = spawn(
    process.execPath,
    [built, '--log-level', 'error', ...settings],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const said = program.stderr === null ? '' : text(program.stderr);
  const [code] = await once(program, 'exit');
  return `${code}: ${(await said).trim()}`;
}

test('a start that can’t be is refused with a sentence: which setting, and what is in the way', async () => {
  const directory = new ManifestDirectory();
  const taken = createServer().listen(0, '127.0.0.1');
  try {
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const store = `manifests:${directory.path}`;
    const other = await directory.controller();
    const [listening, sharing] = await Promise.all([
      refusal('--store', store, '--metrics-address', `127.0.0.1:${port}`),
      refusal('--store', store, '--metrics-address', '127.0.0.1:0'),
    ]);
    assert.is(
      listening,
      `${EXIT_USAGE}: controller: --metrics-address: can't listen on 127.0.0.1 port ${port}: another process listens there`,
    );
    assert.match(sharing, /^64: controller: --store: another controller \(pid \d+\) works on this/);
    await other.stop();
  } finally {
    taken.close();
    await directory.cleanup();
  }
});

test.run();
