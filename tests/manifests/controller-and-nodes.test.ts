import { renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CHILD_KIND } from '../../modules/metallb/src/api/names.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { addLabel, replaceStatus } from '../../modules/metallb/src/store/json-patch.ts';
import type { ObjectRef, Store } from '../../modules/metallb/src/store/store.ts';
import { ManifestDirectory, testIn } from '../support/manifest-directory.ts';
import {
  childObject,
  childRef,
  classObject,
  nodeObject,
  serviceObject,
  serviceRef,
} from '../support/objects.ts';
import { keysOf, WatchRecorder } from '../support/watch-recorder.ts';

const SERVICES = { kind: 'Service' } as const;
const CHILDREN = { kind: CHILD_KIND } as const;

function announcer(node: string, since: string) {
  return { node, since, reason: 'Takeover', recentMoves: 1 };
}

async function setStatus(store: Store, object: KubernetesObject, fields: object): Promise<void> {
  const { kind, metadata } = object;
  const ref: ObjectRef = { ...metadata, kind: kind as ObjectRef['kind'] };
  const patch = replaceStatus(object, { ...fields });
  await store.write({ do: 'patch', ref, subresource: 'status', patch });
}

function statusOf(object: KubernetesObject): Record<string, unknown> {
  return { ...(object.status as object) };
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'done',
    (error: unknown) => String(error),
  );
}

testIn('a node sees what the controller has published, with its versions', async (directory) => {
  const node = await directory.node('n1');
  const watch = new WatchRecorder(node, SERVICES);
  await watch.next('listed');
  directory.write('a.yaml', serviceObject('nginx'), classObject('ingress'));
  const controller = await directory.controller();
  const seen = await watch.changed('default/nginx');
  const listed = await new WatchRecorder(controller, SERVICES).next('listed');
  assert.equal([seen], listed.objects);
});

testIn(
  'the highest revision of a node is that of the controller, deletions included',
  async (directory) => {
    const controller = await directory.controller();
    const node = await directory.node('n1');
    const ours = new WatchRecorder(controller, CHILDREN);
    const theirs = new WatchRecorder(node, CHILDREN);
    await controller.write({ do: 'create', object: childObject('a') });
    await controller.write({ do: 'delete', ref: childRef('a') });
    const { revision } = await ours.next('deleted');
    assert.is(revision, 2);
    for (;;) {
      const event = await theirs.next('bookmark');
      if (event.revision === revision) break;
    }
  },
);

testIn('announcers of two nodes merge for everyone, the latest wins', async (directory) => {
  const controller = await directory.controller();
  await controller.write({ do: 'create', object: childObject('a') });
  const [one, two] = [await directory.node('n1'), await directory.node('n2')];
  const [atOne, atTwo] = [new WatchRecorder(one, CHILDREN), new WatchRecorder(two, CHILDREN)];
  const atController = new WatchRecorder(controller, CHILDREN);
  const child = (await atOne.next('listed')).objects[0];
  assert.ok(child);
  await setStatus(one, child, { announcer: announcer('n1', '2024-01-01T00:00:00Z') });
  const isOf = (node: string) => (object: KubernetesObject) =>
    (statusOf(object)['announcer'] as { node?: string } | undefined)?.node === node;
  const first = await atController.changed('default/a', isOf('n1'));
  const version = first.metadata.resourceVersion;
  const known = await atTwo.changed(
    'default/a',
    (object) => isOf('n1')(object) && object.metadata.resourceVersion === version,
  );
  // In the same second: what came later still wins.
  await setStatus(two, known, { announcer: announcer('n2', '2024-01-01T00:00:00Z') });
  await atOne.changed('default/a', isOf('n2'));
  await atController.changed('default/a', isOf('n2'));
  const published = directory.read(`.state/objects/${CHILD_KIND}/default/a.yaml`);
  assert.not.match(published, /announcer/);
});

testIn("the controller's status and a node's conditions live side by side", async (directory) => {
  const controller = await directory.controller();
  const child = await controller.write({ do: 'create', object: childObject('a') });
  assert.ok(child);
  const node = await directory.node('n1');
  const condition = {
    type: 'AddressConflict',
    status: 'True',
    lastTransitionTime: '2024-01-01T00:00:00Z',
  };
  await setStatus(node, child, { conditions: [condition] });
  const seen = await new WatchRecorder(controller, CHILDREN).changed(
    'default/a',
    (object) => object.status !== undefined,
  );
  await setStatus(controller, seen, { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } });
  const both = await new WatchRecorder(node, CHILDREN).changed(
    'default/a',
    (object) => statusOf(object)['loadBalancer'] !== undefined,
  );
  assert.equal(statusOf(both)['conditions'], [condition]);
  const published = directory.read(`.state/objects/${CHILD_KIND}/default/a.yaml`);
  assert.not.match(published, /AddressConflict/);
});

testIn('a node may write nothing but its share', async (directory) => {
  const controller = await directory.controller();
  directory.write('a.yaml', nodeObject('n1'), nodeObject('n2'), serviceObject('nginx'));
  await controller.write({ do: 'create', object: childObject('a') });
  const node = await directory.node('n1');
  const patch = [{ op: 'add', path: '/status', value: {} }] as const;
  const refused = await Promise.all([
    refusal(node.write({ do: 'create', object: childObject('b') })),
    refusal(node.write({ do: 'delete', ref: childRef('a') })),
    refusal(node.write({ do: 'patch', ref: childRef('a'), patch })),
    refusal(node.write({ do: 'patch', ref: serviceRef('nginx'), subresource: 'status', patch })),
    refusal(
      node.write({ do: 'patch', ref: { kind: 'Node', name: 'n2' }, subresource: 'status', patch }),
    ),
  ]);
  for (const message of refused) {
    assert.is(
      message,
      'InvalidError: node n1 may write only the status of children and of Node/n1, and what nodes tell of Services',
    );
  }
});

testIn("a node's share survives its restart and goes with the object", async (directory) => {
  const controller = await directory.controller();
  const child = await controller.write({ do: 'create', object: childObject('a') });
  assert.ok(child);
  const node = await directory.node('n1');
  await setStatus(node, child, { announcer: announcer('n1', '2024-01-01T00:00:00Z') });
  await node.stop();
  const again = await directory.node('n1');
  const watch = new WatchRecorder(again, CHILDREN);
  const listed = (await watch.next('listed')).objects;
  assert.equal(
    listed.map((object) => statusOf(object)['announcer'] !== undefined),
    [true],
  );
  await controller.write({ do: 'delete', ref: childRef('a') });
  await watch.deleted('default/a');
  await controller.write({ do: 'create', object: childObject('a') });
  const anew = await watch.changed('default/a');
  assert.is(anew.status, undefined);
});

testIn(
  'a half-written file leaves its objects as they were, also over a restart',
  async (directory) => {
    directory.write('a.yaml', serviceObject('nginx'), serviceObject('other'));
    const controller = await directory.controller();
    const before = (await new WatchRecorder(controller, SERVICES).next('listed')).objects;
    directory.write('a.yaml', serviceObject('nginx'), 'apiVersion: v1\nkind: [');
    assert.match(await directory.nextProblem(), /^a.yaml:\d+: /);
    await controller.stop();
    const again = await directory.controller();
    const after = (await new WatchRecorder(again, SERVICES).next('listed')).objects;
    assert.equal(after, before);
  },
);

testIn(
  'an editor that saves by removing first does not make the object anew',
  async (directory) => {
    directory.write('a.yaml', serviceObject('nginx'));
    const controller = await directory.controller();
    const watch = new WatchRecorder(controller, SERVICES);
    const before = (await watch.next('listed')).objects[0];
    directory.remove('a.yaml');
    // A witness: the removal has been seen once this is.
    directory.write('b.yaml', serviceObject('witness'));
    await watch.changed('default/witness');
    directory.write('a.yaml', serviceObject('nginx', { type: 'ClusterIP' }));
    const after = await watch.changed('default/nginx');
    assert.is(after.metadata.uid, before?.metadata.uid);
  },
);

testIn('deletions are not put off for as long as there are others', async (directory) => {
  const names = Array.from({ length: 40 }, (_, index) => `s${index}`);
  for (const name of names) directory.write(`${name}.yaml`, serviceObject(name));
  const watch = new WatchRecorder(await directory.controller(), SERVICES);
  const removed = new Set<string>();
  const remove = (name: string) => {
    directory.remove(`${name}.yaml`);
    removed.add(`default/${name}`);
  };
  const timer = setInterval(() => {
    const next = names.shift();
    if (next !== undefined) remove(next);
  }, 25);
  try {
    await watch.deleted('default/s0');
  } finally {
    clearInterval(timer);
  }
  assert.ok(removed.size < 30, `after ${removed.size} deletions`);
});

testIn('files are seen in new, nested, moved and linked folders', async (directory) => {
  const controller = await directory.controller();
  const watch = new WatchRecorder(controller, SERVICES);
  directory.write('new/deep/a.yaml', serviceObject('nested'));
  await watch.changed('default/nested');
  directory.write('new/deep/a.yaml', serviceObject('nested', { type: 'ClusterIP' }));
  await watch.changed('default/nested');
  const elsewhere = new ManifestDirectory();
  elsewhere.write('folder/b.yaml', serviceObject('moved'));
  elsewhere.write('link.yaml', serviceObject('linked'));
  renameSync(join(elsewhere.path, 'folder'), join(directory.path, 'folder'));
  await watch.changed('default/moved');
  symlinkSync(join(elsewhere.path, 'link.yaml'), join(directory.path, 'link.yaml'));
  await watch.changed('default/linked');
  elsewhere.write('link.yaml', serviceObject('linked', { type: 'ClusterIP' }));
  await watch.changed('default/linked');
  symlinkSync('.', join(directory.path, 'loop'));
  directory.remove('new');
  await watch.deleted('default/nested');
  await elsewhere.cleanup();
  assert.equal(directory.problems, []);
});

testIn('a mounted ConfigMap is followed when its link is swapped', async (directory) => {
  directory.write('..one/a.yaml', serviceObject('nginx', { version: 1 }));
  directory.write('..two/a.yaml', serviceObject('nginx', { version: 2 }));
  symlinkSync('..one', join(directory.path, '..data'));
  symlinkSync('..data/a.yaml', join(directory.path, 'a.yaml'));
  const controller = await directory.controller();
  const watch = new WatchRecorder(controller, SERVICES);
  await watch.next('listed');
  symlinkSync('..two', join(directory.path, '..data_tmp'));
  renameSync(join(directory.path, '..data_tmp'), join(directory.path, '..data'));
  assert.equal((await watch.changed('default/nginx')).spec, { version: 2 });
});

testIn('labels and status of the controller survive edits and restarts', async (directory) => {
  directory.write('n.yaml', nodeObject('n1', { rack: 'a' }));
  const controller = await directory.controller();
  const node = (await new WatchRecorder(controller, { kind: 'Node' }).next('listed')).objects[0];
  assert.ok(node);
  const ref: ObjectRef = { kind: 'Node', name: 'n1' };
  await controller.write({ do: 'patch', ref, patch: addLabel(node, 'member', '') });
  await controller.stop();
  directory.write('n.yaml', nodeObject('n1', { rack: 'b' }));
  const again = await directory.controller();
  const after = (await new WatchRecorder(again, { kind: 'Node' }).next('listed')).objects[0];
  assert.equal(after?.metadata.labels, { rack: 'b', member: '' });
  assert.is(after?.metadata.uid, node.metadata.uid);
});

testIn("the controller leaves the rest of users' objects to their files", async (directory) => {
  directory.write('a.yaml', serviceObject('nginx'));
  const controller = await directory.controller();
  const patch = [{ op: 'add', path: '/spec/type', value: 'ClusterIP' }] as const;
  const ref = serviceRef('nginx');
  assert.match(await refusal(controller.write({ do: 'patch', ref, patch })), /belongs to a\.yaml/);
  assert.match(await refusal(controller.write({ do: 'delete', ref })), /belongs to a\.yaml/);
  const object = serviceObject('new');
  assert.match(await refusal(controller.write({ do: 'create', object })), /come from users' files/);
});

testIn('a directory has one controller, and a killed one is no obstacle', async (directory) => {
  const first = await directory.controller();
  const second = directory.store({ role: 'controller' });
  assert.match(await refusal(second.start()), /InvalidError: another controller \(pid \d+\)/);
  const held = JSON.parse(directory.read('.state/controller.lock')) as object;
  await first.stop();
  // The same pid, but of a process that started at another time.
  directory.write('.state/controller.lock', JSON.stringify({ ...held, startTime: '1' }));
  await second.start();
});

testIn('start says what is wrong with the directory', async (directory) => {
  directory.remove('');
  for (const role of ['controller', 'reader'] as const) {
    assert.match(await refusal(directory.store({ role }).start()), /InvalidError: .* is not a dir/);
  }
});

testIn(
  'a directory that goes away changes nothing, and is read again when it is back',
  async (directory) => {
    directory.write('a.yaml', serviceObject('nginx'));
    await directory.controller();
    const node = await directory.node('n1');
    const watch = new WatchRecorder(node, SERVICES);
    await watch.next('listed');
    const [state, away] = [join(directory.path, '.state'), join(directory.path, '.away')];
    renameSync(state, away);
    await watch.next('lost');
    const write = node.write({ do: 'patch', ref: childRef('a'), subresource: 'status', patch: [] });
    assert.match(await refusal(write), /StoreUnavailableError/);
    renameSync(away, state);
    assert.equal(keysOf((await watch.next('listed')).objects), ['default/nginx']);
  },
);

testIn('a reader waits for a first controller', async (directory) => {
  const reader = await directory.reader();
  const watch = new WatchRecorder(reader, SERVICES);
  assert.match((await watch.next('lost')).error.message, /no controller has worked here/);
  directory.write('a.yaml', serviceObject('nginx'));
  await directory.controller();
  assert.equal(keysOf((await watch.next('listed')).objects), ['default/nginx']);
});

testIn(
  'children whose owner went in a crash are collected at the next start',
  async (directory) => {
    directory.write('a.yaml', serviceObject('nginx'));
    const controller = await directory.controller();
    const owner = (await new WatchRecorder(controller, SERVICES).next('listed')).objects[0];
    assert.ok(owner);
    await controller.write({ do: 'create', object: childObject('a', { owner }) });
    await controller.stop();
    directory.remove('a.yaml');
    directory.remove('.state/objects/Service/default/nginx.yaml');
    const again = await directory.controller();
    assert.equal((await new WatchRecorder(again, CHILDREN).next('listed')).objects, []);
  },
);

for (const damage of [
  ['revision', 'x'],
  [
    'objects/Service/default/nginx.yaml',
    '{"kind":"Service","metadata":{"uid":"u","name":"nginx"}}',
  ],
] as const) {
  testIn(`versions go on being numbers when ${damage[0]} is damaged`, async (directory) => {
    directory.write('a.yaml', serviceObject('nginx'));
    await (await directory.controller()).stop();
    writeFileSync(join(directory.path, '.state', damage[0]), damage[1]);
    const again = await directory.controller();
    const { revision } = await new WatchRecorder(again, SERVICES).next('listed');
    assert.ok(revision >= 1, String(revision));
  });
}

testIn('a damaged state file is told and left out', async (directory) => {
  directory.write('a.yaml', serviceObject('nginx'));
  const controller = await directory.controller();
  await controller.stop();
  writeFileSync(join(directory.path, '.state/objects/Service/default/nginx.yaml'), '{');
  const again = await directory.controller();
  assert.match(await directory.nextProblem(), /nginx.yaml:1: damaged/);
  const listed = await new WatchRecorder(again, SERVICES).next('listed');
  assert.equal(keysOf(listed.objects), ['default/nginx']);
});

test.run();
