import { CHILD_KIND, CLASS_KIND, CONDITION } from './names.ts';

/**
 * Whatever this module says to people in one word: types and reasons of conditions, reasons of Events. No other can be
 * written. docs/reference/conditions-and-events.md has a row for each, with what to do; a test compares.
 */

/** Conditions of a Service. The first two are Deckhouse's. */
export const SERVICE_CONDITION = {
  classBound: CONDITION.classBound,
  allIpsAssigned: CONDITION.allIpsAssigned,
  /** False while an annotation can't be understood; absent otherwise. */
  annotationsValid: 'network.deckhouse.io/annotations-valid',
  /** False while no node of the class may serve; absent otherwise. */
  balancerNodes: 'network.deckhouse.io/balancer-nodes-available',
  /** False while an IP is missing, with the reason; absent otherwise. */
  ipsAssignable: 'network.deckhouse.io/ips-assignable',
  /** False while an IP that the Service keeps is not in the pool of its class any more; absent otherwise. */
  ipsInPool: 'network.deckhouse.io/ips-in-pool',
  /** False while nobody can answer for an IP, or no router is told of it as it is meant; absent otherwise. */
  ipsAnnounceable: 'network.deckhouse.io/ips-announceable',
  /** Where MetalLB's API serves the Service: whether it has its IP, and from which pool; absent where a class does. */
  metallbPool: CONDITION.metallbPool,
} as const;

/** Conditions of a child, written by the controller beside what the speakers write. */
export const CHILD_CONDITION = {
  assigned: 'Assigned',
  inPool: 'InPool',
  announceable: 'Announceable',
} as const;

export const CLASS_CONDITION = {
  accepted: 'Accepted',
  default: 'Default',
  excludeLabelIgnored: 'ExcludeLabelIgnored',
} as const;

/** Of a pool of MetalLB's API, IPAddressPool or MetalLoadBalancerPool. */
export const POOL_CONDITION = {
  accepted: 'Accepted',
  /** Whether anybody announces its addresses; absent where it gives none. */
  advertised: 'Advertised',
} as const;

/** Of objects of MetalLB's API that are not pools. */
export const ADVERTISEMENT_CONDITION = { accepted: 'Accepted' } as const;

/** As MetalLB calls it. */
export const CONFIGURATION_CONDITION = {
  /** This module's: False while an old ConfigMap asks for what the edition has not; absent otherwise. */
  accepted: 'Accepted',
  pools: 'poolReconcilerValid',
  /** Of a node. */
  all: 'configReconcilerValid',
  /** Of a node, one for each router that it is to have a session with; this module's. */
  session: 'bgp.network.deckhouse.io/PEER',
} as const;

/** What can be wrong with a node on a segment (network rules 2, 3, 4, 6, 15, 19), or with its having one. */
export const SEGMENT_CONDITIONS = [
  'Deaf',
  'NoPeersHeard',
  'HeartbeatsLost',
  'PartlyHeard',
  'NotHeard',
  'OtherHeartbeatKey',
  'PacingReduced',
  'Overloaded',
  'HoldingDown',
  'DutiesDiffer',
  'DutiesOutdated',
  'InterfaceMissing',
  'SubnetMissing',
  'SegmentShared',
] as const;
export type SegmentCondition = (typeof SEGMENT_CONDITIONS)[number];

/** What can be wrong with a node itself: its kernel, its kube-proxy, its disk, its way to the rest of the world. */
export const HOST_CONDITIONS = [
  'DataplaneNotSynced',
  'ReachabilityFailed',
  'ForwardingLoop',
  'ReversePathFilter',
  'ReturnRouteElsewhere',
  'KernelAnswers',
  'StateNotKept',
  'BgpSessionDown',
] as const;

export type NodeCondition = SegmentCondition | (typeof HOST_CONDITIONS)[number];

/** Of a Node, conditions need a domain of their own beside the kubelet's. */
export function nodeConditionType(name: NodeCondition): string {
  return `network.deckhouse.io/${name}`;
}

/** The type of every condition of Nodes that speakers write. */
export const NODE_CONDITION_TYPES: readonly string[] = [
  ...SEGMENT_CONDITIONS,
  ...HOST_CONDITIONS,
].map(nodeConditionType);

/** Why a child has not the IP that it wants, in the words of its condition and of its Service's. */
const WITHOUT_IP = [
  'PoolExhausted',
  'RequestedIpInUse',
  'RequestedIpNotInPool',
  'SharingRefused',
  'NoSuchFamily',
  'UnknownPool',
  'PoolNotAutomatic',
] as const;

/** Of every kind that is about BGP. */
const BGP_REASONS = ['Accepted', 'Invalid', 'EditionRequired'] as const;

/** Of what says which routes are announced to whom. */
const ROUTE_REASONS = [
  'UnknownCommunity',
  'AggregateTooWide',
  'AggregateCoversHost',
  'LocalPrefConflict',
  'UnknownPool',
  'NoPool',
  'UnknownPeer',
  'NoPeer',
  'NoMatchingNode',
] as const;

const POOL_REASONS = {
  [POOL_CONDITION.accepted]: ['Accepted', 'Invalid', 'PoolsOverlap', 'NotWatched', 'NameTaken'],
  [POOL_CONDITION.advertised]: ['Advertised', 'NoAdvertisement'],
} as const;

/** By kind and type. Those of a Node have their own name, or `Over`. */
export const CONDITION_REASONS = {
  Service: {
    [SERVICE_CONDITION.classBound]: [
      'LoadBalancerClassBound',
      'ClassNotFound',
      'ClassInvalid',
      'WouldLoseIPs',
    ],
    [SERVICE_CONDITION.allIpsAssigned]: ['AllIPsAssigned', 'NotAllIPsAssigned'],
    [SERVICE_CONDITION.annotationsValid]: ['InvalidAnnotation'],
    [SERVICE_CONDITION.balancerNodes]: ['NoBalancerNodes'],
    // The last where a newer controller than the hooks has said why.
    [SERVICE_CONDITION.ipsAssignable]: [...WITHOUT_IP, 'AllocationFailed'],
    [SERVICE_CONDITION.ipsInPool]: ['NotInPool'],
    [SERVICE_CONDITION.ipsAnnounceable]: [
      'NoCommonInterface',
      'NoAdvertisement',
      'NoMatchingNode',
      'AdvertisementsDiffer',
      'NoPeer',
      'LocalPrefConflict',
      'AggregateUnderLocal',
    ],
    [SERVICE_CONDITION.metallbPool]: [
      'IPAddressPoolBound',
      'AdditionalAssignFailed',
      ...WITHOUT_IP,
      'PoolNotForService',
      'InvalidAnnotation',
    ],
  },
  [CHILD_KIND]: {
    [CHILD_CONDITION.assigned]: ['Assigned', ...WITHOUT_IP],
    [CHILD_CONDITION.inPool]: ['NotInPool'],
    [CHILD_CONDITION.announceable]: ['NoCommonInterface', 'AggregateUnderLocal'],
    [CONDITION.addressConflict]: ['AddressInUse', 'ForeignAnswer', 'Forced', 'NoForeignAnswer'],
  },
  [CLASS_KIND]: {
    [CLASS_CONDITION.accepted]: [
      ...BGP_REASONS,
      'PoolsOverlap',
      'UnknownCommunity',
      'AggregateTooWide',
      'AggregateCoversHost',
      'UnknownPeer',
      'NoPeer',
    ],
    [CLASS_CONDITION.default]: ['AnotherDefault'],
    [CLASS_CONDITION.excludeLabelIgnored]: ['EveryNodeExcluded'],
  },
  IPAddressPool: POOL_REASONS,
  MetalLoadBalancerPool: POOL_REASONS,
  L2Advertisement: {
    [ADVERTISEMENT_CONDITION.accepted]: [
      'Accepted',
      'Invalid',
      'NotWatched',
      'UnknownPool',
      'NoPool',
    ],
  },
  BGPPeer: {
    [ADVERTISEMENT_CONDITION.accepted]: [
      ...BGP_REASONS,
      'NotWatched',
      'NameTaken',
      'UnknownBFDProfile',
      'NoMatchingNode',
    ],
  },
  BGPAdvertisement: {
    [ADVERTISEMENT_CONDITION.accepted]: [...BGP_REASONS, 'NotWatched', ...ROUTE_REASONS],
  },
  MetalLoadBalancerConfiguration: {
    [ADVERTISEMENT_CONDITION.accepted]: [...BGP_REASONS, ...ROUTE_REASONS],
  },
  MetalLoadBalancerBGPPeer: {
    [ADVERTISEMENT_CONDITION.accepted]: [...BGP_REASONS, 'NotNamed'],
  },
  BFDProfile: {
    [ADVERTISEMENT_CONDITION.accepted]: [
      ...BGP_REASONS,
      'NotWatched',
      'NameTaken',
      'EchoModeIgnored',
    ],
  },
  Community: {
    [ADVERTISEMENT_CONDITION.accepted]: [...BGP_REASONS, 'NotWatched', 'NameTaken'],
  },
  ConfigurationState: {
    [CONFIGURATION_CONDITION.accepted]: ['EditionRequired'],
    [CONFIGURATION_CONDITION.pools]: ['Reconciled', 'ConfigurationError'],
    [CONFIGURATION_CONDITION.all]: ['Reconciled', 'ConfigurationError'],
    [CONFIGURATION_CONDITION.session]: ['Established', 'BgpSessionDown'],
  },
} as const;

type Words<Table> = Table extends readonly (infer Word)[] ? Word : Words<Table[keyof Table]>;
export type ConditionReason = Words<typeof CONDITION_REASONS> | NodeCondition | 'Over';

const ALL_REASONS: ReadonlySet<string> = new Set([
  ...Object.values(CONDITION_REASONS).flatMap((byType) => Object.values(byType).flat()),
  ...[...SEGMENT_CONDITIONS, ...HOST_CONDITIONS, 'Over'],
]);

/** Another version of this module may have written others. */
export function isConditionReason(word: string): word is ConditionReason {
  return ALL_REASONS.has(word);
}

/** A condition as its writer wants it; since when it holds is found by comparing. */
export interface WantedCondition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: ConditionReason;
  readonly message: string;
}

export const CONTROLLER_EVENTS = [
  'IPAllocated',
  'IPReleased',
  'AllocationFailed',
  'PreferredNodeChanged',
  'AddressAssignedTwice',
  'ClassNotFound',
  'ClassInvalid',
  'WouldLoseIPs',
  'InvalidAnnotation',
  'NoBalancerNodes',
  'NotInPool',
  'NoCommonInterface',
  'NoAdvertisement',
  'NoMatchingNode',
  'AdvertisementsDiffer',
  'ClearAssignment',
  'LoadBalancerFailed',
  'AdditionalAssignFailed',
  'deprecatedAnnotation',
  'Accepted',
  'Invalid',
  'PoolsOverlap',
  'NotWatched',
  'NameTaken',
  'UnknownPool',
  'EditionRequired',
  'UnknownPeer',
  'NoPeer',
  'UnknownBFDProfile',
  'UnknownCommunity',
  'AggregateTooWide',
  'AggregateCoversHost',
  'AggregateUnderLocal',
  'LocalPrefConflict',
  'EchoModeIgnored',
  'NotNamed',
  'AnotherDefault',
  'EveryNodeExcluded',
] as const;

export type ControllerEvent = (typeof CONTROLLER_EVENTS)[number];

export function isControllerEvent(word: string): word is ControllerEvent {
  return CONTROLLER_EVENTS.some((known) => known === word);
}

/** Beside those of a Node: the conditions of its segments, and the same with `Over` at the end. */
export const SPEAKER_EVENTS = ['nodeAssigned', 'AddressConflict', 'AddressConflictOver'] as const;

export type EventReason =
  | ControllerEvent
  | (typeof SPEAKER_EVENTS)[number]
  | SegmentCondition
  | `${SegmentCondition}Over`;
