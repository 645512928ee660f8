import type { ConditionValue } from '../../hooks/lib/status-patch.ts';
import type { L2Advertisement } from '../api/l2-advertisement.ts';
import { anySelects } from '../api/label-selector.ts';
import type { Node } from '../api/node.ts';
import { type AdvertisedPool, advertisementsFor, advertises } from '../metallb/advertised-pools.ts';

type Labels = Readonly<Record<string, string>>;

export interface AnnouncingView {
  readonly pool: AdvertisedPool;
  readonly labels: Labels;
  /** Other Services of MetalLB's API that have one of its IPs: who they are, and their labels. */
  readonly sharers: readonly { readonly key: string; readonly labels: Labels }[];
  /** Those that count. */
  readonly advertisements: readonly L2Advertisement[];
  /** Whether the advertisement selects any node. */
  readonly hasNodes: (advertisement: L2Advertisement) => boolean;
}

/** Why nobody can answer for the IPs of a Service of MetalLB's API; undefined where somebody can. */
export function cannotAnnounce(view: AnnouncingView): ConditionValue | undefined {
  const { pool, labels, sharers, advertisements, hasNodes } = view;
  const own = advertisementsFor(advertisements, pool, labels);
  if (own.length === 0) {
    const ofPool = advertisements.filter(({ spec }) => advertises(spec, pool));
    const why =
      ofPool.length === 0
        ? 'no L2Advertisement names or selects it'
        : `spec.serviceSelectors of L2Advertisement ${namesOf(ofPool)} do not select this Service`;
    return no('NoAdvertisement', `nobody answers for an IP of pool ${pool.name}: ${why}`);
  }
  if (!own.some(hasNodes)) {
    const names = namesOf(own);
    return no('NoMatchingNode', `spec.nodeSelectors of L2Advertisement ${names} select no node`);
  }
  const other = sharers.find(
    (sharer) => namesOf(advertisementsFor(advertisements, pool, sharer.labels)) !== namesOf(own),
  );
  if (other === undefined) return undefined;
  const message = `the IP is shared with ${other.key}, for which other L2Advertisements are: give both the labels that spec.serviceSelectors of ${namesOf(own)} name, or none`;
  return no('AdvertisementsDiffer', message);
}

/** Whether an advertisement selects a node at all, looked up once for each. */
export function nodesOfAdvertisements(
  nodes: readonly Node[],
): (advertisement: L2Advertisement) => boolean {
  const known = new Map<L2Advertisement, boolean>();
  return (advertisement) => {
    const before = known.get(advertisement);
    if (before !== undefined) return before;
    const has = nodes.some(({ labels }) => anySelects(advertisement.spec.nodeSelectors, labels));
    known.set(advertisement, has);
    return has;
  };
}

function no(
  reason: 'NoAdvertisement' | 'NoMatchingNode' | 'AdvertisementsDiffer',
  message: string,
): ConditionValue {
  return { status: 'False', reason, message };
}

function namesOf(advertisements: readonly L2Advertisement[]): string {
  return advertisements.map(({ metadata }) => metadata.name).join(', ');
}
