import { itemOf, memberOf, type Place } from '../api/fields.ts';
import { METALLB_API_VERSION } from '../api/names.ts';
import { rangesOverlap } from '../net/range.ts';
import type { ConversionContext, ConvertedObject } from './conversion.ts';
import type { LegacyPool, LegacyRange } from './legacy-config.ts';

/** A pool and the name of its object. */
export interface NamedPool {
  readonly name: string;
  readonly place: Place;
  readonly pool: LegacyPool;
  /** Those that its object has. */
  readonly ranges: readonly LegacyRange[];
}

interface Placed extends LegacyRange {
  readonly place: Place;
}

/** An IPAddressPool for each pool that has a name and addresses of its own. */
export function poolObjects(
  pools: readonly (LegacyPool | undefined)[],
  context: ConversionContext,
): { readonly objects: readonly ConvertedObject[]; readonly named: readonly NamedPool[] } {
  const used: Placed[] = [];
  const named = pools.flatMap((pool, index): NamedPool[] => {
    if (pool === undefined) return [];
    const place = itemOf(memberOf(context.root, 'address-pools'), index);
    const ranges = ownRanges(pool, place, used, context);
    if (ranges.length === 0) {
      // Whoever has none that can be read was told so.
      if (pool.addresses.length === 0) {
        context.report(memberOf(place, 'addresses'), [], 'expected at least one CIDR or range');
      }
      return [];
    }
    const name = context.claimName('IPAddressPool', pool.name, place);
    return name === undefined ? [] : [{ name, place, pool, ranges }];
  });
  return { objects: named.map((one) => poolObject(one, context.namespace)), named };
}

/** Those that no pool before has. */
function ownRanges(
  { addresses }: LegacyPool,
  place: Place,
  used: Placed[],
  { report }: ConversionContext,
): readonly LegacyRange[] {
  return addresses.flatMap((one, index) => {
    if (one === undefined) return [];
    const at = itemOf(memberOf(place, 'addresses'), index);
    const other = used.find(({ range }) => rangesOverlap(range, one.range));
    if (other !== undefined) {
      report(at, one.written, `expected no overlap with ${other.place.field} (${other.written})`);
      return [];
    }
    used.push({ ...one, place: at });
    return [one];
  });
}

function poolObject({ name, pool, ranges }: NamedPool, namespace: string): ConvertedObject {
  const { 'auto-assign': autoAssign, 'avoid-buggy-ips': avoidBuggyIPs } = pool;
  return {
    apiVersion: METALLB_API_VERSION,
    kind: 'IPAddressPool',
    metadata: { name, namespace },
    spec: {
      addresses: ranges.map(({ written }) => written),
      ...(autoAssign !== undefined && { autoAssign }),
      ...(avoidBuggyIPs !== undefined && { avoidBuggyIPs }),
    },
  };
}
