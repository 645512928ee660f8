import {
  CHILD_API_VERSION,
  CHILD_KIND,
  CLASS_API_VERSION,
  CLASS_KIND,
  METALLB_API_VERSION,
  METALLB_PEER_API_VERSION,
} from '../../src/api/names.ts';
import type { HookConfig, KubernetesBinding } from './hook.ts';

/** What a binding watches, and what of it. */
export type WatchedObjects = Pick<
  KubernetesBinding,
  'name' | 'apiVersion' | 'kind' | 'nameSelector' | 'namespace' | 'executeHookOnEvent' | 'jqFilter'
>;

/** The objects that hooks of this module read; the names are those of the snapshots. */
export const BINDING = {
  classes: { name: 'classes', apiVersion: CLASS_API_VERSION, kind: CLASS_KIND },
  nodes: { name: 'nodes', apiVersion: 'v1', kind: 'Node' },
  services: { name: 'services', apiVersion: 'v1', kind: 'Service' },
  children: { name: 'children', apiVersion: CHILD_API_VERSION, kind: CHILD_KIND },
  advertisements: {
    name: 'advertisements',
    apiVersion: METALLB_API_VERSION,
    kind: 'L2Advertisement',
  },
  peers: { name: 'bgp-peers', apiVersion: METALLB_PEER_API_VERSION, kind: 'BGPPeer' },
  configurations: {
    name: 'metal-load-balancer-configurations',
    apiVersion: CLASS_API_VERSION,
    kind: 'MetalLoadBalancerConfiguration',
  },
  ipAddressPools: {
    name: 'ip-address-pools',
    apiVersion: METALLB_API_VERSION,
    kind: 'IPAddressPool',
  },
  metalLoadBalancerPools: {
    name: 'metal-load-balancer-pools',
    apiVersion: CLASS_API_VERSION,
    kind: 'MetalLoadBalancerPool',
  },
  bgpAdvertisements: {
    name: 'bgp-advertisements',
    apiVersion: METALLB_API_VERSION,
    kind: 'BGPAdvertisement',
  },
  profiles: { name: 'bfd-profiles', apiVersion: METALLB_API_VERSION, kind: 'BFDProfile' },
  communities: { name: 'communities', apiVersion: METALLB_API_VERSION, kind: 'Community' },
  deckhousePeers: {
    name: 'metal-load-balancer-bgp-peers',
    apiVersion: CLASS_API_VERSION,
    kind: 'MetalLoadBalancerBGPPeer',
  },
  bgpStatuses: {
    name: 'service-bgp-statuses',
    apiVersion: METALLB_API_VERSION,
    kind: 'ServiceBGPStatus',
  },
  l2Statuses: {
    name: 'service-l2-statuses',
    apiVersion: METALLB_API_VERSION,
    kind: 'ServiceL2Status',
  },
  configurationStates: {
    name: 'configuration-states',
    apiVersion: METALLB_API_VERSION,
    kind: 'ConfigurationState',
  },
  moduleConfigs: {
    name: 'module-configs',
    apiVersion: 'deckhouse.io/v1alpha1',
    kind: 'ModuleConfig',
    nameSelector: { matchNames: ['metallb'] },
  },
  /** Of the chart, where Deckhouse installs it. */
  heartbeatSecret: {
    name: 'heartbeat-secret',
    apiVersion: 'v1',
    kind: 'Secret',
    nameSelector: { matchNames: ['metallb-heartbeat'] },
    namespace: { nameSelector: { matchNames: ['d8-metallb'] } },
  },
} as const satisfies Record<string, Omit<WatchedObjects, 'jqFilter'>>;

/**
 * All bindings in one group, so that the hook always sees them together and neighbouring events are one run. A queue
 * for each hook: events of several hooks in one queue lie alternately in it, and only neighbours are joined.
 *
 * A run that fails is dropped. Mostly a patch was made from a snapshot that was older than its object, and the event of
 * that newer version is on its way; whatever else it was, the next minute's run sees it again.
 */
export function hookConfig(name: string, bindings: readonly WatchedObjects[]): HookConfig {
  const queue = `/modules/metallb/${name}`;
  const shared = { group: 'main', queue, allowFailure: true };
  return {
    configVersion: 'v1',
    // Time for the operator to hear what the run before has written.
    settings: { executionMinInterval: '500ms', executionBurst: 1 },
    kubernetes: bindings.map((binding) => ({
      ...binding,
      ...shared,
      keepFullObjectsInMemory: false,
    })),
    schedule: [{ name: 'every-minute', crontab: '* * * * *', ...shared }],
  };
}
