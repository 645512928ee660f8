import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mergeRanges, type Pool, poolSize } from '../../modules/metallb/src/ipam/pool.ts';
import { PoolSpace } from '../../modules/metallb/src/ipam/pool-space.ts';
import { PoolsInForce } from '../../modules/metallb/src/ipam/pools-in-force.ts';
import { type IpAddress, ipFromBigInt } from '../../modules/metallb/src/net/ip.ts';
import { formatRange, type IpRange } from '../../modules/metallb/src/net/range.ts';
import { poolOf, rangesOf } from '../support/ipam.ts';
import { addressesOf } from '../support/naive-ipam.ts';

const sizes: readonly [ranges: string, avoidBuggyIps: boolean, size: bigint][] = [
  ['192.0.2.0/24', false, 256n],
  ['192.0.2.0/24', true, 254n],
  ['192.0.2.255-192.0.3.0', true, 0n],
  ['192.0.2.1-192.0.2.254', true, 254n],
  ['10.0.0.0/8', true, 16_646_144n],
  ['192.0.2.0/31, 192.0.2.1-192.0.2.2', false, 3n],
  ['2001:db8::/64', true, 1n << 64n],
  ['2001:db8::/64, 192.0.2.7', false, (1n << 64n) + 1n],
];

for (const [ranges, avoidBuggyIps, size] of sizes) {
  test(`${ranges} has ${size} addresses ${avoidBuggyIps ? 'without .0 and .255' : ''}`, () => {
    assert.is(poolSize({ ...poolOf('p', ranges), avoidBuggyIps }), size);
  });
}

const merges: readonly [ranges: string, merged: string][] = [
  ['192.0.2.4-192.0.2.6, 192.0.2.1-192.0.2.3', '192.0.2.1-192.0.2.6'],
  ['192.0.2.1-192.0.2.9, 192.0.2.3-192.0.2.4', '192.0.2.1-192.0.2.9'],
  ['192.0.2.1, 192.0.2.3', '192.0.2.1, 192.0.2.3'],
  ['::1, 192.0.2.1', '192.0.2.1, ::1'],
  ['255.255.255.255, ::1:0:0', '255.255.255.255, ::1:0:0'],
];

for (const [ranges, merged] of merges) {
  test(`${ranges} is ${merged}`, () => {
    assert.equal(mergeRanges(rangesOf(ranges)).map(formatRange).join(', '), merged);
  });
}

const rangeArbitrary = fc
  .record({ first: fc.nat(600), length: fc.nat(300) })
  .map(({ first, length }): IpRange => {
    return { family: 'IPv4', first: BigInt(first), last: BigInt(first + length) };
  });

test('a pool hands out each of its addresses once, lowest first, and none that it avoids', () => {
  const pools = fc.record({
    ranges: fc.array(rangeArbitrary, { maxLength: 4 }),
    avoidBuggyIps: fc.boolean(),
  });
  return fc.assert(
    fc.property(pools, (wish) => {
      const pool: Pool = { ...poolOf('p', ''), ...wish };
      const expected = addressesOf(pool);
      const space = new PoolSpace(pool);
      assert.is(space.usage('IPv4').total, BigInt(expected.length));
      const handedOut: IpAddress[] = [];
      for (let ip = space.lowestFree('IPv4'); ip; ip = space.lowestFree('IPv4')) {
        space.occupy(ip);
        handedOut.push(ip);
      }
      assert.equal(handedOut, expected);
      assert.is(space.usage('IPv4').used, space.usage('IPv4').total);
    }),
  );
});

test('an address is found in the pool that has it', () => {
  const ranges = fc.array(rangeArbitrary, { minLength: 1, maxLength: 4 });
  return fc.assert(
    fc.property(ranges, fc.nat(2_000), fc.boolean(), (low, value, avoidBuggyIps) => {
      const high = low.map((range) => {
        return { ...range, first: range.first + 1_000n, last: range.last + 1_000n };
      });
      const pools = [low, high].map((ranges, index): Pool => {
        return { ...poolOf(`p${index}`, ''), ranges, avoidBuggyIps };
      });
      const ip = ipFromBigInt('IPv4', BigInt(value));
      assert.is(
        new PoolsInForce(pools).find(ip)?.pool.name,
        pools.find((pool) => addressesOf(pool).includes(ip))?.name,
      );
    }),
    { numRuns: 300 },
  );
});

test.run();
