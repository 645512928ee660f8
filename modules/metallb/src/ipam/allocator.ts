import type { Problem } from '../api/problem.ts';
import { compareIps, type IpAddress, type IpFamily } from '../net/ip.ts';
import {
  type AddressView,
  type Choice,
  chooseAddresses,
  isInside,
  mayStay,
  stillFits,
} from './choose.ts';
import type { Assigned, Assignment, Claim, Refusal, Refused } from './claim.ts';
import { CoolDown } from './cool-down.ts';
import { type Pool, samePool } from './pool.ts';
import { PoolsInForce } from './pools-in-force.ts';
import { settlePools } from './settle-pools.ts';
import { sameSharing } from './sharing.ts';
import { Tenants } from './tenants.ts';

const DEFAULT_COOL_DOWN_MS = 60_000;
const NO_USAGE = { total: 0n, used: 0n };

interface Holding {
  readonly claim: Claim;
  /** Never empty. */
  readonly ips: readonly IpAddress[];
}

interface PoolChange {
  /** Every overlap for which a pool, or its new version, is not in force. */
  readonly problems: readonly Problem[];
  /** Pools that came, went or changed: their claims deserve another look. */
  readonly changedPools: readonly string[];
}

interface Usage {
  readonly total: bigint;
  readonly used: bigint;
}

export interface PoolUsage extends Usage {
  readonly families: Readonly<Record<IpFamily, Usage>>;
}

/**
 * Who holds which address. State lives elsewhere (in statuses, adopted at start); this is its working copy. An
 * assignment ends only by its owner's own change or release, and where its pool reassigns: else never because a pool
 * shrank, and never because it went.
 * Every `now` is in milliseconds and never goes back.
 */
export class Allocator {
  readonly #tenants = new Tenants();
  readonly #coolDown: CoolDown;
  readonly #holdings = new Map<string, Holding>();
  #pools = new PoolsInForce([]);

  constructor({ coolDownMs = DEFAULT_COOL_DOWN_MS }: { readonly coolDownMs?: number } = {}) {
    this.#coolDown = new CoolDown(coolDownMs);
  }

  /** @param offered all pools, the oldest first: of two that overlap, the one in force stays, else the older wins */
  setPools(offered: readonly Pool[]): PoolChange {
    const before = new Map(this.#pools.pools.map((pool) => [pool.name, pool]));
    const { inForce, problems } = settlePools(this.#pools.pools, offered);
    const after = new Map(inForce.map((pool) => [pool.name, pool]));
    const changedPools = [...new Set([...before.keys(), ...after.keys()])].filter((name) => {
      const [was, is] = [before.get(name), after.get(name)];
      return was === undefined || is === undefined || !samePool(was, is);
    });
    if (changedPools.length > 0) this.#replacePools(inForce);
    return { problems, changedPools };
  }

  /** What a status says the owner holds, taken over as it is, in a pool or not. The first to adopt an address wins. */
  adopt(claim: Claim, ips: readonly IpAddress[]): Assigned | Refused {
    if (this.#holdings.has(claim.owner)) return this.#assigned(claim, []);
    for (const ip of ips) {
      const refusal = this.#tenants.refusal(ip, claim.owner, claim.sharing);
      if (refusal === undefined) continue;
      const sentence = `address ${ip} is used by ${refusal.user}, ${refusal.because}`;
      return this.#refused(claim, { kind: 'refused', reason: refusal.reason, sentence }, []);
    }
    for (const ip of ips) this.#occupy(ip, claim);
    this.#hold(claim, ips);
    return this.#assigned(claim, []);
  }

  /**
   * Gives the claim what it asks for. Idempotent; what the owner holds stays as long as it answers the claim. Where
   * the change of a claim is refused, the owner keeps what nobody else objects to.
   */
  assign(claim: Claim, now: number): Assigned | Refused {
    this.#endCoolDowns(now);
    const held = this.#holdings.get(claim.owner)?.ips ?? [];
    const choice = this.#choose(claim, held);
    if (choice.kind === 'refused') return { ...this.keep(claim, now), ...choice };
    return this.#assigned(claim, this.#exchange(claim, choice.ips, now));
  }

  /** Gives nothing; what the owner holds stays as far as nobody else objects. For a claim that somebody else refuses. */
  keep(claim: Claim, now: number): Assigned {
    const held = this.#holdings.get(claim.owner)?.ips ?? [];
    const staying = held.filter((ip) => mayStay(this.#view, claim, ip));
    return this.#assigned(claim, this.#exchange(claim, staying, now));
  }

  /** @returns the pools in which something became free */
  release(owner: string, now: number): readonly string[] {
    const holding = this.#holdings.get(owner);
    return holding === undefined ? [] : this.#exchange(holding.claim, [], now);
  }

  assignmentOf(owner: string): Assignment | undefined {
    const holding = this.#holdings.get(owner);
    return holding && this.#assignment(holding);
  }

  /** Addresses in use and in all; an assignment outside the pool doesn't count. Zero for a pool not in force. */
  usage(pool: string): PoolUsage {
    const space = this.#pools.get(pool);
    const families = {
      IPv4: space?.usage('IPv4') ?? NO_USAGE,
      IPv6: space?.usage('IPv6') ?? NO_USAGE,
    };
    return {
      total: families.IPv4.total + families.IPv6.total,
      used: families.IPv4.used + families.IPv6.used,
      families,
    };
  }

  /** Others who use one of its addresses. */
  sharersOf(owner: string): readonly string[] {
    const ips = this.#holdings.get(owner)?.ips ?? [];
    const owners = new Set(ips.flatMap((ip) => this.#tenants.ownersOf(ip)));
    owners.delete(owner);
    return [...owners];
  }

  /** The pool in force that has the address. */
  poolOf(ip: IpAddress): string | undefined {
    return this.#pools.find(ip)?.pool.name;
  }

  /** Whether the pool assigns as it stands, or as it last could. */
  hasPool(name: string): boolean {
    return this.#pools.get(name) !== undefined;
  }

  #choose(claim: Claim, held: readonly IpAddress[]): Choice {
    const view = this.#view;
    const stay = held.filter((ip) => stillFits(view, claim, ip));
    const choice = chooseAddresses(view, claim, stay);
    // Both families come from one pool: where the held one's pool lacks the other, another pool may have both.
    return choice.kind === 'refused' && stay.length > 0 ? chooseAddresses(view, claim, []) : choice;
  }

  get #view(): AddressView {
    return { pools: this.#pools, tenants: this.#tenants, coolDown: this.#coolDown };
  }

  /**
   * Makes `next` what the owner holds, on the claim's terms.
   * @returns the pools in which an address or a shared port became free
   */
  #exchange(claim: Claim, next: readonly IpAddress[], now: number): string[] {
    const holding = this.#holdings.get(claim.owner);
    const left = holding?.ips.filter((ip) => !next.includes(ip)) ?? [];
    for (const ip of left) this.#vacate(ip, claim.owner, now);
    // Who joins one that was for those who ask for it alone may lead others to it.
    const closed = next.filter((ip) => this.#tenants.has(ip) && !this.#tenants.leads(ip));
    for (const ip of next) this.#occupy(ip, claim);
    this.#hold(claim, next);
    const opened = closed.filter((ip) => this.#tenants.leads(ip));
    const before = holding?.ips ?? [];
    const isSame = sameSharing(holding?.claim.sharing, claim.sharing);
    const changed = [...(isSame ? left : before), ...opened];
    return [...new Set(changed.flatMap((ip) => this.#pools.find(ip)?.pool.name ?? []))];
  }

  #hold(claim: Claim, ips: readonly IpAddress[]): void {
    if (ips.length === 0) this.#holdings.delete(claim.owner);
    else this.#holdings.set(claim.owner, { claim, ips: [...ips].sort(compareIps) });
  }

  #occupy(ip: IpAddress, claim: Claim): void {
    this.#coolDown.end(ip);
    if (!this.#tenants.has(ip)) this.#pools.find(ip)?.occupy(ip);
    this.#tenants.settle(ip, claim.owner, claim.sharing);
  }

  #vacate(ip: IpAddress, owner: string, now: number): void {
    this.#tenants.leave(ip, owner);
    if (this.#tenants.has(ip)) return;
    this.#pools.find(ip)?.vacate(ip);
    this.#coolDown.start(ip, now);
  }

  #endCoolDowns(now: number): void {
    for (const ip of this.#coolDown.takeExpired(now)) this.#pools.find(ip)?.giveBack(ip);
  }

  #replacePools(inForce: readonly Pool[]): void {
    this.#pools = new PoolsInForce(inForce);
    for (const ip of this.#tenants.addresses) this.#pools.find(ip)?.occupy(ip);
    for (const ip of this.#coolDown.addresses) this.#pools.find(ip)?.withhold(ip);
  }

  #assignment({ claim, ips }: Holding): Assignment {
    return { ips, outsidePool: ips.filter((ip) => !isInside(this.#pools, claim, ip)) };
  }

  #assigned(claim: Claim, freedPools: readonly string[]): Assigned {
    const holding = this.#holdings.get(claim.owner) ?? { claim, ips: [] };
    return { kind: 'assigned', assignment: this.#assignment(holding), freedPools };
  }

  #refused(claim: Claim, refusal: Refusal, freedPools: readonly string[]): Refused {
    return { ...this.#assigned(claim, freedPools), ...refusal };
  }
}
