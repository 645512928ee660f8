/** Names that users, manifests and other programs see. Compatible with Deckhouse's module; never change one. */

export const CLASS_API_VERSION = 'network.deckhouse.io/v1alpha1';
export const CLASS_KIND = 'MetalLoadBalancerClass';
export const CHILD_API_VERSION = 'internal.network.deckhouse.io/v1alpha1';
export const CHILD_KIND = 'SDNInternalL2LBService';

export const ANNOTATION = {
  externalIpsCount: 'network.deckhouse.io/l2-load-balancer-external-ips-count',
  class: 'network.deckhouse.io/metal-load-balancer-class',
  requestedIps: 'network.deckhouse.io/load-balancer-ips',
  sharedIpKey: 'network.deckhouse.io/load-balancer-shared-ip-key',
  drain: 'network.deckhouse.io/drain-balancer',
} as const;

/** On children. */
export const CHILD_ANNOTATION = {
  preferredNode: 'metallb.io/preferredL2SpeakerNode',
  addressPool: 'metallb.io/address-pool',
  requestedIps: 'metallb.io/loadBalancerIPs',
  sharedIpKey: 'metallb.io/allow-shared-ip',
} as const;

export const LABEL = {
  parentService: 'parent-service',
  member: 'l2-load-balancer.network.deckhouse.io/member',
  excludeFromLoadBalancers: 'node.kubernetes.io/exclude-from-external-load-balancers',
  hostname: 'kubernetes.io/hostname',
  heritage: 'heritage',
  module: 'module',
} as const;

export const CONDITION = {
  classBound: 'network.deckhouse.io/load-balancer-class',
  allIpsAssigned: 'AllPublicIPsAssigned',
  addressConflict: 'AddressConflict',
} as const;

/** `spec.loadBalancerClass` of every child. */
export const CHILD_LOAD_BALANCER_CLASS = 'l2-load-balancer-class.network.deckhouse.io';
