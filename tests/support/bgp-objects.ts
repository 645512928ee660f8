import {
  CLASS_API_VERSION,
  METALLB_PEER_API_VERSION,
} from '../../modules/metallb/src/api/names.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { bgpStatusName } from '../../modules/metallb/src/metallb/bgp-status.ts';
import { metallbObject } from './metallb-objects.ts';

type Spec = Readonly<Record<string, unknown>>;

const NAMESPACE = 'metallb-system';
const ROUTER = { myASN: 64_500, peerASN: 64_501, peerAddress: '172.16.1.1' };

/** A router of another AS, in the release namespace unless wished otherwise. */
export function bgpPeer(name: string, spec: Spec = {}, namespace = NAMESPACE): KubernetesObject {
  const object = metallbObject('BGPPeer', name, { namespace, spec: { ...ROUTER, ...spec } });
  return { ...object, apiVersion: METALLB_PEER_API_VERSION };
}

/** Of every pool, by every node, to every router, unless wished otherwise. */
export function bgpAdvertisement(name: string, spec: Spec = {}): KubernetesObject {
  return metallbObject('BGPAdvertisement', name, { spec });
}

export function bfdProfile(name: string, spec: Spec = {}): KubernetesObject {
  return metallbObject('BFDProfile', name, { spec });
}

/** All of these names for 64500:100. */
export function community(name: string, ...names: readonly string[]): KubernetesObject {
  const communities = names.map((each) => ({ name: each, value: '64500:100' }));
  return metallbObject('Community', name, { spec: { communities } });
}

/** Deckhouse's router. */
export function router(name: string): KubernetesObject {
  return deckhouseObject('MetalLoadBalancerBGPPeer', name, ROUTER);
}

/** Sessions of every node with these of Deckhouse's routers, unless wished otherwise. */
export function configuration(
  name: string,
  peerNames: readonly string[],
  advertisements: readonly object[] = [],
  nodeSelector?: Readonly<Record<string, string>>,
): KubernetesObject {
  const spec = {
    ...{ mode: 'BGP', bgp: { peerNames }, advertisements },
    ...(nodeSelector && { nodeSelector }),
  };
  return deckhouseObject('MetalLoadBalancerConfiguration', name, spec);
}

/** What a node tells of a Service in `default`. */
export function serviceBgpStatus(name: string, node: string): KubernetesObject {
  const service = { namespace: 'default', name, node };
  const status = { node, serviceName: name, serviceNamespace: 'default', peers: ['tor'] };
  return { ...metallbObject('ServiceBGPStatus', bgpStatusName(service), {}), status };
}

/** An object of each kind that is about BGP, which belong together. */
export const ONE_OF_EACH: readonly KubernetesObject[] = [
  bgpPeer('tor'),
  bgpAdvertisement('all'),
  bfdProfile('fast'),
  community('names', 'vpn'),
  router('spine'),
  configuration('edge', ['spine']),
];

/** As somebody applies them, those with a namespace in this one. */
export function inNamespace(objects: readonly KubernetesObject[], namespace: string) {
  return objects.map(({ apiVersion, kind, metadata, spec }) => ({
    ...{ apiVersion, kind, spec: { ...Object(spec) } },
    metadata: { name: metadata.name, ...(metadata.namespace && { namespace }) },
  }));
}

function deckhouseObject(kind: string, name: string, spec: Spec): KubernetesObject {
  const creationTimestamp = '2026-01-01T00:00:00Z';
  const metadata = { name, uid: `uid-${name}`, resourceVersion: '1', creationTimestamp };
  return { apiVersion: CLASS_API_VERSION, kind, metadata, spec };
}
