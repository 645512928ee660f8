import { createHash } from 'node:crypto';
import type { L2Advertisement } from '../api/l2-advertisement.ts';
import { anySelects, selects } from '../api/label-selector.ts';
import type { Node } from '../api/node.ts';
import { keyOf } from '../api/object.ts';
import type { IpRange } from '../net/range.ts';
import type { GroupPolicy } from './group-policy.ts';

/** What the ids of all of these groups begin with; no class has such a name. */
export const ADVERTISEMENT_GROUP = 'L2Advertisement/';
/** Ids travel with every duty. */
const MAX_ID_LENGTH = 200;

/** Id of the group of nodes that any of the advertisements selects. */
export function advertisementGroup(advertisements: readonly L2Advertisement[]): string {
  const names = advertisements.map(({ metadata }) => keyOf(metadata)).sort();
  const id = `${ADVERTISEMENT_GROUP}${names.join()}`;
  if (id.length <= MAX_ID_LENGTH) return id;
  return `${ADVERTISEMENT_GROUP}${createHash('sha256').update(id).digest('hex').slice(0, 16)}`;
}

/** What the speaker's settings say of all groups of advertisements. */
export interface AdvertisementOptions {
  /** The node that all ready endpoints are on comes first. */
  readonly followEndpoints: boolean;
}

/** The nodes that advertisements select, as MetalLB has it, and how they announce the IPs of these pools. */
export function policyOfAdvertisements(
  advertisements: readonly L2Advertisement[],
  pools: readonly IpRange[],
  { followEndpoints }: AdvertisementOptions,
): GroupPolicy {
  const versions = advertisements.map(({ metadata }) => Number(metadata.resourceVersion));
  const selecting = (node: Node) =>
    advertisements.filter(({ spec }) => anySelects(spec.nodeSelectors, node.labels));
  return {
    id: advertisementGroup(advertisements),
    isLayer2: true,
    pools,
    interfaces: 'by-node',
    bySubnet: false,
    ignoreExcludeLabel: false,
    failback: { mode: 'auto' },
    reachability: undefined,
    needsEndpoints: true,
    followsEndpoints: followEndpoints,
    version: Math.max(0, ...versions),
    selects: (node) => !node.networkUnavailable && selecting(node).length > 0,
    interfacesOn(node) {
      const own = node === undefined ? [] : selecting(node);
      // A node that none selects any more hands over, wherever it may have announced.
      return allInterfaces(own.length > 0 ? own : advertisements);
    },
    weightOf: (node) => sum(selecting(node).flatMap((each) => weights(each, node))),
  };
}

/** Joined; one advertisement without interfaces is for all of them. */
function allInterfaces(advertisements: readonly L2Advertisement[]): readonly string[] {
  const lists = advertisements.map(({ spec }) => spec.interfaces);
  if (lists.some((list) => list.length === 0)) return [];
  return [...new Set(lists.flat())].sort();
}

function weights({ spec }: L2Advertisement, { labels }: Node): number[] {
  return spec.preferredNodeSelectors.map(({ weight, preference }) =>
    selects(preference, labels) ? weight : 0,
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, each) => all + each, 0);
}
