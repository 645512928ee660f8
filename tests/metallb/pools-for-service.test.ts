import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseIpAddressPool } from '../../modules/metallb/src/api/ip-address-pool.ts';
import { ListedPools } from '../../modules/metallb/src/metallb/listed-pools.ts';
import { poolsForService } from '../../modules/metallb/src/metallb/pools-for-service.ts';
import { ipAddressPool } from '../support/metallb-objects.ts';
import { parsedValue } from '../support/parsed.ts';

const SERVICE = {
  namespace: 'shop',
  labels: { app: 'web', tier: 'front' },
  namespaceLabels: { team: 'sales' },
};
const byTeam = (team: string) => [{ matchLabels: { team } }];
const byApp = (app: string) => [{ matchLabels: { app } }];

/** Spec of a pool by its name; `served` is the order in which `SERVICE` is served from them. */
const rows: readonly {
  readonly name: string;
  readonly pools: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly served: string;
}[] = [
  { name: 'pools for everybody, by name', pools: { b: {}, a: {}, c: {} }, served: 'a b c' },
  {
    name: 'pools that name the namespace come before those for everybody',
    pools: { a: {}, mine: { serviceAllocation: { namespaces: ['shop'] } } },
    served: 'mine a',
  },
  {
    name: 'a namespace may be selected by its labels instead: one of both is enough',
    pools: {
      selected: { serviceAllocation: { namespaceSelectors: byTeam('sales') } },
      either: {
        serviceAllocation: { namespaces: ['other'], namespaceSelectors: byTeam('sales') },
      },
      neither: {
        serviceAllocation: { namespaces: ['other'], namespaceSelectors: byTeam('support') },
      },
    },
    served: 'either selected',
  },
  {
    name: 'of several selectors one is enough',
    pools: {
      any: { serviceAllocation: { serviceSelectors: [...byApp('db'), ...byApp('web')] } },
    },
    served: 'any',
  },
  {
    name: 'where namespaces and labels are named, both must fit',
    pools: {
      both: { serviceAllocation: { namespaces: ['shop'], serviceSelectors: byApp('web') } },
      'label-only': { serviceAllocation: { namespaces: ['x'], serviceSelectors: byApp('web') } },
      'namespace-only': {
        serviceAllocation: { namespaces: ['shop'], serviceSelectors: byApp('db') },
      },
    },
    served: 'both',
  },
  {
    name: 'the lowest number comes first, 0 and none after all others, equal ones by name',
    pools: {
      a: { serviceAllocation: { namespaces: ['shop'] } },
      b: { serviceAllocation: { namespaces: ['shop'], priority: 0 } },
      c: { serviceAllocation: { namespaces: ['shop'], priority: 20 } },
      d: { serviceAllocation: { namespaces: ['shop'], priority: 3 } },
      e: { serviceAllocation: { serviceSelectors: byApp('web'), priority: 3 } },
    },
    served: 'd e c a b',
  },
  {
    name: 'a priority alone is for everybody',
    pools: { a: {}, b: { serviceAllocation: { priority: 1 } }, c: { serviceAllocation: {} } },
    served: 'b c a',
  },
  {
    name: 'pools that give nothing by themselves come last: whoever asks may have of them',
    pools: {
      a: { autoAssign: false, serviceAllocation: { namespaces: ['shop'], priority: 1 } },
      b: {},
      c: { autoAssign: false, serviceAllocation: { namespaces: ['other'] } },
    },
    served: 'b a',
  },
];

for (const { name, pools, served } of rows) {
  test(name, () => {
    const objects = Object.entries(pools).map(([pool, spec], index) =>
      parsedValue(parseIpAddressPool(ipAddressPool(pool, [`192.0.2.${index}`], { spec }))),
    );
    for (const order of [objects, [...objects].reverse()]) {
      const listed = new ListedPools({ IPAddressPool: order, MetalLoadBalancerPool: [] }, [
        'metallb-system',
      ]);
      const found = poolsForService(listed.all.values(), SERVICE);
      assert.is(found.map((pool) => pool.name).join(' '), served);
    }
  });
}

test.run();
