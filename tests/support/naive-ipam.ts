import type { Claim } from '../../modules/metallb/src/ipam/claim.ts';
import type { Pool } from '../../modules/metallb/src/ipam/pool.ts';
import type { Sharing } from '../../modules/metallb/src/ipam/sharing.ts';
import {
  familyOf,
  type IpAddress,
  type IpFamily,
  ipFromBigInt,
} from '../../modules/metallb/src/net/ip.ts';

/** MetalLB's rule in one expression. */
export function mayShare(a: Sharing | undefined, b: Sharing | undefined): boolean {
  if (a === undefined || b === undefined || a.key === '') return false;
  return (
    a.key === b.key && a.backend === b.backend && !a.ports.some((port) => b.ports.includes(port))
  );
}

/** The primary family, and the other where it is asked for. */
function wantedFamilies({ policy, families: [primary, other] }: Claim): IpFamily[] {
  const isDual = policy !== 'SingleStack';
  return [primary, isDual ? other : undefined].filter((family) => family !== undefined);
}

interface Holder {
  readonly ips: readonly IpAddress[];
  readonly sharing: Sharing | undefined;
}

interface Cooling {
  readonly ip: IpAddress;
  readonly releasedAt: number;
}

/** The allocator's rules read out word by word over plain lists: slow, obviously right. */
export class NaiveIpam {
  readonly #coolDownMs: number;
  /** In force. */
  pools: readonly Pool[] = [];
  holders = new Map<string, Holder>();
  /** The longest released first. */
  cooling: readonly Cooling[] = [];

  constructor(coolDownMs: number) {
    this.#coolDownMs = coolDownMs;
  }

  copy(): NaiveIpam {
    const copy = new NaiveIpam(this.#coolDownMs);
    copy.pools = this.pools;
    copy.holders = new Map(this.holders);
    copy.cooling = this.cooling;
    return copy;
  }

  ipsOf(owner: string): readonly IpAddress[] {
    return this.holders.get(owner)?.ips ?? [];
  }

  used(pool: Pool): number {
    return addressesOf(pool).filter((ip) => this.#usersOf(ip).length > 0).length;
  }

  /** A refused pool stays as it was, if it was in force. */
  setPools(offered: readonly Pool[], refused: ReadonlySet<string>): void {
    const before = this.pools;
    this.pools = offered.flatMap((pool) =>
      refused.has(pool.name) ? (before.find(({ name }) => name === pool.name) ?? []) : pool,
    );
  }

  adopt(claim: Claim, ips: readonly IpAddress[]): void {
    const mayHave = ips.every((ip) => this.#passes(claim, ip));
    if (!this.holders.has(claim.owner) && mayHave) this.#hold(claim, ips);
  }

  /** Another process: what is held is read again, what cools down is forgotten. */
  restart(): void {
    this.cooling = [];
  }

  /** @returns whether the claim got what it asks for */
  assign(claim: Claim, now: number): boolean {
    this.cooling = this.cooling.filter(({ releasedAt }) => now - releasedAt < this.#coolDownMs);
    const held = this.ipsOf(claim.owner);
    const fitting = held.filter((ip) => this.#fits(claim, ip));
    const choice = this.#choose(claim, fitting) ?? this.#choose(claim, []);
    const next = choice ?? held.filter((ip) => this.#mayStay(claim, ip));
    this.#leave(
      claim.owner,
      held.filter((ip) => !next.includes(ip)),
      now,
    );
    this.#hold(claim, next);
    return choice !== undefined;
  }

  release(owner: string, now: number): void {
    this.#leave(owner, this.ipsOf(owner), now);
  }

  #leave(owner: string, ips: readonly IpAddress[], now: number): void {
    const holder = this.holders.get(owner);
    if (holder === undefined) return;
    const staying = holder.ips.filter((ip) => !ips.includes(ip));
    this.holders.delete(owner);
    if (staying.length > 0) this.holders.set(owner, { ...holder, ips: staying });
    const free = ips.filter((ip) => this.#usersOf(ip).length === 0);
    this.cooling = [...this.cooling, ...free.map((ip) => ({ ip, releasedAt: now }))];
  }

  #hold({ owner, sharing }: Claim, ips: readonly IpAddress[]): void {
    this.cooling = this.cooling.filter(({ ip }) => !ips.includes(ip));
    if (ips.length > 0) this.holders.set(owner, { ips, sharing });
  }

  #fits(claim: Claim, ip: IpAddress): boolean {
    const isOfFamily = (wish: IpAddress) => familyOf(wish) === familyOf(ip);
    const hasOtherWish = claim.requested.some((wish) => isOfFamily(wish) && wish !== ip);
    const mustLeave = claim.leavesOtherPools === true && !this.#isInside(claim, ip);
    const isWanted = wantedFamilies(claim).includes(familyOf(ip));
    return isWanted && !hasOtherWish && !mustLeave && this.#mayStay(claim, ip);
  }

  #mayStay(claim: Claim, ip: IpAddress): boolean {
    return this.#passes(claim, ip) && !this.#isTakenBack(claim, ip);
  }

  #isTakenBack(claim: Claim, ip: IpAddress): boolean {
    const open = this.pools.filter(({ name }) => claim.pools.includes(name));
    return open.length > 0 && !this.#isInside(claim, ip) && open.every((pool) => pool.reassigns);
  }

  #isInside(claim: Claim, ip: IpAddress): boolean {
    return claim.pools.includes(this.#poolOf(ip)?.name ?? '');
  }

  #choose(claim: Claim, held: readonly IpAddress[]): readonly IpAddress[] | undefined {
    const families = wantedFamilies(claim);
    if (families.length === 0) return undefined;
    const wishes = claim.requested.map(familyOf);
    if (new Set(wishes).size < wishes.length) return undefined;
    if (!wishes.every((family) => families.includes(family))) return undefined;
    const asked = claim.requested.filter((ip) => !held.includes(ip));
    if (!asked.every((ip) => this.#isInside(claim, ip) && this.#passes(claim, ip)))
      return undefined;
    const fixed = [...held, ...asked];
    const areTogether = fixed.every((ip) => this.#poolOf(ip) === this.#poolOf(asked[0] ?? ip));
    if (asked.length > 0 && !areTogether) return undefined;
    if (fixed.length === families.length) return fixed;
    return this.#complete(claim, fixed);
  }

  /** From the first pool that has all; else, for who only prefers both, what the first pool with the primary has. */
  #complete(claim: Claim, fixed: readonly IpAddress[]): readonly IpAddress[] | undefined {
    const families = wantedFamilies(claim);
    const offers = this.#openPools(claim, fixed).map((pool) =>
      families.flatMap(
        (family) =>
          fixed.find((ip) => familyOf(ip) === family) ?? this.#pick(claim, pool, family) ?? [],
      ),
    );
    const whole = offers.find((ips) => ips.length === families.length);
    if (whole !== undefined || claim.policy !== 'PreferDualStack') return whole;
    const partly = families.map((family) =>
      [...offers, fixed].find((ips) => ips.some((ip) => familyOf(ip) === family)),
    );
    return partly.find((ips) => ips !== undefined);
  }

  #openPools(claim: Claim, [first]: readonly IpAddress[]): readonly Pool[] {
    const own = claim.pools.flatMap((name) => this.pools.find((pool) => pool.name === name) ?? []);
    if (first !== undefined) return own.filter((pool) => addressesOf(pool).includes(first));
    return own.filter((pool) => pool.autoAssign || claim.poolNamedByOwner);
  }

  #pick(claim: Claim, pool: Pool, family: string): IpAddress | undefined {
    const addresses = addressesOf(pool).filter((ip) => familyOf(ip) === family);
    const isCooling = (ip: IpAddress) => this.cooling.some((entry) => entry.ip === ip);
    return (
      addresses.find((ip) => !isCooling(ip) && this.#passes(claim, ip) && this.#leadsHere(ip)) ??
      this.cooling.find(({ ip }) => addresses.includes(ip))?.ip
    );
  }

  /** Nobody is led to an address whose users all wait for who asks for it. */
  #leadsHere(ip: IpAddress): boolean {
    const users = this.#usersOf(ip);
    return users.length === 0 || users.some(([, sharing]) => sharing?.byRequestOnly !== true);
  }

  #passes({ owner, sharing }: Claim, ip: IpAddress): boolean {
    return this.#usersOf(ip).every(([user, terms]) => user === owner || mayShare(sharing, terms));
  }

  #usersOf(ip: IpAddress): [owner: string, sharing: Sharing | undefined][] {
    return [...this.holders]
      .filter(([, { ips }]) => ips.includes(ip))
      .map(([owner, { sharing }]) => [owner, sharing]);
  }

  #poolOf(ip: IpAddress): Pool | undefined {
    return this.pools.find((pool) => addressesOf(pool).includes(ip));
  }
}

/** Every address of a small pool, IPv4 first, lowest first. */
export function addressesOf(pool: Pool): IpAddress[] {
  return (['IPv4', 'IPv6'] as const).flatMap((family) => {
    const values = new Set<bigint>();
    for (const { first, last } of pool.ranges.filter((range) => range.family === family)) {
      for (let value = first; value <= last; value += 1n) {
        const isBuggy = family === 'IPv4' && [0n, 255n].includes(value % 256n);
        if (!(pool.avoidBuggyIps && isBuggy)) values.add(value);
      }
    }
    return [...values].sort((a, b) => (a < b ? -1 : 1)).map((value) => ipFromBigInt(family, value));
  });
}
