import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatProblem } from '../../modules/metallb/src/api/problem.ts';
import type { Pool } from '../../modules/metallb/src/ipam/pool.ts';
import { settlePools } from '../../modules/metallb/src/ipam/settle-pools.ts';
import { formatRange, rangesOverlap } from '../../modules/metallb/src/net/range.ts';
import { poolOf } from '../support/ipam.ts';

/** `a=192.0.2.0/30` and more, separated by `; `. */
function poolsOf(text: string): Pool[] {
  return text
    .split('; ')
    .filter((word) => word !== '')
    .map((word) => {
      const [name = '', ranges = ''] = word.split('=');
      return poolOf(name, ranges);
    });
}

function shown(pools: readonly Pool[]): string {
  return pools.map(({ name, ranges }) => `${name}=${ranges.map(formatRange)}`).join('; ');
}

interface Row {
  readonly name: string;
  readonly inForce?: string;
  readonly offered: string;
  readonly result: string;
  readonly problems?: readonly string[];
}

const IN_FORCE = 'which is in force';

const rows: readonly Row[] = [
  {
    name: 'pools that do not overlap are in force',
    offered: 'a=10.0.0.1; b=10.0.0.2; c=::1',
    result: 'a=10.0.0.1; b=10.0.0.2; c=::1',
  },
  {
    name: 'of two new pools that overlap the first wins, and every overlap is named',
    offered: 'a=10.0.0.1-10.0.0.4,10.0.0.8; b=10.0.0.3-10.0.0.5,10.0.0.6,10.0.0.8',
    result: 'a=10.0.0.1-10.0.0.4,10.0.0.8',
    problems: [
      `b: ranges[0] is "10.0.0.3-10.0.0.5": expected no overlap with 10.0.0.1-10.0.0.4 of pool a, ${IN_FORCE}`,
      `b: ranges[2] is "10.0.0.8": expected no overlap with 10.0.0.8 of pool a, ${IN_FORCE}`,
    ],
  },
  {
    name: 'a pool in force stays, though an older one overlaps it',
    inForce: 'b=10.0.0.1',
    offered: 'a=10.0.0.1; b=10.0.0.1',
    result: 'b=10.0.0.1',
    problems: [
      `a: ranges[0] is "10.0.0.1": expected no overlap with 10.0.0.1 of pool b, ${IN_FORCE}`,
    ],
  },
  {
    name: 'a pool that grows over another stays as it was',
    inForce: 'a=10.0.0.1; b=10.0.0.2',
    offered: 'a=10.0.0.1-10.0.0.2; b=10.0.0.2',
    result: 'a=10.0.0.1; b=10.0.0.2',
    problems: [
      `a: ranges[0] is "10.0.0.1-10.0.0.2": expected no overlap with 10.0.0.2 of pool b, ${IN_FORCE}`,
    ],
  },
  {
    name: 'a range passes from one pool to another in one step',
    inForce: 'a=10.0.0.1; b=10.0.0.2-10.0.0.3',
    offered: 'a=10.0.0.1-10.0.0.2; b=10.0.0.3',
    result: 'a=10.0.0.1-10.0.0.2; b=10.0.0.3',
  },
  {
    name: 'a new pool may have what another gives up, and what a pool had that is gone',
    inForce: 'a=10.0.0.1; gone=10.0.0.2',
    offered: 'new=10.0.0.1-10.0.0.2; a=10.0.0.9',
    result: 'new=10.0.0.1-10.0.0.2; a=10.0.0.9',
  },
  {
    name: 'a refused pool stands in no other pool’s way',
    offered: 'a=10.0.0.1; b=10.0.0.1-10.0.0.5; c=10.0.0.5',
    result: 'a=10.0.0.1; c=10.0.0.5',
    problems: [
      `b: ranges[0] is "10.0.0.1-10.0.0.5": expected no overlap with 10.0.0.1 of pool a, ${IN_FORCE}`,
      `b: ranges[0] is "10.0.0.1-10.0.0.5": expected no overlap with 10.0.0.5 of pool c, ${IN_FORCE}`,
    ],
  },
  { name: 'no pools are offered', inForce: 'a=10.0.0.1', offered: '', result: '' },
];

for (const row of rows) {
  test(row.name, () => {
    const { inForce, problems } = settlePools(poolsOf(row.inForce ?? ''), poolsOf(row.offered));
    assert.is(shown(inForce), row.result);
    assert.equal(problems.map(formatProblem), row.problems ?? []);
  });
}

const offerArbitrary = fc.uniqueArray(
  fc
    .record({ name: fc.constantFrom('a', 'b', 'c', 'd'), first: fc.nat(9), length: fc.nat(4) })
    .map(({ name, first, length }) => poolOf(name, `10.0.0.${first}-10.0.0.${first + length}`)),
  { selector: ({ name }) => name },
);

test('whatever is offered: no overlap, nobody forgotten, and the same offer again changes nothing', () => {
  return fc.assert(
    fc.property(fc.array(offerArbitrary, { maxLength: 5 }), (offers) => {
      let inForce: readonly Pool[] = [];
      for (const offered of offers) {
        const settlement = settlePools(inForce, offered);
        inForce = settlement.inForce;
        const ranges = inForce.flatMap((pool) => pool.ranges);
        assert.not.ok(
          ranges.some((range, index) =>
            ranges.slice(index + 1).some((other) => rangesOverlap(range, other)),
          ),
        );
        for (const pool of offered) {
          const refused = settlement.problems.some(({ object }) => object === pool.name);
          assert.is(inForce.includes(pool) || shown(inForce).includes(shown([pool])), !refused);
        }
        assert.is(shown(settlePools(inForce, offered).inForce), shown(inForce));
      }
    }),
    { numRuns: 500 },
  );
});

test.run();
