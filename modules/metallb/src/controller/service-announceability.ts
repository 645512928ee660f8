import type { ConditionValue } from '../../hooks/lib/status-patch.ts';
import type { BgpAdvertisement } from '../api/bgp-advertisement.ts';
import type { L2Advertisement } from '../api/l2-advertisement.ts';
import { keyOf } from '../api/object.ts';
import { conflictOnNodes } from '../bgp/advertisement-reach.ts';
import { isFitting, leftOutInWords, lengthsOf } from '../bgp/aggregates.ts';
import type { RoutedApi, RoutedPool } from '../bgp/metallb-routes.ts';
import { advertisementsFor, advertises } from '../metallb/advertised-pools.ts';
import type { IpAddress } from '../net/ip.ts';
import type { Announcers } from './announcers.ts';

type Labels = Readonly<Record<string, string>>;
type Advertisement = L2Advertisement | BgpAdvertisement;

export interface AnnouncingView {
  readonly pool: RoutedPool;
  readonly labels: Labels;
  readonly ips: readonly IpAddress[];
  readonly policy: 'Cluster' | 'Local';
  /** Other Services of MetalLB's API that have one of its IPs: who they are, and their labels. */
  readonly sharers: readonly { readonly key: string; readonly labels: Labels }[];
  /** L2Advertisements that count. */
  readonly advertisements: readonly L2Advertisement[];
  readonly announcers: Announcers;
}

/** Why nobody announces the IPs by ARP and NDP, or by BGP. */
interface Obstacle {
  readonly reason:
    | 'NoAdvertisement'
    | 'NoMatchingNode'
    | 'AdvertisementsDiffer'
    | 'NoPeer'
    | 'LocalPrefConflict'
    | 'AggregateUnderLocal';
  readonly words: string;
  /** Somebody meant it to be announced so: it is told although somebody answers. */
  readonly isMeant?: true;
  /** Nobody meant to. */
  readonly isAbsence?: true;
}

/** Why nobody can announce the IPs of a Service of MetalLB's API; undefined where somebody can. */
export function cannotAnnounce(view: AnnouncingView): ConditionValue | undefined {
  const { pool, announcers } = view;
  const routing = announcers.bgp && obstacleOfRoutes(view, announcers.bgp);
  if (routing?.isMeant === true) return no(pool, [routing]);
  const answering = obstacleOfAnswers(view);
  if (announcers.bgp === undefined) return answering && no(pool, [answering]);
  return answering && routing && no(pool, meantOf([answering, routing]));
}

function meantOf(obstacles: readonly Obstacle[]): readonly Obstacle[] {
  const meant = obstacles.filter(({ isAbsence }) => isAbsence !== true);
  if (meant.length > 0) return meant;
  const words = 'no L2Advertisement or BGPAdvertisement names or selects it';
  return [{ reason: 'NoAdvertisement', words }];
}

function obstacleOfAnswers(view: AnnouncingView): Obstacle | undefined {
  const { pool, labels, sharers, advertisements, announcers } = view;
  const own = advertisementsFor(advertisements, pool, labels);
  if (own.length === 0) return unselected('L2Advertisement', advertisements, pool);
  if (!own.some((advertisement) => announcers.hasNodes(advertisement))) {
    return noNode('L2Advertisement', own);
  }
  const other = sharers.find(
    (sharer) => namesOf(advertisementsFor(advertisements, pool, sharer.labels)) !== namesOf(own),
  );
  if (other === undefined) return undefined;
  const words = `the IP is shared with ${other.key}, for which other L2Advertisements are: give both the labels that spec.serviceSelectors of ${namesOf(own)} name, or none`;
  return { reason: 'AdvertisementsDiffer', words };
}

function obstacleOfRoutes(view: AnnouncingView, bgp: RoutedApi): Obstacle | undefined {
  const { pool, labels, announcers } = view;
  const own = advertisementsFor(bgp.advertisements, pool, labels);
  if (own.length === 0) return unselected('BGPAdvertisement', bgp.advertisements, pool);
  const reaching = own.filter((advertisement) => announcers.reachOf(advertisement) === 'reaches');
  if (reaching.length > 0) {
    const conflict = conflictOnNodes(bgp, { pool, labels }, announcers.nodes);
    if (conflict === undefined) return localAggregate(view, reaching);
    const words = `${conflict.words}: not announced by BGP until they agree`;
    return { reason: 'LocalPrefConflict', words, isMeant: true };
  }
  if (own.every((advertisement) => announcers.reachOf(advertisement) === 'no-node')) {
    return noNode('BGPAdvertisement', own);
  }
  const words = `no BGPPeer of BGPAdvertisement ${namesOf(own)} is for a node that it selects`;
  return { reason: 'NoPeer', words };
}

/** What routers hear of an IP in no other way. */
function localAggregate(
  { ips, policy }: AnnouncingView,
  advertisements: readonly BgpAdvertisement[],
): Obstacle | undefined {
  for (const ip of ips) {
    const fits = ({ spec }: BgpAdvertisement) => isFitting(lengthsOf(spec), ip, policy);
    const whole = advertisements.filter(fits);
    const unheard = advertisements.find(
      (one) => !fits(one) && !whole.some((other) => isForAllOf(one, other)),
    );
    if (unheard === undefined) continue;
    const where = `BGPAdvertisement ${keyOf(unheard.metadata)}: spec`;
    const words = leftOutInWords(where, unheard.spec, ip);
    return { reason: 'AggregateUnderLocal', words, isMeant: true };
  }
  return undefined;
}

/** Whether each router that hears of one advertisement hears of the other, too. */
function isForAllOf({ spec: { peers } }: BgpAdvertisement, { spec: other }: BgpAdvertisement) {
  if (other.peers.length === 0) return true;
  return peers.length > 0 && peers.every((peer) => other.peers.includes(peer));
}

function unselected(
  kind: string,
  advertisements: readonly Advertisement[],
  pool: RoutedPool,
): Obstacle {
  const ofPool = advertisements.filter(({ spec }) => advertises(spec, pool));
  if (ofPool.length === 0) {
    const words = `no ${kind} names or selects it`;
    return { reason: 'NoAdvertisement', words, isAbsence: true };
  }
  const words = `spec.serviceSelectors of ${kind} ${namesOf(ofPool)} do not select this Service`;
  return { reason: 'NoAdvertisement', words };
}

function noNode(kind: string, advertisements: readonly Advertisement[]): Obstacle {
  const words = `spec.nodeSelectors of ${kind} ${namesOf(advertisements)} select no node`;
  return { reason: 'NoMatchingNode', words };
}

function no({ name }: RoutedPool, obstacles: readonly Obstacle[]): ConditionValue | undefined {
  const [first] = obstacles;
  if (first === undefined) return undefined;
  const words = obstacles.map((obstacle) => obstacle.words).join('; ');
  const { reason } = first;
  const message =
    reason === 'NoAdvertisement' ? `nobody answers for an IP of pool ${name}: ${words}` : words;
  return { status: 'False', reason, message };
}

function namesOf(advertisements: readonly Advertisement[]): string {
  return advertisements.map(({ metadata }) => metadata.name).join(', ');
}
