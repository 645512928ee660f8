import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isRecord } from '../../../modules/metallb/src/api/fields.ts';
import { CHILD_KIND } from '../../../modules/metallb/src/api/names.ts';
import type { KubernetesObject } from '../../../modules/metallb/src/api/object.ts';
import type { PatchOperation } from '../../../modules/metallb/src/store/apply-patch.ts';
import { ConflictError } from '../../../modules/metallb/src/store/errors.ts';
import {
  addLabel,
  removeLabel,
  replaceStatus,
} from '../../../modules/metallb/src/store/json-patch.ts';
import type {
  JsonPatchOperation,
  NewObject,
  ObjectRef,
  Store,
  WatchOptions,
} from '../../../modules/metallb/src/store/store.ts';
import { childObject, childRef, nodeObject, serviceObject, serviceRef } from '../objects.ts';
import { keysOf, WatchRecorder } from '../watch-recorder.ts';
import { keepsAnnotations } from './service-status-promise.ts';

/** A started store with the controller's rights on a fresh, empty cluster, and what goes on around it. */
export interface StoreUnderTest {
  readonly store: Store;
  /** What people and other components do to the cluster, past the store. */
  readonly user: {
    apply(object: NewObject): Promise<void>;
    remove(ref: ObjectRef): Promise<void>;
  };
  /** Stops the store, does `whileDown`, and returns a started store on the same cluster. */
  restart(whileDown: () => Promise<void>): Promise<Store>;
  /** Stops whatever store runs and removes the cluster. */
  cleanup(): Promise<void>;
}

/** One thing that a store promises; throws when it does not keep it. */
export interface StorePromise {
  readonly sentence: string;
  readonly keep: (makeStore: () => Promise<StoreUnderTest>) => Promise<void>;
}

/** What every store promises to hooks and programs. */
export function storePromises(): readonly StorePromise[] {
  const all: StorePromise[] = [];
  const promise: Promises = (sentence, check) => {
    const keep = async (makeStore: () => Promise<StoreUnderTest>): Promise<void> => {
      const it = await makeStore();
      try {
        await check(it);
      } finally {
        await it.cleanup();
      }
    };
    all.push({ sentence, keep });
  };
  watchPromises(promise);
  writePromises(promise);
  deletionPromises(promise);
  restartPromises(promise);
  return all;
}

/** The promises as unit tests; each adapter runs them. */
export function storeContract(name: string, makeStore: () => Promise<StoreUnderTest>): void {
  const contract = suite(`store contract: ${name}`);
  for (const { sentence, keep } of storePromises()) contract(sentence, () => keep(makeStore));
  contract.run();
}

type Promises = (sentence: string, check: (it: StoreUnderTest) => Promise<void>) => void;

const CHILDREN = { kind: CHILD_KIND } as const;
const LABEL = 'example.com/rack';
const READY = {
  type: 'Ready',
  status: 'True',
  reason: 'Tested',
  message: 'it is',
  lastHeartbeatTime: '2026-01-01T00:00:00Z',
  lastTransitionTime: '2026-01-01T00:00:00Z',
};

function watchPromises(promise: Promises): void {
  promise('a watch lists first, then tells changes in their order', async ({ store }) => {
    await create(store, childObject('a'));
    const watch = new WatchRecorder(store, CHILDREN);
    const listed = await watch.next('listed');
    assert.equal(keysOf(listed.objects), ['default/a']);
    await create(store, childObject('b'));
    await patchSpec(store, 'a', 'mail');
    await store.write({ do: 'delete', ref: childRef('b') });
    const created = await watch.next('changed');
    const patched = await watch.next('changed');
    const deleted = await watch.next('deleted');
    assert.equal(keysOf([created.object, patched.object, deleted.object]), [
      'default/a',
      'default/b',
      'default/b',
    ]);
    assert.equal(patched.object.spec, { serviceRef: { name: 'mail' } });
    const revisions = [listed, created, patched, deleted].map(({ revision }) => revision);
    assert.equal(
      revisions,
      [...new Set(revisions)].sort((x, y) => x - y),
    );
  });

  promise('a watch with labels hears only of objects that carry them', async ({ store }) => {
    const watch = new WatchRecorder(store, { ...CHILDREN, labels: { team: 'web' } });
    await watch.next('listed');
    await create(store, childObject('other', { labels: { team: 'mail' } }));
    const mine = await create(store, childObject('mine', { labels: { team: 'web' } }));
    assert.equal(keysOf([(await watch.next('changed')).object]), ['default/mine']);
    await store.write({ do: 'patch', ref: childRef('mine'), patch: addLabel(mine, 'team', 'x') });
    assert.equal(keysOf([(await watch.next('deleted')).object]), ['default/mine']);
  });

  promise('a watch with a namespace lists only that namespace', async ({ store }) => {
    const elsewhere = childObject('a');
    await create(store, { ...elsewhere, metadata: { ...elsewhere.metadata, namespace: 'web' } });
    await create(store, childObject('b'));
    const watch = new WatchRecorder(store, { ...CHILDREN, namespace: 'web' });
    assert.equal(keysOf((await watch.next('listed')).objects), ['web/a']);
  });

  promise('a watch of one name hears of that object alone', async ({ store, user }) => {
    await user.apply(serviceObject('other'));
    const watch = await listening(store, { kind: 'Service', namespace: 'default', name: 'mine' });
    await user.apply(serviceObject('another'));
    await user.apply(serviceObject('mine'));
    assert.equal(keysOf([(await watch.next('changed')).object]), ['default/mine']);
    for (const name of ['other', 'mine']) await user.remove(serviceRef(name));
    assert.equal(keysOf([(await watch.next('deleted')).object]), ['default/mine']);
  });

  promise('relist tells the whole state again', async ({ store }) => {
    await create(store, childObject('a'));
    const watch = new WatchRecorder(store, CHILDREN);
    await watch.next('listed');
    store.relist();
    assert.equal(keysOf((await watch.next('listed')).objects), ['default/a']);
  });

  promise(
    "users' objects are told with uid, version and creation time",
    async ({ store, user }) => {
      const watch = await listening(store, { kind: 'Service' });
      await user.apply(serviceObject('nginx'));
      const { metadata, spec } = await watch.changed('default/nginx');
      assert.match(JSON.stringify(spec), '"type":"LoadBalancer"');
      assert.ok(metadata.uid.length > 0);
      assert.match(metadata.resourceVersion, /^\d+$/);
      assert.match(metadata.creationTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    },
  );

  promise('a cluster-scoped object has no namespace', async ({ store, user }) => {
    const watch = await listening(store, { kind: 'Node' });
    await user.apply(nodeObject('n1', { rack: 'a' }));
    const { metadata } = await watch.changed('n1');
    assert.is(metadata.namespace, undefined);
    assert.equal(metadata.labels, { rack: 'a' });
  });
}

function writePromises(promise: Promises): void {
  promise('create refuses a name that is taken', async ({ store }) => {
    await create(store, childObject('a'));
    const error = await failureOf(store.write({ do: 'create', object: childObject('a') }));
    assert.is(error.name, 'AlreadyExistsError');
  });

  promise('a patch whose test fails changes nothing', async ({ store }) => {
    const object = await create(store, childObject('a'));
    await patchSpec(store, 'a', 'mail');
    const stale = replaceStatus(object, { loadBalancer: {} });
    const error = await failureOf(patchStatus(store, childRef('a'), stale));
    assert.is(error.name, 'ConflictError');
    assert.is((await current(store, 'a')).status, undefined);
  });

  promise('a patch is done as a whole or not at all', async ({ store }) => {
    await create(store, childObject('a'));
    const patch: JsonPatchOperation[] = [
      { op: 'add', path: '/spec/serviceRef/name', value: 'mail' },
      { op: 'remove', path: '/spec/nothing' },
    ];
    const error = await failureOf(store.write({ do: 'patch', ref: childRef('a'), patch }));
    assert.is(error.name, 'InvalidError');
    assert.equal((await current(store, 'a')).spec, { serviceRef: { name: 'web' } });
  });

  promise('a patch of an object that is not there is refused', async ({ store }) => {
    const error = await failureOf(store.write({ do: 'patch', ref: childRef('a'), patch: [] }));
    assert.is(error.name, 'NotFoundError');
  });

  promise('status and the rest are written apart', async ({ store }) => {
    await create(store, { ...childObject('a'), status: { ignored: 'at creation' } });
    const both: JsonPatchOperation[] = [
      { op: 'add', path: '/status', value: { loadBalancer: {} } },
      { op: 'add', path: '/spec/serviceRef/name', value: 'mail' },
    ];
    const status = await patchStatus(store, childRef('a'), both);
    assert.equal(status?.status, { loadBalancer: {} });
    assert.equal(status?.spec, { serviceRef: { name: 'web' } });
    const onlySpec: JsonPatchOperation[] = [
      { op: 'replace', path: '/status', value: {} },
      { op: 'add', path: '/spec/serviceRef/name', value: 'mail' },
    ];
    const rest = await store.write({ do: 'patch', ref: childRef('a'), patch: onlySpec });
    assert.equal(rest?.status, { loadBalancer: {} });
    assert.equal(rest?.spec, { serviceRef: { name: 'mail' } });
  });

  promise(
    'every write gives a higher version; one that changes nothing gives none',
    async ({ store }) => {
      const created = await create(store, childObject('a'));
      const patched = await patchSpec(store, 'a', 'mail');
      const same = await patchSpec(store, 'a', 'mail');
      assert.ok(versionOf(patched) > versionOf(created));
      assert.is(versionOf(same), versionOf(patched));
      assert.is(same.metadata.uid, created.metadata.uid);
    },
  );

  promise("labels and status can be set on users' objects, and labels removed", async (it) => {
    const watch = await listening(it.store, { kind: 'Node' });
    await it.user.apply(nodeObject('n1'));
    await watch.changed('n1');
    const labelled = await patchNode(it.store, (node) => ({ patch: addLabel(node, LABEL, '') }));
    assert.equal(labelled?.metadata.labels, { [LABEL]: '' });
    const { status } =
      (await patchNode(it.store, (node) => ({
        subresource: 'status',
        patch: replaceStatus(node, { conditions: [READY] }),
      }))) ?? {};
    assert.equal(status, { ...(isRecord(status) ? status : {}), conditions: [READY] });
    const bare = await patchNode(it.store, (node) => ({ patch: removeLabel(node, LABEL) }));
    assert.equal(bare?.metadata.labels ?? {}, {});
  });

  promise('of a Service, annotations come and go with a write of its status', keepsAnnotations);
}

/** Based on the latest version: others write to nodes, too. */
async function patchNode(
  store: Store,
  patchOf: (node: KubernetesObject) => Omit<PatchOperation, 'do' | 'ref'>,
): Promise<KubernetesObject | undefined> {
  const ref: ObjectRef = { kind: 'Node', name: 'n1' };
  for (;;) {
    const watch = new WatchRecorder(store, { kind: 'Node' });
    const { objects } = await watch.next('listed');
    watch.stop();
    const node = objects.find(({ metadata }) => metadata.name === 'n1');
    assert.ok(node);
    try {
      return await store.write({ do: 'patch', ref, ...patchOf(node) });
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}

function deletionPromises(promise: Promises): void {
  promise('delete refuses an object with another uid', async ({ store }) => {
    await create(store, childObject('a'));
    const error = await failureOf(
      store.write({ do: 'delete', ref: childRef('a'), uid: 'another' }),
    );
    assert.is(error.name, 'ConflictError');
    const { uid } = (await current(store, 'a')).metadata;
    assert.is(await store.write({ do: 'delete', ref: childRef('a'), uid }), undefined);
  });

  promise('deleting what is gone is fine', async ({ store }) => {
    assert.is(await store.write({ do: 'delete', ref: childRef('a') }), undefined);
  });

  promise('children go with their last owner, and only then', async ({ store, user }) => {
    const services = await listening(store, { kind: 'Service' });
    await user.apply(serviceObject('nginx'));
    const owner = await services.changed('default/nginx');
    const children = await listening(store, CHILDREN);
    await create(store, childObject('of-nginx', { owner }));
    await create(store, childObject('of-nobody'));
    await user.remove(serviceRef('nginx'));
    await children.deleted('default/of-nginx');
    store.relist();
    const listed = await children.next('listed');
    assert.equal(keysOf(listed.objects), ['default/of-nobody']);
  });

  promise('an object made anew has another uid', async ({ store, user }) => {
    const watch = await listening(store, { kind: 'Service' });
    await user.apply(serviceObject('nginx'));
    const first = await watch.changed('default/nginx');
    await user.remove(serviceRef('nginx'));
    await watch.deleted('default/nginx');
    await user.apply(serviceObject('nginx'));
    const second = await watch.changed('default/nginx');
    assert.is.not(second.metadata.uid, first.metadata.uid);
    assert.ok(versionOf(second) > versionOf(first));
  });
}

function restartPromises(promise: Promises): void {
  promise('what is written survives a restart', async ({ store, restart }) => {
    await create(store, childObject('a'));
    const before = await patchSpec(store, 'a', 'mail');
    const again = await restart(async () => undefined);
    assert.equal(await current(again, 'a'), before);
  });

  promise(
    'what went while nobody watched is missing from the list, with its children',
    async (it) => {
      const services = await listening(it.store, { kind: 'Service' });
      await it.user.apply(serviceObject('stays'));
      await it.user.apply(serviceObject('goes'));
      const owner = await services.changed('default/goes');
      await create(it.store, childObject('child', { owner }));
      const again = await it.restart(() => it.user.remove(serviceRef('goes')));
      const listed = await new WatchRecorder(again, { kind: 'Service' }).next('listed');
      // An API server has a Service of its own.
      const users = keysOf(listed.objects).filter((key) => key !== 'default/kubernetes');
      assert.equal(users, ['default/stays']);
      // Collecting may come after the list, but comes.
      const children = new WatchRecorder(again, CHILDREN);
      const { objects } = await children.next('listed');
      if (objects.length > 0) await children.deleted('default/child');
    },
  );

  promise('start and stop may be called twice, and stop ends all events', async ({ store }) => {
    await store.start();
    const watch = new WatchRecorder(store, CHILDREN);
    await watch.next('listed');
    await store.stop();
    await store.stop();
    store.relist();
    await Promise.resolve();
    assert.equal(watch.drain(), []);
  });
}

/** What happens from now on comes as changes: the list has been told. */
async function listening(store: Store, options: WatchOptions): Promise<WatchRecorder> {
  const watch = new WatchRecorder(store, options);
  await watch.next('listed');
  return watch;
}

async function create(store: Store, object: NewObject): Promise<KubernetesObject> {
  const created = await store.write({ do: 'create', object });
  assert.ok(created);
  return created;
}

async function patchSpec(store: Store, name: string, service: string): Promise<KubernetesObject> {
  const patch: JsonPatchOperation[] = [
    { op: 'add', path: '/spec/serviceRef/name', value: service },
  ];
  const patched = await store.write({ do: 'patch', ref: childRef(name), patch });
  assert.ok(patched);
  return patched;
}

function patchStatus(
  store: Store,
  ref: ObjectRef,
  patch: JsonPatchOperation[],
): Promise<KubernetesObject | undefined> {
  return store.write({ do: 'patch', ref, subresource: 'status', patch });
}

async function current(store: Store, name: string): Promise<KubernetesObject> {
  const watch = new WatchRecorder(store, CHILDREN);
  const { objects } = await watch.next('listed');
  watch.stop();
  const object = objects.find(({ metadata }) => metadata.name === name);
  assert.ok(object, `child ${name} is listed`);
  return object;
}

async function failureOf(promise: Promise<unknown>): Promise<Error> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.instance(outcome, Error);
  return outcome instanceof Error ? outcome : new Error('unreachable');
}

const versionOf = ({ metadata }: KubernetesObject) => Number(metadata.resourceVersion);
