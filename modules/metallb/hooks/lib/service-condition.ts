import { CONDITION } from '../../src/api/names.ts';

/** Every condition that this module writes on a Service. The first two are Deckhouse's. */
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
  /** False while nobody can answer for an IP; absent otherwise. */
  ipsAnnounceable: 'network.deckhouse.io/ips-announceable',
} as const;

/** Conditions of a child, written by the controller beside what the speakers write. */
export const CHILD_CONDITION = {
  assigned: 'Assigned',
  inPool: 'InPool',
  announceable: 'Announceable',
} as const;
