import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Allocator } from '../../modules/metallb/src/ipam/allocator.ts';
import type { Claim } from '../../modules/metallb/src/ipam/claim.ts';
import type { Pool } from '../../modules/metallb/src/ipam/pool.ts';
import { claimOf, ipsOf, poolOf } from '../support/ipam.ts';

const dual = { families: ['IPv4', 'IPv6'] } as const;
const prefer: Partial<Claim> = { ...dual, policy: 'PreferDualStack' };
const require: Partial<Claim> = { ...dual, policy: 'RequireDualStack' };
const dns = (port: string) => ({ key: 'dns', backend: '', ports: [port] });

const DUAL_POOL = poolOf('p', '192.0.2.1-192.0.2.2, 2001:db8::1-2001:db8::2');
const IPV4_POOL = poolOf('p', '192.0.2.1-192.0.2.2');
const IPV6_POOL = poolOf('six', '2001:db8:6::1-2001:db8:6::2');
const OTHER_DUAL_POOL = poolOf('other', '198.51.100.1, 2001:db8:9::1');

interface Row {
  readonly name: string;
  readonly pools?: readonly Pool[];
  /** Assigned first, in this order. */
  readonly before?: readonly Claim[];
  readonly claim: Claim;
  /** What the owner holds afterwards. */
  readonly holds: string;
  readonly outsidePool?: string;
  readonly refused?: string;
}

const rows: readonly Row[] = [
  { name: 'a first claim gets the lowest address', claim: claimOf('a'), holds: '192.0.2.1' },
  {
    name: 'a claim for IPv6 gets IPv6',
    pools: [DUAL_POOL],
    claim: claimOf('a', { families: ['IPv6'] }),
    holds: '2001:db8::1',
  },
  {
    name: 'a single stack takes the primary family only',
    pools: [DUAL_POOL],
    claim: claimOf('a', { families: ['IPv6', 'IPv4'] }),
    holds: '2001:db8::1',
  },
  {
    name: 'a dual stack gets both families, IPv4 first',
    pools: [DUAL_POOL],
    claim: claimOf('a', { ...require, families: ['IPv6', 'IPv4'] }),
    holds: '192.0.2.1, 2001:db8::1',
  },
  {
    name: 'a required dual stack passes over a pool that has one family only',
    pools: [IPV4_POOL, IPV6_POOL, OTHER_DUAL_POOL],
    claim: claimOf('a', { ...require, pools: ['p', 'six', 'other'] }),
    holds: '198.51.100.1, 2001:db8:9::1',
  },
  {
    name: 'a required dual stack never takes its families from two pools',
    pools: [IPV4_POOL, IPV6_POOL],
    claim: claimOf('a', { ...require, pools: ['p', 'six'] }),
    holds: '',
    refused: 'no-such-family: no pool of p, six has IPv4 and IPv6 addresses',
  },
  {
    name: 'a preferred dual stack takes one pool with both over an earlier one with one family',
    pools: [IPV4_POOL, OTHER_DUAL_POOL],
    claim: claimOf('a', { ...prefer, pools: ['p', 'other'] }),
    holds: '198.51.100.1, 2001:db8:9::1',
  },
  {
    name: 'a preferred dual stack takes the primary family where no pool has both',
    pools: [IPV4_POOL, IPV6_POOL],
    claim: claimOf('a', { ...prefer, pools: ['six', 'p'] }),
    holds: '192.0.2.1',
  },
  {
    name: 'a preferred dual stack takes the other family where there is nothing else',
    pools: [IPV6_POOL],
    claim: claimOf('a', { ...prefer, pools: ['six'] }),
    holds: '2001:db8:6::1',
  },
  {
    name: 'a single stack that becomes dual keeps its address and gets the other family beside it',
    pools: [DUAL_POOL],
    before: [claimOf('x'), claimOf('a')],
    claim: claimOf('a', prefer),
    holds: '192.0.2.2, 2001:db8::1',
  },
  {
    name: 'a dual stack that becomes single keeps the primary family',
    pools: [DUAL_POOL],
    before: [claimOf('a', require)],
    claim: claimOf('a'),
    holds: '192.0.2.1',
  },
  {
    name: 'a single stack that requires both moves to a pool that has both',
    pools: [IPV4_POOL, OTHER_DUAL_POOL],
    before: [claimOf('a')],
    claim: claimOf('a', { ...require, pools: ['p', 'other'] }),
    holds: '198.51.100.1, 2001:db8:9::1',
  },
  {
    name: 'a single stack that requires both in vain keeps what it has',
    before: [claimOf('a')],
    claim: claimOf('a', require),
    holds: '192.0.2.1',
    refused: 'no-such-family: no pool of p has IPv4 and IPv6 addresses',
  },
  {
    name: 'an address outside the pools brings no other family from its own pool',
    pools: [DUAL_POOL, OTHER_DUAL_POOL],
    before: [claimOf('a')],
    claim: claimOf('a', { ...prefer, pools: ['other'] }),
    holds: '192.0.2.1',
    outsidePool: '192.0.2.1',
  },
  {
    name: 'requested addresses of two families come from one pool or not at all',
    pools: [DUAL_POOL, OTHER_DUAL_POOL],
    claim: claimOf('a', {
      ...require,
      pools: ['p', 'other'],
      requested: ipsOf('192.0.2.1, 2001:db8:9::1'),
    }),
    holds: '',
    refused:
      'requested-ip-not-in-pool: requested address 192.0.2.1 is in pool p, but 2001:db8:9::1 is not: both come from one pool',
  },
  {
    name: 'a requested address of another pool takes the other family along to that pool',
    pools: [DUAL_POOL, OTHER_DUAL_POOL],
    before: [claimOf('a', require)],
    claim: claimOf('a', {
      ...require,
      pools: ['p', 'other'],
      requested: ipsOf('2001:db8:9::1'),
    }),
    holds: '198.51.100.1, 2001:db8:9::1',
  },
  {
    name: 'who wants another pool since it got its address gets one of that pool',
    pools: [IPV4_POOL, OTHER_DUAL_POOL],
    before: [claimOf('a')],
    claim: claimOf('a', { pools: ['other'], poolNamedByOwner: true, leavesOtherPools: true }),
    holds: '198.51.100.1',
  },
  {
    name: 'who wants another pool that is full keeps what it has',
    pools: [IPV4_POOL, poolOf('other', '198.51.100.1')],
    before: [claimOf('a'), claimOf('x', { pools: ['other'] })],
    claim: claimOf('a', { pools: ['other'], poolNamedByOwner: true, leavesOtherPools: true }),
    holds: '192.0.2.1',
    outsidePool: '192.0.2.1',
    refused: 'pool-exhausted: no free IPv4 address (other: 1 of 1 used)',
  },
  {
    name: 'a requested address is given',
    claim: claimOf('a', { requested: ipsOf('192.0.2.2') }),
    holds: '192.0.2.2',
  },
  {
    name: 'one requested family leaves the other to choice',
    pools: [DUAL_POOL],
    claim: claimOf('a', { ...require, requested: ipsOf('2001:db8::2') }),
    holds: '192.0.2.1, 2001:db8::2',
  },
  {
    name: 'a requested address outside the pool is refused',
    claim: claimOf('a', { requested: ipsOf('192.0.2.3') }),
    holds: '',
    refused: 'requested-ip-not-in-pool: requested address 192.0.2.3 is not in pool p',
  },
  {
    name: "a requested address of somebody else's pool is refused",
    pools: [IPV4_POOL, OTHER_DUAL_POOL],
    claim: claimOf('a', { requested: ipsOf('198.51.100.1') }),
    holds: '',
    refused: 'requested-ip-not-in-pool: requested address 198.51.100.1 is not in pool p',
  },
  {
    name: 'a requested address in use is refused, and its user named',
    before: [claimOf('ns/web')],
    claim: claimOf('a', { requested: ipsOf('192.0.2.1') }),
    holds: '',
    refused:
      'requested-ip-in-use: requested address 192.0.2.1 is used by ns/web, which does not share it',
  },
  {
    name: 'who requests an address in vain keeps the one it has',
    before: [claimOf('ns/web'), claimOf('a')],
    claim: claimOf('a', { requested: ipsOf('192.0.2.1') }),
    holds: '192.0.2.2',
    refused:
      'requested-ip-in-use: requested address 192.0.2.1 is used by ns/web, which does not share it',
  },
  {
    name: 'who requests another address moves there',
    before: [claimOf('a')],
    claim: claimOf('a', { requested: ipsOf('192.0.2.2') }),
    holds: '192.0.2.2',
  },
  {
    name: 'who withdraws its request stays',
    before: [claimOf('a', { requested: ipsOf('192.0.2.2') })],
    claim: claimOf('a'),
    holds: '192.0.2.2',
  },
  {
    name: 'two requested addresses of one family are refused',
    claim: claimOf('a', { requested: ipsOf('192.0.2.1, 192.0.2.2') }),
    holds: '',
    refused: 'no-such-family: at most one address of each family can be requested',
  },
  {
    name: 'a requested address of a family that is not wanted is refused',
    pools: [DUAL_POOL],
    claim: claimOf('a', { requested: ipsOf('2001:db8::1') }),
    holds: '',
    refused: 'no-such-family: 2001:db8::1 is requested, but only IPv4 is wanted',
  },
  {
    name: 'a pool without the family is refused',
    claim: claimOf('a', { families: ['IPv6'] }),
    holds: '',
    refused: 'no-such-family: no pool of p has IPv6 addresses',
  },
  {
    name: 'a claim without a family is refused',
    claim: claimOf('a', { families: [] }),
    holds: '',
    refused: 'no-such-family: the claim names no address family',
  },
  {
    name: 'an exhausted pool says how full it is',
    before: [claimOf('x'), claimOf('y')],
    claim: claimOf('a'),
    holds: '',
    refused: 'pool-exhausted: no free IPv4 address (p: 2 of 2 used)',
  },
  {
    name: 'the next pool helps out when the first is exhausted',
    pools: [IPV4_POOL, OTHER_DUAL_POOL],
    before: [claimOf('x'), claimOf('y')],
    claim: claimOf('a', { pools: ['p', 'other'] }),
    holds: '198.51.100.1',
  },
  {
    name: 'an unknown pool is named',
    claim: claimOf('a', { pools: ['nowhere'] }),
    holds: '',
    refused: 'unknown-pool: no such pool in force: nowhere',
  },
  {
    name: 'a request from an unknown pool names the pool',
    claim: claimOf('a', { pools: ['nowhere'], requested: ipsOf('192.0.2.1') }),
    holds: '',
    refused: 'unknown-pool: no such pool in force: nowhere',
  },
  {
    name: 'a claim without pools is refused',
    claim: claimOf('a', { pools: [] }),
    holds: '',
    refused: 'unknown-pool: no pool is open to the owner',
  },
  {
    name: 'a pool that is not automatic serves nobody unasked',
    pools: [{ ...IPV4_POOL, autoAssign: false }],
    claim: claimOf('a'),
    holds: '',
    refused: 'pool-not-automatic: pool p assigns only to those who request it',
  },
  {
    name: 'a pool that is not automatic serves those who name it',
    pools: [{ ...IPV4_POOL, autoAssign: false }],
    claim: claimOf('a', { poolNamedByOwner: true }),
    holds: '192.0.2.1',
  },
  {
    name: 'a pool that is not automatic serves those who request its address',
    pools: [{ ...IPV4_POOL, autoAssign: false }],
    claim: claimOf('a', { requested: ipsOf('192.0.2.2') }),
    holds: '192.0.2.2',
  },
  {
    name: 'who may use other pools now stays, and is told',
    pools: [IPV4_POOL, OTHER_DUAL_POOL],
    before: [claimOf('a')],
    claim: claimOf('a', { pools: ['other'] }),
    holds: '192.0.2.1',
    outsidePool: '192.0.2.1',
  },
  {
    name: 'equal keys and different ports share the lowest address',
    before: [claimOf('tcp', { sharing: dns('TCP/53') })],
    claim: claimOf('udp', { sharing: dns('UDP/53') }),
    holds: '192.0.2.1',
  },
  {
    name: 'equal ports take another address',
    before: [claimOf('x', { sharing: dns('TCP/53') })],
    claim: claimOf('a', { sharing: dns('TCP/53') }),
    holds: '192.0.2.2',
  },
  {
    name: 'a requested shared address with a port in common says which',
    before: [claimOf('ns/x', { sharing: dns('TCP/53') })],
    claim: claimOf('a', { sharing: dns('TCP/53'), requested: ipsOf('192.0.2.1') }),
    holds: '',
    refused:
      'sharing-refused: requested address 192.0.2.1 is used by ns/x, which has the same port TCP/53',
  },
  {
    name: 'a sole user changes its key in place',
    before: [claimOf('a', { sharing: dns('TCP/53') })],
    claim: claimOf('a', { sharing: { key: 'web', backend: '', ports: ['TCP/80'] } }),
    holds: '192.0.2.1',
  },
  {
    name: 'a sharer that drops its key moves away',
    before: [claimOf('x', { sharing: dns('TCP/53') }), claimOf('a', { sharing: dns('UDP/53') })],
    claim: claimOf('a'),
    holds: '192.0.2.2',
  },
  {
    name: 'a sharer that takes a port of another moves away, even to nothing',
    before: [
      claimOf('x', { sharing: dns('TCP/53') }),
      claimOf('a', { sharing: dns('UDP/53') }),
      claimOf('y'),
    ],
    claim: claimOf('a', { sharing: dns('TCP/53') }),
    holds: '',
    refused:
      'pool-exhausted: no free IPv4 address (p: 2 of 2 used), and 192.0.2.1 is used by x, which has the same port TCP/53',
  },
];

for (const row of rows) {
  test(row.name, () => {
    const allocator = new Allocator();
    assert.equal(allocator.setPools(row.pools ?? [IPV4_POOL]).problems, []);
    for (const claim of row.before ?? []) assert.is(allocator.assign(claim, 0).kind, 'assigned');

    const outcome = allocator.assign(row.claim, 0);
    assert.is(
      outcome.kind === 'refused' ? `${outcome.reason}: ${outcome.sentence}` : undefined,
      row.refused,
    );
    assert.is(outcome.assignment.ips.join(', '), row.holds);
    assert.is(outcome.assignment.outsidePool.join(', '), row.outsidePool ?? '');

    const again = allocator.assign(row.claim, 0);
    assert.equal(again.assignment, outcome.assignment);
    assert.equal(again.freedPools, []);
  });
}

test('who joins an address that was for those alone who ask for it tells those who wait for its pool', () => {
  const allocator = new Allocator();
  allocator.setPools([poolOf('p', '192.0.2.1')]);
  const sharing = { key: 'k', backend: '', ports: [] };
  const ips = ipsOf('192.0.2.1');
  allocator.adopt(claimOf('kept', { sharing: { ...sharing, byRequestOnly: true } }), ips);
  const waiting = claimOf('waiting', { sharing, pools: ['p'] });
  assert.is(allocator.assign(waiting, 0).kind, 'refused');
  const joining = claimOf('joining', { sharing, pools: ['p'], requested: ips });
  assert.equal(allocator.assign(joining, 0).freedPools, ['p']);
  assert.is(allocator.assign(waiting, 0).kind, 'assigned');
});

test.run();
