import {
  closeSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type VolumeFiles, writeAtomically } from '../../lab/kubernetes/atomic-writer.ts';

const volume = suite<{ directory: string }>('a volume, written as by a kubelet');

volume.before.each((context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'volume-'));
});
volume.after.each(({ directory }) => rmSync(directory, { recursive: true }));

volume('shows its files, with their modes, by links through ..data', async ({ directory }) => {
  await writeAtomically(directory, files({ keys: 'first', 'sub/ca.crt': 'authority' }));
  assert.match(readlinkSync(join(directory, '..data')), /^\.\.\d{4}(_\d\d){5}\.\w{6}$/);
  assert.is(readlinkSync(join(directory, 'keys')), '..data/keys');
  assert.is(readlinkSync(join(directory, 'sub')), '..data/sub');
  assert.is(read(directory, 'sub/ca.crt'), 'authority');
  assert.is(statSync(join(directory, 'keys')).mode & 0o777, 0o400);
});

volume(
  'changes all at once: what users open is the same link before and after',
  async ({ directory }) => {
    await writeAtomically(directory, files({ keys: 'first', gone: 'old' }));
    const link = lstatSync(join(directory, 'keys')).ino;
    const folder = readlinkSync(join(directory, '..data'));
    const opened = openSync(join(directory, 'keys'), 'r');
    await writeAtomically(directory, files({ keys: 'second', more: 'new' }));
    assert.is(lstatSync(join(directory, 'keys')).ino, link);
    assert.is.not(readlinkSync(join(directory, '..data')), folder);
    assert.is(read(directory, 'keys'), 'second');
    assert.is(read(directory, 'more'), 'new');
    assert.is(readFileSync(opened, 'utf8'), 'first');
    closeSync(opened);
    const data = readlinkSync(join(directory, '..data'));
    assert.equal(readdirSync(directory).sort(), [data, '..data', 'keys', 'more'].sort());
  },
);

volume('may hold nothing', async ({ directory }) => {
  await writeAtomically(directory, files({ keys: 'first' }));
  await writeAtomically(directory, new Map());
  assert.equal(
    readdirSync(directory).filter((name) => !name.startsWith('..')),
    [],
  );
});

volume.run();

function files(content: Readonly<Record<string, string>>): VolumeFiles {
  return new Map(
    Object.entries(content).map(([path, text]) => [path, { content: text, mode: 0o400 }]),
  );
}

function read(directory: string, path: string): string {
  return readFileSync(join(directory, path), 'utf8');
}
