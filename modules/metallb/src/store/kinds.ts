import { peerInVersion } from '../api/bgp-peer-versions.ts';
import {
  CHILD_API_VERSION,
  CHILD_KIND,
  CLASS_API_VERSION,
  CLASS_KIND,
  METALLB_API_VERSION,
  METALLB_PEER_API_VERSION,
} from '../api/names.ts';
import type { Kind } from './store.ts';

/** What every store needs to know of a kind. */
export interface KindInfo {
  readonly apiVersion: string;
  readonly namespaced: boolean;
  /** Has no objects where the cluster has no definition of it: Helm brings none in an upgrade. */
  readonly isOptional?: boolean;
  /** Versions that files of old have, and the same object in the present one: what an API server has converted. */
  readonly older?: Readonly<Record<string, (object: WholeObject) => WholeObject>>;
}

type WholeObject = Readonly<Record<string, unknown>>;

const METALLB: KindInfo = { apiVersion: METALLB_API_VERSION, namespaced: true, isOptional: true };
const DECKHOUSE: KindInfo = { apiVersion: CLASS_API_VERSION, namespaced: false, isOptional: true };

/** The kinds that programs read and write; all others are ignored. */
export const KINDS: Readonly<Record<Kind, KindInfo>> = {
  [CLASS_KIND]: { apiVersion: CLASS_API_VERSION, namespaced: false },
  [CHILD_KIND]: { apiVersion: CHILD_API_VERSION, namespaced: true },
  Service: { apiVersion: 'v1', namespaced: true },
  Node: { apiVersion: 'v1', namespaced: false },
  EndpointSlice: { apiVersion: 'discovery.k8s.io/v1', namespaced: true },
  Namespace: { apiVersion: 'v1', namespaced: false },
  ConfigMap: { apiVersion: 'v1', namespaced: true },
  Secret: { apiVersion: 'v1', namespaced: true },
  IPAddressPool: METALLB,
  L2Advertisement: METALLB,
  BGPPeer: {
    ...METALLB,
    apiVersion: METALLB_PEER_API_VERSION,
    older: { [METALLB_API_VERSION]: (peer) => peerInVersion(peer, METALLB_PEER_API_VERSION) },
  },
  BGPAdvertisement: METALLB,
  BFDProfile: METALLB,
  Community: METALLB,
  ServiceL2Status: METALLB,
  ServiceBGPStatus: METALLB,
  ConfigurationState: METALLB,
  MetalLoadBalancerPool: DECKHOUSE,
  MetalLoadBalancerBGPPeer: DECKHOUSE,
  MetalLoadBalancerConfiguration: DECKHOUSE,
};

/** Whether the word is a kind that programs know. */
export function isKind(word: string): word is Kind {
  return Object.hasOwn(KINDS, word);
}
