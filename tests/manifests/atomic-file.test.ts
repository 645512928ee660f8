import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AtomicFiles, makeBelow } from '../../modules/metallb/src/manifests/atomic-file.ts';

const test = suite('atomic files');
let root = '';

test.before.each(() => {
  root = mkdtempSync(join(tmpdir(), 'atomic-file-'));
});
test.after.each(() => rmSync(root, { recursive: true, force: true }));

test('a file is written into directories that are made for it', () => {
  const state = join(root, '.state');
  mkdirSync(join(state, 'tmp'), { recursive: true });
  new AtomicFiles(join(state, 'tmp'), 'controller').write(
    join(state, 'objects', 'Service', 'web'),
    'a',
  );
  assert.is(readFileSync(join(state, 'objects', 'Service', 'web'), 'utf8'), 'a');
});

test('a directory that has been moved away is not there again', () => {
  const moved = `${root}.gone`;
  renameSync(root, moved);
  assert.throws(() => makeBelow(root, join(root, '.state', 'objects')), /ENOENT/);
  assert.is(existsSync(root), false);
  renameSync(moved, root);
});

test('a directory that is gone is not made below itself either', () => {
  const gone = join(root, 'gone');
  makeBelow(gone, gone);
  assert.is(existsSync(gone), false);
});

test.run();
