import type { Kind } from '../store/store.ts';

/** All that the controller and an election look at. */
export const PLANNED_KINDS = [
  'MetalLoadBalancerClass',
  'Service',
  'SDNInternalL2LBService',
  'Node',
  'EndpointSlice',
  'Namespace',
  'IPAddressPool',
  'MetalLoadBalancerPool',
  'L2Advertisement',
  'ServiceL2Status',
] as const satisfies readonly Kind[];
