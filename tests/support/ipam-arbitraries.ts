import * as fc from 'fast-check';
import type { Claim } from '../../modules/metallb/src/ipam/claim.ts';
import type { Pool } from '../../modules/metallb/src/ipam/pool.ts';
import type { IpAddress } from '../../modules/metallb/src/net/ip.ts';
import { claimOf, ipsOf, poolOf } from './ipam.ts';

export const COOL_DOWN_MS = 100;
export const OWNERS: readonly string[] = ['a', 'b', 'c', 'd', 'e'];

/** What may happen to addresses. */
export type Operation =
  | { readonly kind: 'assign'; readonly claim: Claim; readonly afterMs: number }
  | { readonly kind: 'adopt'; readonly claim: Claim; readonly ips: readonly IpAddress[] }
  | { readonly kind: 'release'; readonly owner: string; readonly afterMs: number }
  | { readonly kind: 'set-pools'; readonly pools: readonly Pool[] }
  /** @param order in which owners are read again */
  | { readonly kind: 'restart'; readonly order: readonly number[] };

/** What pools are made of: no two overlap, and some addresses are those that `avoidBuggyIps` leaves out. */
const PIECES = [
  '10.0.0.252/31',
  '10.0.0.254-10.0.1.1',
  '10.0.1.2',
  '2001:db8::/127',
  '2001:0db8::2-2001:db8::4',
  '2001:db8::ff:0/128',
];
const POOLS = ['p', 'q', 'r'];
const IPV4 = ipsOf('10.0.0.252, 10.0.0.255, 10.0.1.0, 10.0.1.2, 10.0.2.0');
const IPV6 = ipsOf('2001:db8::1, 2001:db8::2, 2001:db8::ff:0, 2001:db8:1::');

const flags = fc.record({
  autoAssign: fc.constantFrom(true, true, false),
  avoidBuggyIps: fc.boolean(),
  reassigns: fc.constantFrom(false, false, true),
});

/** Up to three pools, each of some of the pieces, in any order. */
const poolSet: fc.Arbitrary<readonly Pool[]> = fc
  .record({
    homes: fc.array(fc.constantFrom(...POOLS, ''), {
      minLength: PIECES.length,
      maxLength: PIECES.length,
    }),
    wishes: fc.tuple(flags, flags, flags),
    names: fc.shuffledSubarray(POOLS, { minLength: POOLS.length }),
    isBackwards: fc.boolean(),
  })
  .map(({ homes, wishes, names, isBackwards }) =>
    names.flatMap((name, index) => {
      const pieces = PIECES.filter((_, at) => homes[at] === name);
      if (pieces.length === 0) return [];
      const ranges = isBackwards ? [...pieces].reverse() : pieces;
      return [poolOf(name, ranges.join(), wishes[index])];
    }),
  );

const afterMs = fc.constantFrom(0, 30, COOL_DOWN_MS);
const owner = fc.constantFrom(...OWNERS);

const sharing = fc.option(
  fc.record({
    key: fc.constantFrom('k', 'k', 'k', 'l', ''),
    backend: fc.constantFrom('', '', '', 'app=a'),
    ports: fc.subarray(['TCP/1', 'TCP/2', 'UDP/1'], { maxLength: 2 }),
    byRequestOnly: fc.constantFrom(false, false, false, true),
  }),
  { nil: undefined },
);

/** None as a rule, at times one of a family, of both, or too many. */
const ips = fc.oneof(
  { weight: 6, arbitrary: fc.constant([]) },
  { weight: 2, arbitrary: fc.constantFrom(...IPV4, ...IPV6).map((ip) => [ip]) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...IPV4), fc.constantFrom(...IPV6))
      .map((both) => [...both]),
  },
  { weight: 1, arbitrary: fc.shuffledSubarray([...IPV4, ...IPV6], { maxLength: 3 }) },
);

const claim: fc.Arbitrary<Claim> = fc.record({
  owner,
  pools: fc.oneof(
    { weight: 3, arbitrary: fc.shuffledSubarray(POOLS, { minLength: 1 }) },
    { weight: 1, arbitrary: fc.constantFrom(['p'], [], ['nowhere']) },
  ),
  poolNamedByOwner: fc.boolean(),
  leavesOtherPools: fc.constantFrom(false, false, true),
  families: fc.constantFrom(
    ...([['IPv4'], ['IPv4'], ['IPv6'], ['IPv4', 'IPv6'], ['IPv6', 'IPv4'], []] as const),
  ),
  policy: fc.constantFrom('SingleStack', 'PreferDualStack', 'RequireDualStack'),
  requested: ips,
  sharing,
});

const adopted = fc.oneof(
  fc.constantFrom(...IPV4, ...IPV6).map((ip) => [ip]),
  fc.tuple(fc.constantFrom(...IPV4), fc.constantFrom(...IPV6)).map((both) => [...both]),
);

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('assign' as const), claim, afterMs }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('adopt' as const), claim, ips: adopted }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('release' as const), owner, afterMs }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('set-pools' as const), pools: poolSet }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('restart' as const),
      order: fc.array(fc.nat(9), { minLength: OWNERS.length, maxLength: OWNERS.length }),
    }),
  },
);

/** One pool of three addresses, which most of its owners would share, on terms that change. */
const crowd = fc
  .array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc
          .record({
            ...{ owner, poolNamedByOwner: fc.boolean() },
            ports: fc.subarray(['TCP/1', 'TCP/2', 'UDP/1'], { maxLength: 2 }),
            key: fc.constantFrom('k', 'k', 'l'),
            requested: fc.constantFrom<IpAddress[][]>([], [], ...IPV4.map((ip) => [ip])),
          })
          .map(({ key, ports, ...wish }): Operation => {
            const sharing = { key, ports, backend: '' };
            return { kind: 'assign', claim: { ...claimOf(wish.owner, wish), sharing }, afterMs: 0 };
          }),
      },
      { weight: 1, arbitrary: operation },
    ),
    { minLength: 5, maxLength: 50 },
  )
  .map((operations): readonly Operation[] => [
    { kind: 'set-pools', pools: [poolOf('p', '10.0.0.252, 10.0.0.255, 10.0.1.2')] },
    ...operations,
  ]);

/** Pools, and what happens from then on. */
export const history: fc.Arbitrary<readonly Operation[]> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(poolSet, fc.array(operation, { minLength: 5, maxLength: 50 }))
      .map(([pools, operations]) => [{ kind: 'set-pools' as const, pools }, ...operations]),
  },
  { weight: 1, arbitrary: crowd },
);
