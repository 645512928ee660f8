import { chmodSync, chownSync, renameSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Store } from '../../modules/metallb/src/store/store.ts';
import { testIn } from '../support/manifest-directory.ts';
import { serviceObject } from '../support/objects.ts';
import { WatchRecorder } from '../support/watch-recorder.ts';
import { NOBODY, withoutPrivileges } from '../support/without-privileges.ts';

const SERVICES = { kind: 'Service' } as const;

/** Name to uid: an object made anew has another one, and loses its IPs. */
async function uidsIn(store: Store): Promise<Record<string, string>> {
  const { objects } = await new WatchRecorder(store, SERVICES).next('listed');
  return Object.fromEntries(objects.map(({ metadata }) => [metadata.name, metadata.uid]));
}

testIn('a file that is emptied first and written later keeps its objects', async (directory) => {
  directory.write('a.yaml', serviceObject('nginx'));
  const controller = await directory.controller();
  const before = await uidsIn(controller);
  directory.write('a.yaml', '');
  assert.match(await directory.nextProblem(), /^a.yaml:1: is empty; what it said before stays/);
  await controller.stop();
  const again = await directory.controller();
  assert.match(await directory.nextProblem(), /^a.yaml:1: is empty/);
  assert.equal(await uidsIn(again), before);
});

testIn('a file that is far too large is refused before it is parsed', async (directory) => {
  directory.write('a.yaml', serviceObject('nginx'));
  directory.write('large.yaml', serviceObject('large'));
  const controller = await directory.controller();
  const before = await uidsIn(controller);
  await controller.stop();
  truncateSync(join(directory.path, 'large.yaml'), 17 * 1024 * 1024);
  const again = await directory.controller();
  assert.match(
    await directory.nextProblem(),
    /^large.yaml:1: can't be read; .* stays in force: it has 17825792 bytes: expected at most 16777216$/,
  );
  assert.equal(await uidsIn(again), before);
});

testIn('files that go with the state directory are unmounted, not deleted', async (directory) => {
  directory.write('a.yaml', serviceObject('nginx'));
  directory.write('b.yaml', serviceObject('deleted'));
  const controller = await directory.controller();
  const watch = new WatchRecorder(controller, SERVICES);
  directory.remove('b.yaml');
  // From here on nothing is left to be written.
  await watch.deleted('default/deleted');
  const before = await uidsIn(controller);
  const moved = [
    ['.state/objects', '.objects'],
    ['.state/tmp', '.tmp'],
    ['a.yaml', '.a'],
  ].map((paths) => paths.map((path) => join(directory.path, path)));
  for (const [from = '', to = ''] of moved) renameSync(from, to);
  await watch.next('lost');
  for (const [from = '', to = ''] of moved) renameSync(to, from);
  await watch.next('listed');
  assert.equal(await uidsIn(controller), before);
});

testIn('a document that refers to itself is refused, and nothing else is', async (directory) => {
  const text = 'apiVersion: v1\nkind: Service\nmetadata: {name: loop}\nspec: &a {again: *a}\n';
  directory.write('a.yaml', text);
  directory.write('b.yaml', serviceObject('nginx'));
  const controller = await directory.controller();
  assert.match(await directory.nextProblem(), /^a.yaml:1: its aliases stand for what holds them/);
  assert.equal(Object.keys(await uidsIn(controller)), ['nginx']);
});

testIn('the longest name that is accepted has room in the state directory', async (directory) => {
  const name = 'x'.repeat(250);
  directory.write('a.yaml', serviceObject(name));
  const controller = await directory.controller();
  assert.equal(Object.keys(await uidsIn(controller)), [name]);
});

testIn('a folder that may not be read stops nobody and keeps its objects', async (directory) => {
  directory.write('a.yaml', serviceObject('nginx'));
  directory.write('team/b.yaml', serviceObject('hidden'));
  const folder = join(directory.path, 'team');
  if (process.geteuid?.() === 0) chownSync(directory.path, NOBODY, NOBODY);
  const start = async () => {
    const controller = directory.store({ role: 'controller' });
    await withoutPrivileges(() => controller.start());
    return controller;
  };
  const controller = await start();
  const before = await uidsIn(controller);
  await controller.stop();
  chmodSync(folder, 0o000);
  const again = await start();
  assert.match(await directory.nextProblem(), /^team:1: can't be read; .*: EACCES/);
  assert.match(await directory.nextProblem(), /^team\/b.yaml:1: can't be read; .*: EACCES/);
  chmodSync(folder, 0o755);
  assert.equal(await uidsIn(again), before);
  assert.equal(Object.keys(before), ['nginx', 'hidden']);
});

test.run();
