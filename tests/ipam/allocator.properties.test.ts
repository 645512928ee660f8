import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Allocator } from '../../modules/metallb/src/ipam/allocator.ts';
import type { Claim } from '../../modules/metallb/src/ipam/claim.ts';
import { compareIps, type IpAddress } from '../../modules/metallb/src/net/ip.ts';
import { COOL_DOWN_MS, history, type Operation, OWNERS } from '../support/ipam-arbitraries.ts';
import { addressesOf, mayShare, NaiveIpam } from '../support/naive-ipam.ts';

/** The allocator beside its model, with what a controller remembers. */
class Run {
  readonly model = new NaiveIpam(COOL_DOWN_MS);
  allocator = new Allocator({ coolDownMs: COOL_DOWN_MS });
  /** The last claim of each owner that holds something. */
  readonly claims = new Map<string, Claim>();
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
        return this.#adopt(operation.claim, operation.ips);
      case 'release':
        this.now += operation.afterMs;
        this.#forget(operation.owner);
        this.model.release(operation.owner, this.now);
        return this.allocator.release(operation.owner, this.now);
      case 'set-pools': {
        const { problems, changedPools } = this.allocator.setPools(operation.pools);
        this.model.setPools(operation.pools, new Set(problems.map(({ object }) => object)));
        return changedPools;
      }
      case 'restart':
        return this.#restart(operation.order);
    }
  }

  ipsOf(owner: string): readonly IpAddress[] {
    return this.allocator.assignmentOf(owner)?.ips ?? [];
  }

  #assign(claim: Claim, afterMs: number): readonly string[] {
    this.now += afterMs;
    const isSatisfied = this.model.assign(claim, this.now);
    const outcome = this.allocator.assign(claim, this.now);
    assert.is(outcome.kind, isSatisfied ? 'assigned' : 'refused');
    this.#forget(claim.owner);
    this.claims.set(claim.owner, claim);
    (isSatisfied ? this.satisfied : this.waiting).set(claim.owner, claim);
    return outcome.freedPools;
  }

  #adopt(claim: Claim, ips: readonly IpAddress[]): readonly string[] {
    this.waiting.delete(claim.owner);
    if (this.ipsOf(claim.owner).length === 0) this.claims.set(claim.owner, claim);
    this.model.adopt(claim, ips);
    this.allocator.adopt(claim, ips);
    return [];
  }

  /** Another process reads the statuses in any order, and only then pools. */
  #restart(order: readonly number[]): readonly string[] {
    const before = this.allocator;
    this.allocator = new Allocator({ coolDownMs: COOL_DOWN_MS });
    const owners = [...this.model.holders.keys()].map((owner, index) => ({
      owner,
      rank: order[index] ?? 0,
    }));
    for (const { owner } of owners.sort((a, b) => a.rank - b.rank)) {
      const claim = this.claims.get(owner);
      const ips = before.assignmentOf(owner)?.ips ?? [];
      assert.is(claim && this.allocator.adopt(claim, ips).kind, 'assigned');
    }
    this.model.restart();
    this.allocator.setPools(this.model.pools);
    return this.model.pools.map(({ name }) => name);
  }

  #forget(owner: string): void {
    for (const claims of [this.claims, this.satisfied, this.waiting]) claims.delete(owner);
  }
}

function checkAgainstModel({ allocator, model }: Run): void {
  for (const name of OWNERS) {
    const expected = [...model.ipsOf(name)].sort(compareIps);
    assert.equal(allocator.assignmentOf(name)?.ips ?? [], expected, name);
  }
  for (const pool of model.pools) {
    assert.is(allocator.usage(pool.name).used, BigInt(model.used(pool)));
    assert.is(allocator.usage(pool.name).total, BigInt(addressesOf(pool).length));
  }
}

type Held = ReadonlyMap<string, readonly IpAddress[]>;

/** What must hold whatever the model says. @param before what everybody held before the operation */
function checkPromises(run: Run, operation: Operation, before: Held): void {
  const actor = operation.kind === 'release' ? operation.owner : undefined;
  const claimant =
    operation.kind === 'assign' || operation.kind === 'adopt' ? operation.claim.owner : actor;
  for (const name of OWNERS) {
    if (name !== claimant) assert.equal(run.ipsOf(name), before.get(name), `${name} lost its IP`);
  }
  for (const [a, first] of run.claims) {
    for (const [b, second] of run.claims) {
      const common = run.ipsOf(a).filter((ip) => run.ipsOf(b).includes(ip));
      assert.ok(a === b || common.length === 0 || mayShare(first.sharing, second.sharing));
    }
  }
}

test('does what a naive allocator does, whatever happens; nobody loses an IP to others, and none is there twice', () => {
  return fc.assert(
    fc.property(history, (operations) => {
      const run = new Run();
      for (const operation of operations) {
        const before = new Map(OWNERS.map((name) => [name, run.ipsOf(name)]));
        run.act(operation);
        checkAgainstModel(run);
        checkPromises(run, operation, before);
      }
    }),
    { numRuns: 1_000 },
  );
});

function ipsIfTriedAgain({ model, now }: Run, claim: Claim): readonly IpAddress[] {
  const copy = model.copy();
  copy.assign(claim, now);
  return copy.ipsOf(claim.owner);
}

test('who waits need only look again when one of its pools is named', () => {
  return fc.assert(
    fc.property(history, (operations) => {
      const run = new Run();
      for (const operation of operations) {
        const before = new Map(run.waiting);
        const named = run.act(operation);
        for (const claim of run.waiting.values()) {
          if (before.get(claim.owner) !== claim) continue;
          if (claim.pools.some((pool) => named.includes(pool))) run.waiting.delete(claim.owner);
          else assert.equal(ipsIfTriedAgain(run, claim), run.model.ipsOf(claim.owner));
        }
      }
    }),
    { numRuns: 2_000 },
  );
});

test('after a restart, adopting every status and assigning again moves nobody', () => {
  const order = fc.array(fc.nat(9), { minLength: OWNERS.length, maxLength: OWNERS.length });
  return fc.assert(
    fc.property(history, order, (operations, order) => {
      const run = new Run();
      for (const operation of operations) run.act(operation);
      // As a controller does whenever pools change: some of them may reassign.
      for (const claim of [...run.satisfied.values()]) {
        run.act({ kind: 'assign', claim, afterMs: 0 });
      }
      const before = new Map(OWNERS.map((name) => [name, run.ipsOf(name)]));
      run.act({ kind: 'restart', order });
      for (const claim of run.satisfied.values()) {
        assert.is(run.allocator.assign(claim, run.now).kind, 'assigned');
      }
      // Who only prefers both families may get the second one, which another gave up a moment ago.
      for (const [name, ips] of before) {
        assert.ok(
          ips.every((ip) => run.ipsOf(name).includes(ip)),
          `${name} had ${ips}, and has ${run.ipsOf(name)}`,
        );
      }
    }),
    { numRuns: 500 },
  );
});

test.run();
