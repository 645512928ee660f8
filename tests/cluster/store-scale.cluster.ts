import { randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as assert from 'uvu/assert';
import type { ControlPlane } from '../../lab/kubernetes/control-plane.ts';
import { CHILD_KIND } from '../../modules/metallb/src/api/names.ts';
import { childObject, childRef } from '../support/objects.ts';
import { WatchRecorder } from '../support/watch-recorder.ts';
import type { ClusterScenario } from './cluster-scenario.ts';
import { removeAll, StoreBench } from './store-support.ts';

const COUNT = 10_000;
/** etcd takes no more in one transaction. */
const AT_A_TIME = 128;
const REGISTRY = '/registry/internal.network.deckhouse.io/sdninternall2lbservices/default';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

function usedMebibytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

/** Straight into etcd, as the API server would write them: through it, that takes minutes on a small machine. */
async function createChildren(plane: ControlPlane): Promise<void> {
  for (let first = 1; first <= COUNT; first += AT_A_TIME) {
    const length = Math.min(AT_A_TIME, COUNT - first + 1);
    const puts = Array.from({ length }, (_, index) => putOf(`c${first + index}`));
    // No conditions, what is done, and what would be done else.
    await plane.etcdctl(['txn'], `\n${puts.join('\n')}\n\n\n`);
  }
}

function putOf(name: string): string {
  const { metadata, ...object } = childObject(name);
  const stamps = { uid: randomUUID(), creationTimestamp: '2026-01-01T00:00:00Z', generation: 1 };
  const stored = JSON.stringify({ ...object, metadata: { ...metadata, ...stamps } });
  return `put ${REGISTRY}/${name} ${JSON.stringify(stored)}`;
}

export const scenarios: readonly ClusterScenario[] = [
  {
    name: 'store/scale: 10,000 objects are listed, and one change among them is one event',
    deadlineMs: 240_000,
    play: async ({ plane, api, tell }) => {
      const bench = new StoreBench();
      await removeAll(api);
      try {
        await createChildren(plane);
        const before = usedMebibytes();
        const store = await bench.open(plane.kubeconfig('admin'));
        const startedAt = performance.now();
        const watch = new WatchRecorder(store, { kind: CHILD_KIND });
        const { objects } = await watch.next('listed');
        const listMs = performance.now() - startedAt;
        assert.is(objects.length, COUNT);
        const heldMebibytes = usedMebibytes() - before;
        const changedAt = performance.now();
        await store.write({
          ...{ do: 'patch', ref: childRef('c77') },
          patch: [{ op: 'add', path: '/spec/serviceRef/name', value: 'mail' }],
        });
        await watch.changed('default/c77');
        tell(
          `listed in ${listMs.toFixed(0)} ms, holds ${heldMebibytes.toFixed(1)} MiB, ` +
            `a change is heard after ${(performance.now() - changedAt).toFixed(1)} ms`,
        );
        assert.equal(watch.drain(), []);
      } finally {
        await bench.end();
        await plane.etcdctl(['del', '--prefix', REGISTRY]);
      }
    },
  },
];
