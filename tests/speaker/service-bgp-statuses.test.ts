import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ServiceBgpStatuses } from '../../modules/metallb/src/speaker/service-bgp-statuses.ts';
import { MemoryStore } from '../../modules/metallb/src/store/memory-store.ts';
import type { Store } from '../../modules/metallb/src/store/store.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** `printf 'n1#default/web' | sha256sum`, its first 16 digits. */
const NAME = 'bgp-b336708b888baf5a';
const REF = { kind: 'ServiceBGPStatus', namespace: 'metallb-system', name: NAME } as const;
const settled = async () => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

async function fixture(before: (store: MemoryStore) => void = () => undefined) {
  const clock = new FakeClock();
  const store = new MemoryStore(clock);
  before(store);
  await store.start();
  const peers = new Map<string, readonly string[]>();
  const writes: string[] = [];
  const counted: Pick<Store, 'watch' | 'write'> = {
    watch: (options, onEvent) => store.watch(options, onEvent),
    write: (operation) => {
      writes.push(operation.do);
      return store.write(operation);
    },
  };
  const statuses = new ServiceBgpStatuses('n1', {
    ...{ store: counted, clock, random: () => 0, namespace: 'metallb-system' },
    peersOf: (service) => peers.get(service) ?? [],
    onFailure: (_, error) => assert.unreachable(String(error)),
  });
  const announce = async (service: string, names: readonly string[]) => {
    peers.set(service, names);
    statuses.serviceChanged(service);
    await settled();
  };
  return { store, statuses, announce, writes };
}

test('an object for each Service that this node announces, for as long as it does', async () => {
  const { store, statuses, announce, writes } = await fixture();
  statuses.start();
  await announce('default/web', ['spine-1', 'spine-2']);
  assert.equal(store.get(REF)?.status, {
    ...{ node: 'n1', serviceName: 'web', serviceNamespace: 'default' },
    peers: ['spine-1', 'spine-2'],
  });
  assert.equal(store.get(REF)?.metadata.labels, {
    'metallb.io/node': 'n1',
    'metallb.io/service-name': 'web',
    'metallb.io/service-namespace': 'default',
  });
  await announce('default/web', ['spine-1', 'spine-2']);
  assert.equal(writes, ['create', 'patch'], 'nothing is written twice');
  await announce('default/web', []);
  assert.is(store.get(REF), undefined);
});

test('what an earlier speaker of this node told is taken back once it is known what is so', async () => {
  const { store, statuses } = await fixture((memory) => {
    for (const node of ['n1', 'n2']) {
      memory.put({
        ...{ apiVersion: 'metallb.io/v1beta1', kind: REF.kind },
        metadata: {
          ...{ namespace: REF.namespace, name: node === 'n1' ? NAME : 'bgp-other' },
          labels: { 'metallb.io/node': node },
        },
        status: { node, serviceName: 'web', serviceNamespace: 'default', peers: ['spine-1'] },
      });
    }
  });
  await settled();
  assert.ok(store.get(REF), 'not before');
  statuses.start();
  await settled();
  assert.is(store.get(REF), undefined);
  assert.ok(store.get({ ...REF, name: 'bgp-other' }), "another node's stays");
});

test.run();
