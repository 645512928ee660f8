import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { heartbeatKey } from '../../modules/metallb/src/packet/heartbeat.ts';
import { readKeyFile, watchKeyFile } from '../../modules/metallb/src/settings/key-file.ts';
import { FakeClock } from '../support/fake-clock.ts';

const test = suite('key-file', { directory: '' });
const [OLD, NEW] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];

test.before.each((context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'keys-'));
});
test.after.each(({ directory }) => rmSync(directory, { recursive: true }));

const idsOf = (...keys: Buffer[]) => keys.map((key) => heartbeatKey(key).id);

function watched(path: string) {
  const clock = new FakeClock();
  const seen: string[][] = [];
  const errors: string[] = [];
  watchKeyFile(path, readKeyFile(path), {
    clock,
    onKeys: (keys) => seen.push(keys.map(({ id }) => id)),
    onError: ({ message }) => errors.push(message),
  });
  return { clock, seen, errors };
}

const text = (...keys: Buffer[]) => keys.map((key) => `${key.toString('base64')}\n`).join('');

test('a file that leads elsewhere now is read again, as a kubelet changes it', ({ directory }) => {
  const path = join(directory, 'keys');
  writeFileSync(join(directory, 'first'), text(OLD));
  writeFileSync(join(directory, 'second'), text(NEW, OLD));
  symlinkSync('first', path);
  const { clock, seen } = watched(path);
  clock.advance(3_000);
  assert.equal(seen, [], 'nothing has changed');
  symlinkSync('second', join(directory, 'next'));
  renameSync(join(directory, 'next'), path);
  clock.advance(1_000);
  assert.equal(seen, [idsOf(NEW, OLD)]);
});

test('what is no file of keys changes nothing, and is told once', ({ directory }) => {
  const path = join(directory, 'keys');
  writeFileSync(path, text(OLD));
  const { clock, seen, errors } = watched(path);
  writeFileSync(path, 'half a ke');
  clock.advance(5_000);
  assert.equal(seen, []);
  assert.equal(errors, [`line 1 of ${path} is not base64`]);
  writeFileSync(path, text(NEW));
  clock.advance(1_000);
  assert.equal(seen, [idsOf(NEW)]);
});

test.run();
