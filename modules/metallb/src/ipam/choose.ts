import { compareIps, familyOf, type IpAddress, type IpFamily } from '../net/ip.ts';
import { type Claim, type Refusal, type RefusalReason, wantedFamilies } from './claim.ts';
import type { CoolDown } from './cool-down.ts';
import type { PoolSpace } from './pool-space.ts';
import type { PoolsInForce } from './pools-in-force.ts';
import type { Tenants } from './tenants.ts';

/** All that a choice depends on; choosing changes none of it. */
export interface AddressView {
  readonly pools: PoolsInForce;
  readonly tenants: Tenants;
  readonly coolDown: CoolDown;
}

export type Choice = Refusal | { readonly kind: 'chosen'; readonly ips: readonly IpAddress[] };

/** Whether an address that the owner holds still answers its claim. */
export function stillFits(view: AddressView, claim: Claim, ip: IpAddress): boolean {
  const family = familyOf(ip);
  const requested = claim.requested.find((wish) => familyOf(wish) === family);
  return (
    wantedFamilies(claim).includes(family) &&
    (requested === undefined || requested === ip) &&
    (claim.leavesOtherPools !== true || isInside(view.pools, claim, ip)) &&
    mayStay(view, claim, ip)
  );
}

/** Whether the owner may keep an address, whatever it claims: nobody else objects, and its pools don't want it back. */
export function mayStay({ pools, tenants }: AddressView, claim: Claim, ip: IpAddress): boolean {
  return (
    tenants.refusal(ip, claim.owner, claim.sharing) === undefined && !isReassigned(pools, claim, ip)
  );
}

/** Which pool has it now is no reason to move, unless all pools of the claim say so. One not in force says nothing. */
function isReassigned(pools: PoolsInForce, claim: Claim, ip: IpAddress): boolean {
  if (isInside(pools, claim, ip)) return false;
  const inForce = claim.pools.flatMap((name) => pools.get(name)?.pool ?? []);
  return inForce.length > 0 && inForce.every(({ reassigns }) => reassigns);
}

/** Whether the address is in a pool of the claim. */
export function isInside(pools: PoolsInForce, claim: Claim, ip: IpAddress): boolean {
  const home = pools.find(ip)?.pool.name;
  return home !== undefined && claim.pools.includes(home);
}

/**
 * The addresses that answer the claim: those that stay, those it requests, and for each family left the lowest that is
 * free or may be shared, from the first pool that has one.
 * @param stay addresses the owner holds and keeps
 */
export function chooseAddresses(
  view: AddressView,
  claim: Claim,
  stay: readonly IpAddress[],
): Choice {
  const requested = claim.requested.filter((ip) => !stay.includes(ip));
  const fixed = [...stay, ...requested];
  const impossible =
    familyRefusal(claim) ??
    firstOf(requested, (ip) => requestRefusal(view, claim, ip)) ??
    firstOf(requested, (ip) => apartRefusal(view, ip, fixed));
  if (impossible !== undefined) return impossible;

  const families = wantedFamilies(claim);
  if (families.every((family) => fixed.some((ip) => familyOf(ip) === family))) return chosen(fixed);

  const spaces = openPools(view, claim, fixed);
  const isPreferred = ({ pool }: PoolSpace) => claim.preferredPools?.includes(pool.name) === true;
  const turns = [spaces.filter(isPreferred), spaces.filter((space) => !isPreferred(space))];
  const ips =
    firstOf(turns, (turn) => offerOf(view, claim, { spaces: turn, fixed })) ??
    partOf(claim, [fixed]);
  return ips === undefined ? poolRefusal(view, claim, spaces) : chosen(ips);
}

/** All that the claim wants from the first of these pools that has it, or what is good enough. */
function offerOf(
  view: AddressView,
  claim: Claim,
  { spaces, fixed }: { spaces: readonly PoolSpace[]; fixed: readonly IpAddress[] },
): readonly IpAddress[] | undefined {
  const families = wantedFamilies(claim);
  const offers: IpAddress[][] = [];
  for (const space of spaces) {
    const ips = families.flatMap(
      (family) =>
        fixed.find((ip) => familyOf(ip) === family) ?? pick(view, claim, { space, family }) ?? [],
    );
    if (ips.length === families.length) return ips;
    offers.push(ips);
  }
  return partOf(claim, offers);
}

function chosen(ips: readonly IpAddress[]): Choice {
  return { kind: 'chosen', ips };
}

/** One family is enough where two are only preferred: the primary one from the first pool that has it, else the other. */
function partOf(
  claim: Claim,
  offers: readonly (readonly IpAddress[])[],
): readonly IpAddress[] | undefined {
  if (claim.policy !== 'PreferDualStack') return undefined;
  return firstOf(wantedFamilies(claim), (family) =>
    offers.find((ips) => ips.some((ip) => familyOf(ip) === family)),
  );
}

/** Those from which the remaining families may come; with an address fixed, only its own pool, if the claim has that. */
function openPools(view: AddressView, claim: Claim, fixed: readonly IpAddress[]): PoolSpace[] {
  const [first] = fixed;
  if (first !== undefined) {
    const home = isInside(view.pools, claim, first) ? view.pools.find(first) : undefined;
    return home === undefined ? [] : [home];
  }
  return claim.pools
    .flatMap((name) => view.pools.get(name) ?? [])
    .filter((space) => space.pool.autoAssign || claim.poolNamedByOwner);
}

/** An address that cools down only where the pool has nothing else; then the longest released. */
function pick(
  view: AddressView,
  claim: Claim,
  { space, family }: { space: PoolSpace; family: IpFamily },
): IpAddress | undefined {
  const isHere = (ip: IpAddress) => familyOf(ip) === family && view.pools.find(ip) === space;
  return (
    lowest(space.lowestFree(family), lowestSharable(view, claim, isHere)) ??
    view.coolDown.oldest(isHere)
  );
}

/** Looks at every address under the claim's key: few, where keys mean what they are for. */
function lowestSharable(
  { tenants }: AddressView,
  { owner, sharing }: Claim,
  matches: (ip: IpAddress) => boolean,
): IpAddress | undefined {
  let best: IpAddress | undefined;
  if (sharing === undefined) return best;
  for (const ip of tenants.sharedUnder(sharing.key)) {
    if (matches(ip) && tenants.refusal(ip, owner, sharing) === undefined) best = lowest(best, ip);
  }
  return best;
}

function lowest(a: IpAddress | undefined, b: IpAddress | undefined): IpAddress | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return compareIps(a, b) < 0 ? a : b;
}

function familyRefusal(claim: Claim): Refusal | undefined {
  const families = wantedFamilies(claim);
  if (families.length === 0) return refuse('no-such-family', 'the claim names no address family');
  const requestedFamilies = claim.requested.map(familyOf);
  if (new Set(requestedFamilies).size < requestedFamilies.length) {
    return refuse('no-such-family', 'at most one address of each family can be requested');
  }
  return firstOf(claim.requested, (ip) =>
    families.includes(familyOf(ip))
      ? undefined
      : refuse(
          'no-such-family',
          `${ip} is requested, but only ${families.join(' and ')} is wanted`,
        ),
  );
}

function requestRefusal(view: AddressView, claim: Claim, ip: IpAddress): Refusal | undefined {
  const pool = view.pools.find(ip)?.pool.name;
  if (pool === undefined || !claim.pools.includes(pool)) {
    const names = claim.pools.join(' or ');
    return (
      unknownPools(view, claim) ??
      refuse('requested-ip-not-in-pool', `requested address ${ip} is not in pool ${names}`)
    );
  }
  const refusal = view.tenants.refusal(ip, claim.owner, claim.sharing);
  if (refusal === undefined) return undefined;
  const { reason, user, because } = refusal;
  return refuse(reason, `requested address ${ip} is used by ${user}, ${because}`);
}

/** Both families come from one pool: what an edit of pools has parted stays, but nobody gets it so. */
function apartRefusal(
  { pools }: AddressView,
  ip: IpAddress,
  fixed: readonly IpAddress[],
): Refusal | undefined {
  const homeOf = (address: IpAddress) => pools.find(address)?.pool.name;
  const home = homeOf(ip);
  const other = fixed.find((address) => homeOf(address) !== home);
  return other === undefined
    ? undefined
    : refuse(
        'requested-ip-not-in-pool',
        `requested address ${ip} is in pool ${home}, but ${other} is not: both come from one pool`,
      );
}

function poolRefusal(view: AddressView, claim: Claim, spaces: readonly PoolSpace[]): Refusal {
  const unknown = unknownPools(view, claim);
  if (unknown !== undefined) return unknown;
  const names = claim.pools.join(', ');
  const families = wantedFamilies(claim).join(' and ');
  if (spaces.length === 0) {
    return refuse('pool-not-automatic', `pool ${names} assigns only to those who request it`);
  }
  const offered = spaces.filter((space) =>
    wantedFamilies(claim).every((family) => space.hasFamily(family)),
  );
  if (offered.length === 0) {
    return refuse('no-such-family', `no pool of ${names} has ${families} addresses`);
  }
  const use = offered.map((space) => useOf(space, wantedFamilies(claim)));
  const full = `no free ${families} address (${use.join('; ')})`;
  return refuse('pool-exhausted', `${full}${sharingObstacle(view, claim, offered)}`);
}

function useOf(space: PoolSpace, families: readonly IpFamily[]): string {
  const each = families.map((family) => {
    const { used, total } = space.usage(family);
    return `${used} of ${total}${families.length > 1 ? ` ${family}` : ''} used`;
  });
  return `${space.pool.name}: ${each.join(', ')}`;
}

/** With a sharing key, a full pool is half the answer: why the first address under that key can't be shared either. */
function sharingObstacle(
  { pools, tenants }: AddressView,
  { owner, sharing }: Claim,
  offered: readonly PoolSpace[],
): string {
  if (sharing === undefined) return '';
  for (const ip of tenants.sharedUnder(sharing.key)) {
    const home = pools.find(ip);
    if (home === undefined || !offered.includes(home)) continue;
    const refusal = tenants.refusal(ip, owner, sharing);
    if (refusal !== undefined) return `, and ${ip} is used by ${refusal.user}, ${refusal.because}`;
  }
  return '';
}

function unknownPools(view: AddressView, claim: Claim): Refusal | undefined {
  if (claim.pools.some((name) => view.pools.get(name) !== undefined)) return undefined;
  const names = claim.pools.join(', ');
  return refuse(
    'unknown-pool',
    names === '' ? 'no pool is open to the owner' : `no such pool in force: ${names}`,
  );
}

function refuse(reason: RefusalReason, sentence: string): Refusal {
  return { kind: 'refused', reason, sentence };
}

function firstOf<T, R>(items: readonly T[], find: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
