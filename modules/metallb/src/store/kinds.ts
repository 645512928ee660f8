import {
  CHILD_API_VERSION,
  CHILD_KIND,
  CLASS_API_VERSION,
  CLASS_KIND,
  METALLB_API_VERSION,
} from '../api/names.ts';
import type { Kind } from './store.ts';

/** What every store needs to know of a kind. */
export interface KindInfo {
  readonly apiVersion: string;
  readonly namespaced: boolean;
}

/** The kinds that programs read and write; all others are ignored. */
export const KINDS: Readonly<Record<Kind, KindInfo>> = {
  [CLASS_KIND]: { apiVersion: CLASS_API_VERSION, namespaced: false },
  [CHILD_KIND]: { apiVersion: CHILD_API_VERSION, namespaced: true },
  Service: { apiVersion: 'v1', namespaced: true },
  Node: { apiVersion: 'v1', namespaced: false },
  EndpointSlice: { apiVersion: 'discovery.k8s.io/v1', namespaced: true },
  Namespace: { apiVersion: 'v1', namespaced: false },
  ConfigMap: { apiVersion: 'v1', namespaced: true },
  IPAddressPool: { apiVersion: METALLB_API_VERSION, namespaced: true },
  L2Advertisement: { apiVersion: METALLB_API_VERSION, namespaced: true },
  ServiceL2Status: { apiVersion: METALLB_API_VERSION, namespaced: true },
  ConfigurationState: { apiVersion: METALLB_API_VERSION, namespaced: true },
  MetalLoadBalancerPool: { apiVersion: CLASS_API_VERSION, namespaced: false },
};

/** Definitions that an upgrade may find missing, since Helm installs no new ones: without them there are no objects. */
export function mayBeUndefined(kind: Kind): boolean {
  return KINDS[kind].apiVersion === METALLB_API_VERSION || kind === 'MetalLoadBalancerPool';
}

/** Whether the word is a kind that programs know. */
export function isKind(word: string): word is Kind {
  return Object.hasOwn(KINDS, word);
}
