import { rmSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { objectPath } from '../../lab/kubernetes/kinds.ts';
import { CHILD_KIND } from '../../modules/metallb/src/api/names.ts';
import type { Store } from '../../modules/metallb/src/store/store.ts';
import { childObject, childRef } from '../support/objects.ts';
import { keysOf, WatchRecorder } from '../support/watch-recorder.ts';
import type { ClusterScenario, TestCluster } from './cluster-scenario.ts';
import { Route } from './store-route.ts';
import { applyObject, removeAll, StoreBench } from './store-support.ts';

const CHILDREN = { kind: CHILD_KIND } as const;

/** A store whose way to the API server can be cut, and a watch of its children `a` and `b`. */
interface Cuttable {
  readonly cluster: TestCluster;
  readonly store: Store;
  readonly route: Route;
  readonly watch: WatchRecorder;
  readonly bench: StoreBench;
}

/** Written in no time, heard in some seconds. */
const SLOW_CHANGES = 30;
/** An API server takes its time to start on a busy machine. */
const DEADLINE_MS = 240_000;

function cuttable(name: string, play: (it: Cuttable) => Promise<void>): ClusterScenario {
  return {
    name: `store/${name}`,
    deadlineMs: DEADLINE_MS,
    play: async (cluster) => {
      const bench = new StoreBench();
      const route = new Route(cluster.plane.url, join(cluster.directory, 'route.sock'));
      await removeAll(cluster.api);
      for (const child of ['a', 'b']) await applyObject(cluster.api, childObject(child));
      await route.mend();
      try {
        const store = await bench.open(cluster.plane.kubeconfig('admin'), route.socketPath);
        const watch = new WatchRecorder(store, CHILDREN);
        assert.equal(keysOf((await watch.next('listed')).objects), ['default/a', 'default/b']);
        await play({ cluster, store, route, watch, bench });
        assert.equal(bench.unreadable, []);
      } finally {
        await bench.end();
        await route.cut();
      }
    },
  };
}

async function changeWhileNobodyListens({ api }: TestCluster): Promise<void> {
  await api.send('DELETE', objectPath(CHILD_KIND, 'a'));
  await applyObject(api, childObject('c'));
}

export const scenarios: readonly ClusterScenario[] = [
  cuttable('cut: the watch goes on from where it was, and no list is needed', async (it) => {
    await it.route.cut();
    const { error } = await it.watch.next('lost');
    assert.match(error.message, "can't reach https://127.0.0.1");
    await changeWhileNobodyListens(it.cluster);
    await it.route.mend();
    await it.watch.deleted('default/a');
    await it.watch.changed('default/c');
    const refused = await it.store
      .write({ do: 'delete', ref: childRef('c'), uid: 'x' })
      .catch((failure: unknown) => failure);
    assert.match(String(refused), /ConflictError.*uid/is);
  }),

  cuttable('cut: writes fail as unavailable, and say where the API server is', async (it) => {
    await it.route.cut();
    const refused = await it.store
      .write({ do: 'delete', ref: childRef('a') })
      .catch((failure: unknown) => failure);
    assert.match(String(refused), /StoreUnavailableError: can't reach https:\/\/127\.0\.0\.1:\d+/);
  }),

  cuttable(
    'slow: changes that trickle in are all heard, in their order, and no list is needed',
    async (it) => {
      it.route.trickle();
      const startedAt = performance.now();
      for (let change = 1; change <= SLOW_CHANGES; change += 1) {
        await applyObject(it.cluster.api, childObject('a', { labels: { change: `${change}` } }));
      }
      const writtenMs = performance.now() - startedAt;
      for (let change = 1; change <= SLOW_CHANGES; change += 1) {
        const { object } = await it.watch.next('changed');
        assert.is(object.metadata.labels?.['change'], `${change}`);
      }
      const heardMs = performance.now() - startedAt;
      assert.ok(heardMs > writtenMs + 1_000, `written in ${writtenMs} ms, heard in ${heardMs} ms`);
      assert.equal(it.watch.drain(), []);
    },
  ),

  {
    isLong: true,
    ...cuttable(
      'silence: a watch on a connection that went dead goes on on another',
      async (it) => {
        await applyObject(it.cluster.api, childObject('d'));
        await it.watch.changed('default/d');
        it.route.swallow();
        await changeWhileNobodyListens(it.cluster);
        await it.watch.deleted('default/a');
        await it.watch.changed('default/c');
      },
    ),
  },

  cuttable('restart: an API server that dies and comes back on its port', async (it) => {
    const { plane, api } = it.cluster;
    await plane.apiServer.killTree();
    const { error } = await it.watch.next('lost');
    assert.match(error.name, /StoreUnavailableError/);
    plane.apiServer.start();
    await plane.ready(api);
    assert.equal(keysOf((await it.watch.next('listed')).objects), ['default/a', 'default/b']);
    await applyObject(api, childObject('c'));
    // As a change, or in a list: it may have forgotten the version that the watch went on from.
    it.store.relist();
    await it.watch.next('listed', ({ objects }) => keysOf(objects).includes('default/c'));
    await applyObject(api, childObject('d'));
    await it.watch.changed('default/d');
  }),

  cuttable('compaction: a version that is forgotten makes the watch list again', async (it) => {
    const { plane, api } = it.cluster;
    await it.route.cut();
    await it.watch.next('lost');
    await changeWhileNobodyListens(it.cluster);
    // The API server has the last minutes in memory, too.
    await plane.apiServer.killTree();
    await plane.compact();
    plane.apiServer.start();
    await plane.ready(api);
    await it.route.mend();
    const isNew = await it.watch.next('listed', ({ objects }) =>
      keysOf(objects).includes('default/c'),
    );
    assert.equal(keysOf(isNew.objects), ['default/b', 'default/c']);
  }),

  cuttable('certificate: the API server comes back with one of a new authority', async (it) => {
    const { plane, api } = it.cluster;
    await plane.apiServer.killTree();
    await it.watch.next('lost');
    rmSync(join(it.cluster.directory, 'certificates'), { recursive: true });
    plane.apiServer.start();
    await plane.ready(api);
    // It reads the authority's certificate at its start alone.
    await plane.controllerManager?.killTree();
    plane.controllerManager?.start();
    await it.watch.next('listed');
    await it.store.write({ do: 'delete', ref: childRef('a') });
    it.store.relist();
    await it.watch.next('listed', ({ objects }) => keysOf(objects).join() === 'default/b');
  }),

  cuttable('conflicts: ten writers who test the version lose no change', async (it) => {
    const counted = async (): Promise<void> => {
      for (;;) {
        const { metadata, ...object } = await readChild(it.store);
        const count = Number(metadata.annotations?.['count'] ?? 0) + 1;
        const outcome = await it.store
          .write({
            do: 'patch',
            ref: childRef('a'),
            patch: [
              { op: 'test', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
              {
                op: 'add',
                path: '/metadata/annotations',
                value: { ...metadata.annotations, count: String(count) },
              },
            ],
          })
          .catch((failure: unknown) => failure);
        if (!(outcome instanceof Error)) return;
        assert.is(outcome.name, 'ConflictError', `${object.kind}: ${outcome.message}`);
      }
    };
    await Promise.all(Array.from({ length: 10 }, counted));
    assert.is((await readChild(it.store)).metadata.annotations?.['count'], '10');
  }),

  cuttable('refusals: what is wrong and what is in conflict are told apart', async ({ store }) => {
    const refusalOf = async (...patch: { op: 'add' | 'test'; path: string; value: unknown }[]) => {
      const outcome = await store
        .write({ do: 'patch', ref: childRef('a'), patch })
        .catch((failure: unknown) => failure);
      return String(outcome);
    };
    const good = { op: 'test', path: '/spec/serviceRef/name', value: 'web' } as const;
    const bad = { op: 'test', path: '/spec/serviceRef/name', value: 'mail' } as const;
    const nowhere = { op: 'add', path: '/spec/a/b/c', value: 1 } as const;
    const schema = { op: 'add', path: '/spec/serviceRef/name', value: '' } as const;
    assert.match(await refusalOf(bad), /ConflictError/);
    assert.match(await refusalOf(nowhere), /InvalidError/);
    assert.match(await refusalOf(good, schema), /InvalidError.*spec\.serviceRef\.name/s);
    assert.match(await refusalOf(good), /object/);
  }),
];

async function readChild(store: Store) {
  const watch = new WatchRecorder(store, CHILDREN);
  const { objects } = await watch.next('listed');
  watch.stop();
  const object = objects.find(({ metadata }) => metadata.name === 'a');
  assert.ok(object);
  return object;
}
