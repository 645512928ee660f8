import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseIpAddressPool } from '../../modules/metallb/src/api/ip-address-pool.ts';
import { parseMetalLoadBalancerPool } from '../../modules/metallb/src/api/metal-load-balancer-pool.ts';
import { ListedPools } from '../../modules/metallb/src/metallb/listed-pools.ts';
import { ipAddressPool, metalLoadBalancerPool } from '../support/metallb-objects.ts';
import { parsedValue } from '../support/parsed.ts';

const own = (name: string, namespace: string) =>
  parsedValue(parseIpAddressPool(ipAddressPool(name, ['192.0.2.1'], { namespace })));
const deckhouses = (name: string) =>
  parsedValue(parseMetalLoadBalancerPool(metalLoadBalancerPool(name, ['192.0.2.1'])));

test('of pools of one name that of the first namespace counts, and Deckhouse’s kind comes last', () => {
  const mine = own('public', 'release');
  const theirs = own('public', 'metallb-system');
  const other = deckhouses('public');
  const office = deckhouses('office');
  const pools = new ListedPools(
    { IPAddressPool: [theirs, mine], MetalLoadBalancerPool: [other, office] },
    ['release', 'metallb-system'],
  );
  assert.is(pools.named('public')?.key, 'IPAddressPool/release/public');
  assert.is(pools.named('office')?.key, 'MetalLoadBalancerPool/office');
  assert.equal(
    [...pools.all.keys()],
    ['IPAddressPool/release/public', 'MetalLoadBalancerPool/office'],
  );
  assert.is(pools.unlisted('IPAddressPool', mine.metadata), undefined);
  for (const [kind, { metadata }] of [
    ['IPAddressPool', theirs],
    ['MetalLoadBalancerPool', other],
  ] as const) {
    assert.equal(pools.unlisted(kind, metadata), {
      reason: 'NameTaken',
      message:
        'IPAddressPool/release/public has the same name, by which Services ask for it, and comes first: give this pool another name',
    });
  }
});

test('a pool of another namespace does not count, and takes no name', () => {
  const elsewhere = own('public', 'elsewhere');
  const other = deckhouses('public');
  const pools = new ListedPools({ IPAddressPool: [elsewhere], MetalLoadBalancerPool: [other] }, [
    'metallb-system',
  ]);
  assert.is(pools.named('public')?.key, 'MetalLoadBalancerPool/public');
  assert.equal(pools.unlisted('IPAddressPool', elsewhere.metadata), {
    reason: 'NotWatched',
    message:
      'namespace elsewhere is not watched: put it into one of metallb-system, or add the namespace to the value metallbNamespaces',
  });
});

test.run();
