import { itemOf, memberOf, type Place } from '../api/fields.ts';
import { METALLB_API_VERSION } from '../api/names.ts';
import type { IpFamily } from '../net/ip.ts';
import { cidrsOf } from '../net/range.ts';
import type { ConversionContext, ConvertedObject } from './conversion.ts';
import type { NamedPool } from './convert-pools.ts';
import { isCommunity, type LegacyAdvertisement } from './legacy-config.ts';

type Spec = Readonly<Record<string, unknown>>;

/**
 * What announces the pools: a BGPAdvertisement for each that a pool of BGP lists, or one that says nothing special, and
 * an L2Advertisement for each pool of layer 2. They are counted from 1, as MetalLB's converter does it.
 */
export function advertisementObjects(
  pools: readonly NamedPool[],
  aliases: ReadonlyMap<string, string>,
  context: ConversionContext,
): ConvertedObject[] {
  const overBgp = pools.flatMap((pool) => bgpSpecs(pool, aliases, context));
  const overLayer2 = pools
    .filter(({ pool }) => pool.protocol === 'layer2')
    .map(({ name }) => ({ ipAddressPools: [name] }));
  const numbered = (kind: string, specs: readonly Spec[]): ConvertedObject[] =>
    specs.map((spec, index) => ({
      apiVersion: METALLB_API_VERSION,
      kind,
      metadata: { name: `${kind.toLowerCase()}${index + 1}`, namespace: context.namespace },
      spec,
    }));
  return [...numbered('BGPAdvertisement', overBgp), ...numbered('L2Advertisement', overLayer2)];
}

function bgpSpecs(
  named: NamedPool,
  aliases: ReadonlyMap<string, string>,
  context: ConversionContext,
): Spec[] {
  const { name, place, pool } = named;
  const ipAddressPools = [name];
  const listed = pool['bgp-advertisements'] ?? [];
  const listPlace = memberOf(place, 'bgp-advertisements');
  if (pool.protocol !== 'bgp') {
    if (listed.length > 0) {
      const expected = `expected none: the protocol of the pool is ${pool.protocol}`;
      context.report(listPlace, listed, expected);
    }
    return [];
  }
  if (listed.length === 0) return [{ ipAddressPools }];
  return listed.flatMap((one, index) => {
    if (one === undefined) return [];
    const at = itemOf(listPlace, index);
    const communities = knownCommunities(one, at, aliases, context);
    const { localpref: localPref } = one;
    return [
      {
        ipAddressPools,
        ...aggregation(one, named, at, context),
        ...(localPref !== undefined && localPref > 0 && { localPref }),
        ...(communities.length > 0 && { communities }),
      },
    ];
  });
}

const LENGTHS = [
  { written: 'aggregation-length', field: 'aggregationLength', family: 'IPv4' },
  { written: 'aggregation-length-v6', field: 'aggregationLengthV6', family: 'IPv6' },
] as const;

/** A route that covers more than the pool would take other networks' packets. */
function aggregation(
  advertisement: LegacyAdvertisement,
  pool: NamedPool,
  place: Place,
  { report }: ConversionContext,
): Spec {
  const right = LENGTHS.flatMap(({ written, field, family }) => {
    const length = advertisement[written];
    if (length === undefined) return [];
    const shortest = shortestPrefix(pool, family);
    if (length >= shortest) return [[field, length]];
    const expected = `expected at least ${shortest}: the pool ${pool.pool.name} has nothing larger`;
    report(memberOf(place, written), length, expected);
    return [];
  });
  return Object.fromEntries(right);
}

/** Of the CIDRs that the pool's ranges of this family are made of; 0 where it has none. */
function shortestPrefix({ ranges }: NamedPool, family: IpFamily): number {
  const own = ranges.filter(({ range }) => range.family === family);
  const lengths = own.map(({ range }) =>
    Math.min(...cidrsOf(range).map(({ prefixLength }) => prefixLength)),
  );
  return lengths.length === 0 ? 0 : Math.max(...lengths);
}

function knownCommunities(
  { communities = [] }: LegacyAdvertisement,
  place: Place,
  aliases: ReadonlyMap<string, string>,
  { report }: ConversionContext,
): string[] {
  return communities.flatMap((written, index) => {
    if (written === undefined) return [];
    if (aliases.has(written) || isCommunity(written)) return [written];
    const at = itemOf(memberOf(place, 'communities'), index);
    report(at, written, 'expected a community such as 65535:65281, or a name of bgp-communities');
    return [];
  });
}
