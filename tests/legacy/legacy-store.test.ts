import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { parseBfdProfile } from '../../modules/metallb/src/api/bfd-profile.ts';
import { parseBgpAdvertisement } from '../../modules/metallb/src/api/bgp-advertisement.ts';
import { parseBgpPeer } from '../../modules/metallb/src/api/bgp-peer.ts';
import { parseCommunityObject } from '../../modules/metallb/src/api/community.ts';
import type { Parsed } from '../../modules/metallb/src/api/problem.ts';
import { legacyStore } from '../../modules/metallb/src/legacy/legacy-store.ts';
import { MemoryStore } from '../../modules/metallb/src/store/memory-store.ts';
import type { Kind, Store, WatchEvent } from '../../modules/metallb/src/store/store.ts';
import { legacyContract } from '../support/contracts/legacy-store-contract.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { manifestStoreUnderTest, memoryStoreUnderTest } from '../support/stores-under-test.ts';
import { WatchRecorder } from '../support/watch-recorder.ts';

legacyContract('memory', memoryStoreUnderTest);
legacyContract('manifests', manifestStoreUnderTest);

const CONFIG_MAPS = new URL('../golden/metallb-config-map/', import.meta.url);

async function storeWith(file: string): Promise<MemoryStore> {
  const store = new MemoryStore(new FakeClock());
  store.put(parse(readFileSync(new URL(file, CONFIG_MAPS), 'utf8')));
  await store.start();
  return store;
}

test('an old ConfigMap as people have it gives its pool, and no answer for what is routed', async () => {
  const store = await storeWith('bgp-alone.yaml');
  const problems: unknown[] = [];
  const seen = legacyStore(store, { namespace: 'metallb', name: 'config' }, (told) =>
    problems.push(...told),
  );
  const { objects } = await new WatchRecorder(seen, { kind: 'IPAddressPool' }).next('listed');
  assert.equal(
    objects.map(({ metadata, spec }) => [metadata.namespace, metadata.name, spec]),
    [['metallb', 'default', { addresses: ['192.168.10.0/24'] }]],
  );
  const layer2 = await new WatchRecorder(seen, { kind: 'L2Advertisement' }).next('listed');
  assert.equal(layer2.objects, []);
  assert.equal(problems, []);
});

const BGP_KINDS: readonly [Kind, (object: unknown) => Parsed<unknown>, string[]][] = [
  ['BGPPeer', parseBgpPeer, ['peer1', 'peer2', 'peer3']],
  [
    'BGPAdvertisement',
    parseBgpAdvertisement,
    ['bgpadvertisement1', 'bgpadvertisement2', 'bgpadvertisement3'],
  ],
  ['Community', parseCommunityObject, ['communities']],
  ['BFDProfile', parseBfdProfile, ['fast', 'default']],
];
for (const [kind, parseKind, names] of BGP_KINDS) {
  test(`what an old ConfigMap says is there as ${kind}, for programs that read it`, async () => {
    const store = await storeWith('every-field.yaml');
    const [object] = store.list('ConfigMap');
    const { namespace = '', name = '' } = object?.metadata ?? {};
    const seen = legacyStore(store, { namespace, name }, (told) => assert.equal(told, []));
    const { objects } = await new WatchRecorder(seen, { kind }).next('listed');
    assert.equal(
      objects.map(({ metadata }) => metadata.name),
      names,
    );
    for (const one of objects) assert.ok(parseKind(one).ok, JSON.stringify(one));
  });
}

test('a peer of an old ConfigMap has its password with it: nobody needs to read Secrets for it', async () => {
  const store = await storeWith('every-field.yaml');
  const [object] = store.list('ConfigMap');
  const { namespace = '', name = '' } = object?.metadata ?? {};
  const seen = legacyStore(store, { namespace, name }, (told) => assert.equal(told, []));
  const { objects } = await new WatchRecorder(seen, { kind: 'BGPPeer' }).next('listed');
  const secrets = objects.map((one) => {
    const peer = parseBgpPeer(one);
    return peer.ok ? [peer.value.spec.password, peer.value.spec.passwordSecret] : peer.problems;
  });
  const none = [undefined, undefined];
  assert.equal(secrets, [none, ['yourPassword', undefined], none]);
});

test('a store that is lost and found again lists both', async () => {
  const store = new MemoryStore(new FakeClock());
  await store.start();
  const config = 'address-pools: [{name: a, protocol: layer2, addresses: [192.0.2.0/28]}]';
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', data: { config } };
  store.put({ ...configMap, metadata: { namespace: 'default', name: 'config' } });
  const seen = legacyStore(store, { namespace: 'default', name: 'config' }, () => undefined);
  const watch = new WatchRecorder(seen, { kind: 'IPAddressPool' });
  await watch.next('listed');
  store.lose();
  await watch.next('lost');
  const late = new WatchRecorder(seen, { kind: 'IPAddressPool' });
  await late.next('lost');
  store.recover();
  for (const each of [watch, late]) {
    const { objects } = await each.next('listed');
    assert.equal(
      objects.map(({ metadata }) => metadata.name),
      ['a'],
    );
  }
});

/** A store whose watches tell what a test says, in the order in which it says it. */
class ToldStore {
  readonly #watches = new Map<string, ((event: WatchEvent) => void)[]>();
  readonly store: Store = {
    watch: ({ kind }, onEvent) => {
      this.#watches.set(kind, [...(this.#watches.get(kind) ?? []), onEvent]);
      return { stop: () => undefined };
    },
    relist: () => undefined,
    write: async () => undefined,
    start: async () => undefined,
    stop: async () => undefined,
  };

  tell(kind: string, event: WatchEvent): void {
    for (const onEvent of this.#watches.get(kind) ?? []) onEvent(event);
  }
}

const MADE = { uid: 'u', creationTimestamp: '2026-01-01T00:00:00Z' };
const CONFIG_MAP = {
  ...{ apiVersion: 'v1', kind: 'ConfigMap' },
  metadata: { namespace: 'default', name: 'config', resourceVersion: '7', ...MADE },
  data: { config: 'address-pools: [{name: a, protocol: layer2, addresses: [192.0.2.0/28]}]' },
};
const NO_POOLS: WatchEvent = { type: 'listed', objects: [], revision: 5 };
const ITS_CONFIG_MAP: WatchEvent = { type: 'listed', objects: [CONFIG_MAP], revision: 7 };
const LOST: WatchEvent = { type: 'lost', error: new Error('forbidden') };

const orders: [string, [kind: string, event: WatchEvent][], string[]][] = [
  [
    'nothing is told before both are listed, pools first',
    [
      ['IPAddressPool', NO_POOLS],
      ['IPAddressPool', { type: 'bookmark', revision: 6 }],
      ['ConfigMap', ITS_CONFIG_MAP],
    ],
    ['listed 7 a'],
  ],
  [
    'nothing is told before both are listed, the ConfigMap first',
    [
      ['ConfigMap', ITS_CONFIG_MAP],
      ['IPAddressPool', { type: 'listed', objects: [], revision: 9 }],
    ],
    ['listed 9 a'],
  ],
  [
    'while one of them is lost, nothing that the other tells ends that',
    [
      ['IPAddressPool', NO_POOLS],
      ['ConfigMap', ITS_CONFIG_MAP],
      ['ConfigMap', LOST],
      ['IPAddressPool', { ...NO_POOLS, revision: 8 }],
      ['ConfigMap', ITS_CONFIG_MAP],
    ],
    ['listed 7 a', 'lost', 'listed 8 a'],
  ],
  [
    'a bookmark of either is one of both',
    [
      ['IPAddressPool', NO_POOLS],
      ['ConfigMap', ITS_CONFIG_MAP],
      ['IPAddressPool', { type: 'bookmark', revision: 6 }],
      ['ConfigMap', { type: 'bookmark', revision: 12 }],
    ],
    ['listed 7 a', 'bookmark 7', 'bookmark 12'],
  ],
];
for (const [name, events, expected] of orders) {
  test(name, () => {
    const { told, tell } = listening(new ToldStore());
    for (const [kind, event] of events) tell(kind, event);
    assert.equal(told, expected);
  });
}

test('whoever watches while the ConfigMap is lost hears so', () => {
  const source = new ToldStore();
  const first = listening(source);
  source.tell('IPAddressPool', NO_POOLS);
  source.tell('ConfigMap', LOST);
  assert.equal(first.told, ['lost']);
  const late: string[] = [];
  first.store.watch({ kind: 'IPAddressPool' }, ({ type }) => late.push(type));
  assert.equal(late, ['lost']);
});

function listening(source: ToldStore) {
  const store = legacyStore(
    source.store,
    { namespace: 'default', name: 'config' },
    () => undefined,
  );
  const told: string[] = [];
  store.watch({ kind: 'IPAddressPool' }, (event) => {
    const names = event.type === 'listed' ? event.objects.map(({ metadata }) => metadata.name) : [];
    const revision = event.type === 'lost' ? [] : [event.revision];
    told.push([event.type, ...revision, ...names].join(' '));
  });
  return { store, told, tell: (kind: string, event: WatchEvent) => source.tell(kind, event) };
}

test.run();
