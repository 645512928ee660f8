import { isDeepStrictEqual } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseIpAddressPool } from '../../../modules/metallb/src/api/ip-address-pool.ts';
import { parseL2Advertisement } from '../../../modules/metallb/src/api/l2-advertisement.ts';
import type { KubernetesObject } from '../../../modules/metallb/src/api/object.ts';
import { formatProblems } from '../../../modules/metallb/src/api/problem.ts';
import { legacyStore } from '../../../modules/metallb/src/legacy/legacy-store.ts';
import { InvalidError } from '../../../modules/metallb/src/store/errors.ts';
import type {
  JsonPatchOperation,
  NewObject,
  ObjectRef,
  Store,
} from '../../../modules/metallb/src/store/store.ts';
import { SeenObjects } from '../seen-objects.ts';
import type { StorePromise, StoreUnderTest } from './store-contract.ts';

const NAME = { namespace: 'default', name: 'config' };
const REF: ObjectRef = { kind: 'ConfigMap', ...NAME };

/** A store through which the ConfigMap is seen, and what was told of it. */
interface LegacyStore extends StoreUnderTest {
  readonly problems: string[];
  /** Resolves with what is told from now on, if nothing was told. */
  readonly nextProblem: () => Promise<void>;
  readonly pools: SeenObjects;
  readonly say: (...pools: readonly string[]) => Promise<void>;
  readonly saysNothing: () => Promise<void>;
}

type Check = (it: LegacyStore) => Promise<void>;

/** A pool as a line of the ConfigMap. */
function line(name: string, addresses: string, more = ''): string {
  return `- {name: ${name}, protocol: layer2, addresses: [${addresses}]${more}}`;
}

function configMap(pools: readonly string[]): NewObject {
  return {
    ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: NAME },
    data: { config: `address-pools:\n${pools.join('\n')}\n` },
  };
}

function legacyOf(it: StoreUnderTest): LegacyStore {
  const problems: string[] = [];
  let onProblem: () => void = () => undefined;
  const through = (store: Store) =>
    legacyStore(store, NAME, (told) => {
      if (told.length === 0) return;
      problems.push(formatProblems(told));
      onProblem();
    });
  const store = through(it.store);
  return {
    ...it,
    store,
    problems,
    nextProblem: () =>
      new Promise((resolve) => {
        onProblem = resolve;
        if (problems.length > 0) resolve();
      }),
    pools: new SeenObjects(store, 'IPAddressPool', NAME.namespace),
    restart: async (whileDown) => through(await it.restart(whileDown)),
    say: (...pools) => it.user.apply(configMap(pools)),
    saysNothing: () => it.user.remove(REF),
  };
}

function addressesOf(object: KubernetesObject | undefined): unknown {
  return (object?.spec as { addresses?: unknown } | undefined)?.addresses;
}

/** The one with this name, once it has these addresses. */
function pool(seen: SeenObjects, name: string, addresses: string): Promise<KubernetesObject> {
  const fits = (object: KubernetesObject) => isDeepStrictEqual(addressesOf(object), [addresses]);
  return seen.object(`default/${name}`, fits);
}

function ownPool(name: string, address: string): NewObject {
  return {
    ...{ apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool' },
    ...{ metadata: { name, namespace: 'default' }, spec: { addresses: [address] } },
  };
}

const A = line('a', '192.0.2.0/28');
const B = line('Pool_B', '192.0.2.16/28', ', auto-assign: false');

const PROMISES: readonly (readonly [sentence: string, check: Check])[] = [
  [
    'its pools and advertisements are there, and can be read',
    async ({ say, store, pools, problems }) => {
      await say(A, B);
      const advertisements = new SeenObjects(store, 'L2Advertisement', NAME.namespace);
      await advertisements.until(({ objects }) => objects.size === 2);
      await pools.until(({ objects }) => objects.size === 2);
      assert.equal([...pools.objects.keys()].sort(), ['default/Pool_B', 'default/a']);
      const parsed = [
        ...[...pools.objects.values()].map(parseIpAddressPool),
        ...[...advertisements.objects.values()].map(parseL2Advertisement),
      ];
      assert.ok(parsed.every(({ ok }) => ok));
      for (const { metadata } of [...pools.objects.values(), ...advertisements.objects.values()]) {
        assert.match(metadata.resourceVersion, /^\d+$/);
        assert.match(metadata.creationTimestamp, /^\d{4}-\d\d-\d\dT/);
      }
      assert.equal(
        problems.filter((told) => !told.includes('is missing')),
        [],
      );
    },
  ],
  [
    'what is edited there is told as changes and deletions, of the same objects',
    async ({ say, pools }) => {
      await say(A, B);
      const before = await pool(pools, 'a', '192.0.2.0/28');
      await pool(pools, 'Pool_B', '192.0.2.16/28');
      const { revision } = pools;
      await say(line('a', '192.0.2.0/29'), line('c', '192.0.2.32/28'));
      const after = await pool(pools, 'a', '192.0.2.0/29');
      const another = await pool(pools, 'c', '192.0.2.32/28');
      await pools.until(({ objects }) => !objects.has('default/Pool_B'));
      assert.is(after.metadata.uid, before.metadata.uid);
      assert.is.not(another.metadata.uid, before.metadata.uid);
      assert.ok(pools.revision > revision);
      assert.equal([...new Set(pools.told.slice(-3))].sort(), ['changed', 'deleted']);
    },
  ],
  [
    'with it its objects go, and those of a new one are others',
    async ({ say, saysNothing, pools, problems }) => {
      await say(A);
      const before = await pool(pools, 'a', '192.0.2.0/28');
      problems.splice(0);
      await saysNothing();
      await pools.until(({ objects }) => objects.size === 0);
      assert.equal(problems, [
        "ConfigMap/default/config: (whole object) is missing: expected MetalLB's configuration, as the setting legacy-config-map says",
      ]);
      await say(A);
      const after = await pool(pools, 'a', '192.0.2.0/28');
      assert.is.not(after.metadata.uid, before.metadata.uid);
    },
  ],
  [
    'a version with a problem changes nothing while there is a good one, and is told once',
    async ({ say, store, pools, problems, nextProblem }) => {
      await say(A);
      await pool(pools, 'a', '192.0.2.0/28');
      problems.splice(0);
      await say(line('a', '192.0.2.0/30'), line('b', '192.0.2.300'));
      await nextProblem();
      const lists = pools.told.length;
      store.relist();
      await pools.until(({ told }) => told.slice(lists).includes('listed'));
      assert.equal(addressesOf(pools.objects.get('default/a')), ['192.0.2.0/28']);
      await say(line('a', '192.0.2.0/31'));
      await pool(pools, 'a', '192.0.2.0/31');
      assert.equal(problems, [
        'ConfigMap/default/config: address-pools[1].addresses[0] is "192.0.2.300": expected a CIDR such as 192.0.2.0/24 or a range such as 192.0.2.10-192.0.2.19',
      ]);
    },
  ],
  [
    'as long as there was no good one, what can be read counts, whatever is wrong with the rest',
    async ({ say, pools, problems }) => {
      await say(A, line('b', '192.0.2.300'));
      await pool(pools, 'a', '192.0.2.0/28');
      assert.equal([...pools.objects.keys()], ['default/a']);
      assert.match(problems.at(-1) ?? '', '192.0.2.300');
      await say(line('a', '192.0.2.0/30'), line('b', '192.0.2.300'));
      await pool(pools, 'a', '192.0.2.0/30');
    },
  ],
  [
    'a text that is no YAML is told without what it says',
    async ({ say, pools, problems, nextProblem }) => {
      await say(A);
      await pool(pools, 'a', '192.0.2.0/28');
      problems.splice(0);
      await say('- {password: hunter2, }}');
      await nextProblem();
      await say(line('a', '192.0.2.0/31'));
      await pool(pools, 'a', '192.0.2.0/31');
      assert.is(problems.length, 1);
      assert.match(problems[0] ?? '', /data\.config is "\(not shown\)": line 2: /);
      assert.not.match(problems[0] ?? '', 'hunter2');
    },
  ],
  [
    'an own object of the same name hides one of its objects, as long as it is there',
    async ({ say, user, pools }) => {
      await say(A);
      const shown = await pool(pools, 'a', '192.0.2.0/28');
      await user.apply(ownPool('a', '198.51.100.0/28'));
      const own = await pool(pools, 'a', '198.51.100.0/28');
      assert.is.not(own.metadata.uid, shown.metadata.uid);
      await user.remove({ kind: 'IPAddressPool', namespace: 'default', name: 'a' });
      assert.equal(await pool(pools, 'a', '192.0.2.0/28'), shown);
    },
  ],
  [
    'its statuses are dropped, other writes are refused, and all others are written',
    async ({ say, user, store, pools }) => {
      await say(A);
      await user.apply(ownPool('own', '198.51.100.0/28'));
      await pools.until(({ objects }) => objects.size === 2);
      const status = { assignedIPv4: 1, assignedIPv6: 0, availableIPv4: 15, availableIPv6: 0 };
      const patch: JsonPatchOperation[] = [{ op: 'add', path: '/status', value: status }];
      const write = (name: string, subresource?: 'status') => {
        const ref = { kind: 'IPAddressPool', namespace: 'default', name } as const;
        return store.write({ do: 'patch', ref, patch, ...(subresource && { subresource }) });
      };
      assert.is((await write('a', 'status'))?.status, undefined);
      const refusal = await write('a').catch((error: unknown) => error);
      assert.instance(refusal, InvalidError);
      assert.match(String(refusal), 'is in ConfigMap default/config: it is changed there');
      assert.equal((await write('own', 'status'))?.status, status);
      await pools.until(({ objects }) => objects.get('default/own')?.status !== undefined);
    },
  ],
  [
    'a watch of another namespace has none of them',
    async ({ say, store, pools }) => {
      await say(A);
      const elsewhere = new SeenObjects(store, 'IPAddressPool', 'web');
      const here = new SeenObjects(store, 'IPAddressPool', 'default');
      await elsewhere.until(({ told }) => told.length > 0);
      await say(A, B);
      await pool(pools, 'Pool_B', '192.0.2.16/28');
      await pool(here, 'Pool_B', '192.0.2.16/28');
      assert.is(elsewhere.objects.size, 0);
    },
  ],
  [
    'after a restart they are the same objects',
    async ({ say, pools, restart }) => {
      await say(A);
      const before = await pool(pools, 'a', '192.0.2.0/28');
      const again = new SeenObjects(await restart(async () => undefined), 'IPAddressPool');
      assert.equal(await pool(again, 'a', '192.0.2.0/28'), before);
    },
  ],
];

/** What a store through which a ConfigMap is seen promises, on top of what the store beneath does. */
export function legacyPromises(): readonly StorePromise[] {
  return PROMISES.map(([sentence, check]) => ({
    sentence,
    keep: async (makeStore) => {
      const it = await makeStore();
      try {
        await check(legacyOf(it));
      } finally {
        await it.cleanup();
      }
    },
  }));
}

/** The promises as unit tests. */
export function legacyContract(name: string, makeStore: () => Promise<StoreUnderTest>): void {
  const contract = suite(`legacy ConfigMap: ${name}`);
  for (const { sentence, keep } of legacyPromises()) contract(sentence, () => keep(makeStore));
  contract.run();
}
