import type { ConditionValue } from '../../hooks/lib/status-patch.ts';
import type { BfdProfile } from '../api/bfd-profile.ts';
import type { BgpAdvertisement } from '../api/bgp-advertisement.ts';
import type { BgpPeer } from '../api/bgp-peer.ts';
import type { Community } from '../api/community.ts';
import type { ConditionReason } from '../api/conditions.ts';
import { anySelects } from '../api/label-selector.ts';
import type { MetalLoadBalancerBgpPeer } from '../api/metal-load-balancer-bgp-peer.ts';
import type { MetalLoadBalancerConfiguration } from '../api/metal-load-balancer-configuration.ts';
import { keyOf } from '../api/object.ts';
import { formatProblems } from '../api/problem.ts';
import type { Reach } from '../bgp/advertisement-reach.ts';
import { configurationProblems } from '../bgp/bgp-api.ts';
import { faultOfAggregates, type RoutedApi, unknownCommunities } from '../bgp/metallb-routes.ts';
import { advertises } from '../metallb/advertised-pools.ts';
import { type Announcers, routedPool } from './announcers.ts';
import type { BgpInForce } from './bgp-state.ts';
import { type PoolsAtHand, poolRemarks } from './pool-remarks.ts';

/** What objects of BGP are judged by. */
export interface BgpView extends PoolsAtHand {
  readonly bgp: BgpInForce & RoutedApi;
  readonly announcers: Announcers;
}

const NO_NODE = remark('NoMatchingNode', 'spec.nodeSelectors select no node');
const REMARKS_OF_REACH: Readonly<Record<Reach, readonly ConditionValue[]>> = {
  reaches: [],
  'no-node': [NO_NODE],
  'no-peer': [remark('NoPeer', 'no BGPPeer of it is for a node that it selects')],
};

/** What there is to say of a router. */
export function peerRemarks(
  { metadata, spec }: BgpPeer,
  { bgp, announcers }: BgpView,
): ConditionValue[] {
  const winner = bgp.peers.find((peer) => peer.metadata.name === metadata.name);
  const { bfdProfile } = spec;
  return [
    ...nameTaken('BGPPeer', metadata, winner?.metadata),
    ...(bfdProfile === undefined || bgp.profiles.has(bfdProfile)
      ? []
      : [remark('UnknownBFDProfile', `there is no BFDProfile ${bfdProfile}`)]),
    ...(announcers.nodes.some(({ labels }) => anySelects(spec.nodeSelectors, labels))
      ? []
      : [NO_NODE]),
  ];
}

/** What there is to say of what is announced to routers. */
export function routeRemarks(advertisement: BgpAdvertisement, view: BgpView): ConditionValue[] {
  const { spec, metadata } = advertisement;
  const { bgp, announcers } = view;
  const unknown = unknownCommunities(advertisement, bgp);
  const faults = [...view.pools.all.values()]
    .map(routedPool)
    .filter((pool) => advertises(spec, pool))
    .flatMap((pool) => faultOfAggregates(advertisement, pool, bgp.hosts) ?? []);
  const conflict = announcers.conflicts.get(keyOf(metadata));
  const missing = spec.peers.filter((name) =>
    bgp.peers.every((peer) => peer.metadata.name !== name),
  );
  return [
    ...(unknown.length === 0
      ? []
      : [
          refusal(
            'UnknownCommunity',
            `no Community defines ${unknown.join(', ')}: nothing is announced by it, as routes without a community may go where they shall not`,
          ),
        ]),
    ...faults.map(({ reason, words }) =>
      refusal(reason, `${words}; addresses of that pool are not announced by it`),
    ),
    ...(conflict === undefined ? [] : [refusal('LocalPrefConflict', conflict)]),
    ...poolRemarks(spec, view),
    ...(missing.length === 0
      ? []
      : [remark('UnknownPeer', `there is no BGPPeer ${missing.join(', ')}`)]),
    ...REMARKS_OF_REACH[announcers.reachOf(advertisement)],
  ];
}

/** What there is to say of how routers that are gone are noticed. */
export function profileRemarks({ metadata, spec }: BfdProfile, { bgp }: BgpView): ConditionValue[] {
  const winner = bgp.profiles.get(metadata.name);
  return [
    ...nameTaken('BFDProfile', metadata, winner?.metadata),
    ...(spec.echoMode
      ? [remark('EchoModeIgnored', 'spec.echoMode is without effect: no echo packets are sent')]
      : []),
  ];
}

/** What there is to say of names for communities. */
export function communityRemarks(community: Community, { bgp }: BgpView): ConditionValue[] {
  const taken = community.spec.communities.flatMap(({ name }) => {
    const winner = bgp.communities.find(({ spec }) =>
      spec.communities.some((one) => one.name === name),
    );
    return winner === undefined || keyOf(winner.metadata) === keyOf(community.metadata)
      ? []
      : `${name} is what Community/${keyOf(winner.metadata)} says it is, which comes first: give it another name here`;
  });
  return taken.length === 0 ? [] : [remark('NameTaken', taken.join('; '))];
}

/** What there is to say of a router in Deckhouse's words: without a configuration nobody asks for it. */
export function routerRemarks(
  { metadata: { name } }: MetalLoadBalancerBgpPeer,
  { bgp }: BgpView,
): ConditionValue[] {
  const isNamed = bgp.objects.configurations.some(({ spec }) => spec.peerNames.includes(name));
  const message = 'no MetalLoadBalancerConfiguration names it in spec.bgp.peerNames';
  return isNamed ? [] : [remark('NotNamed', message)];
}

/**
 * What there is to say of a configuration: as such, and of the advertisements that it makes. It is in force as long as
 * one of these is: what is the matter with another one takes no node away from it.
 */
export function configurationRemarks(
  configuration: MetalLoadBalancerConfiguration,
  view: BgpView,
): ConditionValue[] {
  const problems = configurationProblems(configuration, view.bgp.objects);
  const { name } = configuration.metadata;
  const made = new Set(configuration.spec.advertisements.map((_, index) => `${name}-adv-${index}`));
  const ofEach = view.bgp.advertisements
    .filter(({ metadata }) => metadata.namespace === undefined && made.has(metadata.name))
    .map((advertisement) => routeRemarks(advertisement, view));
  const isAnyInForce = ofEach.some((remarks) => !remarks.some(isOutOfForce));
  const remarks = ofEach.flat().map((one) => (isAnyInForce ? ofPart(one) : one));
  const messages = new Set<string>();
  const once = remarks.filter(({ message }) => {
    const isNew = !messages.has(message);
    messages.add(message);
    return isNew;
  });
  return [
    ...(problems.length === 0 ? [] : [remark('UnknownPeer', formatProblems(problems))]),
    ...once,
  ];
}

const NO_POOL: ConditionReason = 'NoPool';

function isOutOfForce({ status, reason }: ConditionValue): boolean {
  return status === 'False' || reason === NO_POOL;
}

/** Of one advertisement beside others that are in force. */
function ofPart({ reason, message }: ConditionValue): ConditionValue {
  return remark(reason === NO_POOL ? 'UnknownPool' : (reason as ConditionReason), message);
}

type Named = Parameters<typeof keyOf>[0];

/** Others call the kind by bare names. */
function nameTaken(kind: string, own: Named, winner: Named | undefined): ConditionValue[] {
  if (winner === undefined || keyOf(winner) === keyOf(own)) return [];
  const message = `${kind}/${keyOf(winner)} has the same name, by which advertisements and peers call it, and comes first: give this one another name`;
  return [refusal('NameTaken', message)];
}

function refusal(reason: ConditionReason, message: string): ConditionValue {
  return { status: 'False', reason, message };
}

/** In force, but. */
function remark(reason: ConditionReason, message: string): ConditionValue {
  return { status: 'True', reason, message };
}
