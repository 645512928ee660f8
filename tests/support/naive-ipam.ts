import type { Claim } from '../../modules/metallb/src/ipam/claim.ts';
import type { Pool } from '../../modules/metallb/src/ipam/pool.ts';
import type { Sharing } from '../../modules/metallb/src/ipam/sharing.ts';
import { type IpAddress, ipFromBigInt } from '../../modules/metallb/src/net/ip.ts';

/** MetalLB's rule in one expression. */
export function mayShare(a: Sharing | undefined, b: Sharing | undefined): boolean {
  if (a === undefined || b === undefined || a.key === '') return false;
  return (
    a.key === b.key && a.backend === b.backend && !a.ports.some((port) => b.ports.includes(port))
  );
}

interface Holder {
  readonly ip: IpAddress;
  readonly sharing: Sharing | undefined;
}

/**
 * The allocator's rules read out word by word over plain lists, for claims of one IPv4 address: slow, obviously right.
 */
export class NaiveIpam {
  readonly #coolDownMs: number;
  pools: readonly Pool[] = [];
  holders = new Map<string, Holder>();
  /** The longest released first. */
  cooling: { readonly ip: IpAddress; readonly releasedAt: number }[] = [];

  constructor(coolDownMs: number) {
    this.#coolDownMs = coolDownMs;
  }

  copy(): NaiveIpam {
    const copy = new NaiveIpam(this.#coolDownMs);
    copy.pools = this.pools;
    copy.holders = new Map(this.holders);
    copy.cooling = [...this.cooling];
    return copy;
  }

  ipOf(owner: string): IpAddress | undefined {
    return this.holders.get(owner)?.ip;
  }

  used(pool: Pool): number {
    return addressesOf(pool).filter((ip) => this.#usersOf(ip).length > 0).length;
  }

  adopt(claim: Claim, ip: IpAddress): void {
    if (!this.holders.has(claim.owner) && this.#passes(claim, ip)) this.#hold(claim, ip);
  }

  /** @returns whether the claim got what it asks for */
  assign(claim: Claim, now: number): boolean {
    this.cooling = this.cooling.filter(({ releasedAt }) => now - releasedAt < this.#coolDownMs);
    const held = this.ipOf(claim.owner);
    const choice = held !== undefined && this.#fits(claim, held) ? held : this.#choose(claim);
    const stays =
      held !== undefined && this.#passes(claim, held) && !this.#isTakenBack(claim, held);
    const next = choice ?? (stays ? held : undefined);
    if (next !== held) this.release(claim.owner, now);
    if (next !== undefined) this.#hold(claim, next);
    return choice !== undefined;
  }

  release(owner: string, now: number): void {
    const ip = this.ipOf(owner);
    this.holders.delete(owner);
    if (ip !== undefined && this.#usersOf(ip).length === 0) {
      this.cooling.push({ ip, releasedAt: now });
    }
  }

  #fits(claim: Claim, ip: IpAddress): boolean {
    const otherRequested = claim.requested.length > 0 && !claim.requested.includes(ip);
    return this.#passes(claim, ip) && !otherRequested && !this.#isTakenBack(claim, ip);
  }

  #isTakenBack({ pools }: Claim, ip: IpAddress): boolean {
    const open = this.pools.filter(({ name }) => pools.includes(name));
    const isInside = open.some((pool) => addressesOf(pool).includes(ip));
    return open.length > 0 && !isInside && !open.some(({ reassigns }) => !reassigns);
  }

  #choose(claim: Claim): IpAddress | undefined {
    const [requested] = claim.requested;
    if (requested !== undefined) {
      const home = this.#poolOf(requested);
      const inPool = home !== undefined && claim.pools.includes(home.name);
      return inPool && this.#passes(claim, requested) ? requested : undefined;
    }
    for (const name of claim.pools) {
      const pool = this.pools.find((other) => other.name === name);
      if (pool === undefined || !(pool.autoAssign || claim.poolNamedByOwner)) continue;
      const addresses = addressesOf(pool);
      const isCooling = (ip: IpAddress) => this.cooling.some((entry) => entry.ip === ip);
      const choice =
        addresses.find((ip) => !isCooling(ip) && this.#passes(claim, ip)) ??
        this.cooling.find(({ ip }) => addresses.includes(ip))?.ip;
      if (choice !== undefined) return choice;
    }
    return undefined;
  }

  #passes({ owner, sharing }: Claim, ip: IpAddress): boolean {
    return this.#usersOf(ip).every(([user, terms]) => user === owner || mayShare(sharing, terms));
  }

  #usersOf(ip: IpAddress): [owner: string, sharing: Sharing | undefined][] {
    return [...this.holders]
      .filter(([, holder]) => holder.ip === ip)
      .map(([owner, { sharing }]) => [owner, sharing]);
  }

  #hold({ owner, sharing }: Claim, ip: IpAddress): void {
    this.cooling = this.cooling.filter((entry) => entry.ip !== ip);
    this.holders.set(owner, { ip, sharing });
  }

  #poolOf(ip: IpAddress): Pool | undefined {
    return this.pools.find((pool) => addressesOf(pool).includes(ip));
  }
}

/** Every address of a small IPv4 pool, lowest first. */
export function addressesOf(pool: Pool): IpAddress[] {
  const values = new Set<bigint>();
  for (const { first, last } of pool.ranges) {
    for (let value = first; value <= last; value += 1n) {
      if (!(pool.avoidBuggyIps && [0n, 255n].includes(value % 256n))) values.add(value);
    }
  }
  return [...values].sort((a, b) => Number(a - b)).map((value) => ipFromBigInt('IPv4', value));
}
