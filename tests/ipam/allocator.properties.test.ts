import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Allocator } from '../../modules/metallb/src/ipam/allocator.ts';
import type { Claim } from '../../modules/metallb/src/ipam/claim.ts';
import type { Pool } from '../../modules/metallb/src/ipam/pool.ts';
import type { IpAddress } from '../../modules/metallb/src/net/ip.ts';
import { claimOf, ipsOf, poolOf } from '../support/ipam.ts';
import { mayShare, NaiveIpam } from '../support/naive-ipam.ts';

const COOL_DOWN_MS = 100;

const POOL_SETS: readonly (readonly Pool[])[] = [
  [poolOf('p', '10.0.0.1-10.0.0.4'), poolOf('q', '10.0.0.5-10.0.0.6')],
  [poolOf('p', '10.0.0.1-10.0.0.2'), poolOf('q', '10.0.0.5-10.0.0.6')],
  [poolOf('q', '10.0.0.5-10.0.0.6')],
  [
    poolOf('p', '10.0.0.1-10.0.0.2', { reassigns: true }),
    poolOf('q', '10.0.0.5', { reassigns: true }),
  ],
  [poolOf('p', '10.0.0.2-10.0.0.3', { reassigns: true }), poolOf('q', '10.0.0.5-10.0.0.6')],
  [poolOf('p', '10.0.0.1-10.0.0.3'), poolOf('q', '10.0.0.4-10.0.0.8', { autoAssign: false })],
  [poolOf('p', '10.0.0.3, 10.0.0.1, 10.0.0.254-10.0.1.1', { avoidBuggyIps: true })],
];

const OWNERS = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

type Operation =
  | { readonly kind: 'assign'; readonly claim: Claim; readonly afterMs: number }
  | { readonly kind: 'adopt'; readonly claim: Claim; readonly ip: IpAddress }
  | { readonly kind: 'release'; readonly owner: string; readonly afterMs: number }
  | { readonly kind: 'set-pools'; readonly pools: readonly Pool[] };

const owner = fc.constantFrom(...OWNERS);
const afterMs = fc.constantFrom(0, 30, 100);
const ip = fc.constantFrom(...ipsOf('10.0.0.1, 10.0.0.2, 10.0.0.5, 10.0.1.1, 10.0.0.255'));
const sharing = fc.option(
  fc.record({
    key: fc.constantFrom('k', 'k', 'l', ''),
    backend: fc.constantFrom('', '', 'app=a'),
    ports: fc.subarray(['TCP/1', 'TCP/2', 'UDP/1'], { maxLength: 2 }),
  }),
  { nil: undefined },
);

const claim = fc
  .record({
    owner,
    pools: fc.constantFrom(['p'], ['p'], ['q'], ['p', 'q'], ['q', 'p'], []),
    poolNamedByOwner: fc.boolean(),
    requested: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.tuple(ip) },
    ),
    sharing,
  })
  .map(({ owner: name, ...wish }) => claimOf(name, wish));

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('assign' as const), claim, afterMs }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('adopt' as const), claim, ip }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('release' as const), owner, afterMs }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('set-pools' as const),
      pools: fc.constantFrom(...POOL_SETS),
    }),
  },
);

/** The allocator beside its model, with what a controller remembers. */
class Run {
  readonly allocator = new Allocator({ coolDownMs: COOL_DOWN_MS });
  readonly model = new NaiveIpam(COOL_DOWN_MS);
  /** The last claim of each owner that got what it asked for. */
  readonly satisfied = new Map<string, Claim>();
  /** The last claim of each owner that did not. */
  readonly waiting = new Map<string, Claim>();
  now = 0;

  /** @returns the pools whose claims the allocator would have tried again */
  act(operation: Operation): readonly string[] {
    switch (operation.kind) {
      case 'assign':
        return this.#assign(operation.claim, operation.afterMs);
      case 'adopt':
        this.waiting.delete(operation.claim.owner);
        this.model.adopt(operation.claim, operation.ip);
        this.allocator.adopt(operation.claim, [operation.ip]);
        return [];
      case 'release':
        this.now += operation.afterMs;
        this.satisfied.delete(operation.owner);
        this.waiting.delete(operation.owner);
        this.model.release(operation.owner, this.now);
        return this.allocator.release(operation.owner, this.now);
      case 'set-pools':
        this.model.pools = operation.pools;
        return this.allocator.setPools(operation.pools).changedPools;
    }
  }

  #assign(claim: Claim, afterMs: number): readonly string[] {
    this.now += afterMs;
    const isSatisfied = this.model.assign(claim, this.now);
    const outcome = this.allocator.assign(claim, this.now);
    assert.is(outcome.kind, isSatisfied ? 'assigned' : 'refused');
    this.satisfied.delete(claim.owner);
    this.waiting.delete(claim.owner);
    (isSatisfied ? this.satisfied : this.waiting).set(claim.owner, claim);
    return outcome.freedPools;
  }
}

function checkAgainstModel({ allocator, model }: Run): void {
  for (const name of OWNERS) {
    assert.equal(allocator.assignmentOf(name)?.ips[0], model.ipOf(name));
  }
  for (const pool of model.pools) {
    assert.is(allocator.usage(pool.name).used, BigInt(model.used(pool)));
  }
  for (const [a, first] of model.holders) {
    for (const [b, second] of model.holders) {
      assert.ok(a === b || first.ip !== second.ip || mayShare(first.sharing, second.sharing));
    }
  }
}

test('does what a naive allocator does, whatever happens', () => {
  return fc.assert(
    fc.property(fc.array(operation, { minLength: 10, maxLength: 60 }), (operations) => {
      const run = new Run();
      run.act({ kind: 'set-pools', pools: POOL_SETS[0] ?? [] });
      for (const step of operations) {
        run.act(step);
        checkAgainstModel(run);
      }
    }),
    { numRuns: 400 },
  );
});

function ipIfTriedAgain({ model, now }: Run, claim: Claim): IpAddress | undefined {
  const copy = model.copy();
  copy.assign(claim, now);
  return copy.ipOf(claim.owner);
}

test('who waits need only look again when one of its pools is named', () => {
  return fc.assert(
    fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
      const run = new Run();
      run.act({ kind: 'set-pools', pools: POOL_SETS[0] ?? [] });
      for (const step of operations) {
        const before = new Map(run.waiting);
        const named = run.act(step);
        for (const claim of run.waiting.values()) {
          if (before.get(claim.owner) !== claim) continue;
          if (claim.pools.some((pool) => named.includes(pool))) run.waiting.delete(claim.owner);
          else assert.is(ipIfTriedAgain(run, claim), run.model.ipOf(claim.owner));
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('after a restart, adopting every status and assigning again moves nobody', () => {
  const history = fc.record({
    operations: fc.array(operation, { maxLength: 40 }),
    order: fc.infiniteStream(fc.nat()),
  });
  return fc.assert(
    fc.property(history, ({ operations, order }) => {
      const run = new Run();
      run.act({ kind: 'set-pools', pools: POOL_SETS[0] ?? [] });
      for (const step of operations) run.act(step);
      // As a controller does whenever pools change: some of them may reassign.
      for (const claim of [...run.satisfied.values()]) {
        run.act({ kind: 'assign', claim, afterMs: 0 });
      }

      const restarted = new Allocator({ coolDownMs: COOL_DOWN_MS });
      const shuffled = [...run.satisfied.values()]
        .map((claim) => ({ claim, at: order.next().value }))
        .sort((a, b) => a.at - b.at)
        .map((entry) => entry.claim);
      const ipsOfOwner = (name: string) => run.allocator.assignmentOf(name)?.ips ?? [];
      for (const claim of shuffled) restarted.adopt(claim, ipsOfOwner(claim.owner));
      restarted.setPools(run.model.pools);
      for (const claim of shuffled) {
        const { kind, assignment } = restarted.assign(claim, 0);
        assert.is(kind, 'assigned');
        assert.equal(assignment.ips, ipsOfOwner(claim.owner));
      }
    }),
    { numRuns: 200 },
  );
});

test.run();
