import { spawn } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { WatchedTree } from '../../modules/metallb/src/manifests/watched-tree.ts';
import { systemClock } from '../../modules/metallb/src/time/system-clock.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { withoutPrivileges } from '../support/without-privileges.ts';

interface Scene {
  readonly root: string;
  readonly tree: WatchedTree;
  readonly unreadable: string[];
}

/** A directory and a tree that only looks when it is told to: its clock stands still. */
function scenario(name: string, run: (scene: Scene) => void | Promise<void>): void {
  test(name, async () => {
    const root = mkdtempSync(join(tmpdir(), 'tree-'));
    const unreadable: string[] = [];
    const tree = new WatchedTree({
      root,
      clock: new FakeClock(),
      acceptsDirectory: () => true,
      acceptsFile: (file) => file.endsWith('.yaml'),
      onChanges: () => undefined,
      onLost: () => undefined,
      onUnreadable: (path) => unreadable.push(basename(path)),
    });
    try {
      await run({ root, tree, unreadable });
    } finally {
      tree.stop();
      rmSync(root, { recursive: true, force: true });
    }
  });
}

function found(tree: WatchedTree): string[] {
  return tree.scan().map(({ path, removed }) => `${removed ? '-' : '+'}${basename(path)}`);
}

test('of more files at once than the kernel can tell of, none is missed', async () => {
  const root = mkdtempSync(join(tmpdir(), 'tree-'));
  const seen = new Set<string>();
  const files = 5_000;
  let done = () => {};
  const tree = new WatchedTree({
    ...{ root, clock: systemClock, acceptsDirectory: () => true, onLost: () => undefined },
    acceptsFile: (file) => file.endsWith('.yaml'),
    onChanges: (changes) => {
      for (const { path } of changes) seen.add(path);
      if (seen.has(join(root, 'last.yaml'))) done();
    },
  });
  try {
    tree.scan();
    // Four events each, and nobody takes any from the kernel's queue meanwhile.
    for (let index = 0; index < files; index += 1) {
      writeFileSync(join(root, `.${index}`), 'x');
      renameSync(join(root, `.${index}`), join(root, `${index}.yaml`));
    }
    const last = new Promise<void>((resolve) => {
      done = resolve;
    });
    setImmediate(() => setImmediate(() => writeFileSync(join(root, 'last.yaml'), 'x')));
    await last;
    assert.is(seen.size, files + 1);
  } finally {
    tree.stop();
    rmSync(root, { recursive: true, force: true });
  }
});

const FLAP = `
const fs = require('node:fs');
const [path] = process.argv.slice(1);
for (;;) {
  fs.writeFileSync(path, 'x');
  fs.unlinkSync(path);
}`;

scenario(
  'a file that vanishes while it is looked at takes no other one with it',
  async ({ root, tree }) => {
    writeFileSync(join(root, 'stays.yaml'), 'x');
    found(tree);
    const flapping = spawn(process.execPath, ['-e', FLAP, join(root, 'flaps.yaml')]);
    try {
      await new Promise((resolve) => flapping.once('spawn', resolve));
      const seen = new Set<string>();
      while (!seen.has('+flaps.yaml')) for (const change of found(tree)) seen.add(change);
      for (let scans = 0; scans < 3_000; scans += 1) {
        for (const change of found(tree)) seen.add(change);
      }
      assert.is(seen.has('-stays.yaml'), false);
    } finally {
      flapping.kill('SIGKILL');
    }
  },
);

scenario(
  'links in a circle, to nowhere and to what is no file are passed over',
  ({ root, tree, unreadable }) => {
    mkdirSync(join(root, 'a'));
    writeFileSync(join(root, 'a', 'one.yaml'), 'x');
    symlinkSync(root, join(root, 'a', 'back'));
    symlinkSync('b.yaml', join(root, 'a.yaml'));
    symlinkSync('a.yaml', join(root, 'b.yaml'));
    symlinkSync('nowhere', join(root, 'dangling.yaml'));
    symlinkSync('/dev/zero', join(root, 'endless.yaml'));
    assert.equal(found(tree), ['+one.yaml']);
    assert.equal(unreadable, []);
  },
);

scenario(
  'a directory that may not be read is said once and hides nothing else',
  ({ root, tree, unreadable }) => {
    const secret = join(root, 'secret');
    mkdirSync(secret);
    writeFileSync(join(secret, 'hidden.yaml'), 'x');
    writeFileSync(join(root, 'open.yaml'), 'x');
    chmodSync(root, 0o755);
    chmodSync(secret, 0o000);
    const scan = () => withoutPrivileges(() => found(tree));
    assert.equal([scan(), scan()], [['+open.yaml'], []]);
    assert.equal(unreadable, ['secret']);
    chmodSync(secret, 0o755);
    assert.equal(scan(), ['+hidden.yaml']);
    chmodSync(secret, 0o000);
    assert.equal(scan(), []);
    assert.equal(unreadable, ['secret', 'secret']);
  },
);

scenario('a root that may not be read is no empty one', ({ root, tree }) => {
  chmodSync(root, 0o000);
  assert.throws(() => withoutPrivileges(() => found(tree)), /EACCES/);
});

test.run();
