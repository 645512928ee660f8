import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { pathInRoot } from '../../lab/kubernetes/path-in-root.ts';

const paths = suite<{ root: string }>('paths in the root of an image');

paths.before.each((context) => {
  context.root = mkdtempSync(join(tmpdir(), 'root-'));
  mkdirSync(join(context.root, 'var'));
  mkdirSync(join(context.root, 'run'));
  symlinkSync('/run', join(context.root, 'var', 'run'));
  symlinkSync('../../../run', join(context.root, 'var', 'up'));
  symlinkSync('/round', join(context.root, 'round'));
});
paths.after.each(({ root }) => rmSync(root, { recursive: true }));

for (const [path, expected] of [
  ['/etc/metallb', '/etc/metallb'],
  ['/run/metallb', '/run/metallb'],
  ['/var/run/secrets/token', '/run/secrets/token'],
  ['/var/up/metallb', '/run/metallb'],
  ['/../../etc', '/etc'],
] as const) {
  paths(`${path} is ${expected}`, ({ root }) => {
    assert.is(pathInRoot(root, path), expected);
  });
}

paths('links that go round are an error', ({ root }) => {
  assert.throws(() => pathInRoot(root, '/round/trip'), /too many symbolic links/);
});

paths.run();
