import type { ClusterObject } from '../../lab/cluster.ts';
import { assignedIps } from '../../lab/health.ts';
import { fetchPage } from '../../lab/http.ts';
import type { Lab } from '../../lab/lab.ts';
import type { Neighbour } from '../../lab/routers/router.ts';
import { type Play, type Scenario, type ScenarioOptions, scenario } from '../../lab/scenario.ts';
import { deleteServices } from '../../lab/standard.ts';
import { endpointSliceManifest, POD_PORT } from '../../lab/workload.ts';
import type { SessionFacts } from '../../modules/metallb/src/routing/sessions.ts';
import { NODE_ASN, neighbour, ROUTER, ROUTER_ASN } from './bgp-sessions.ts';

/** The whole product as people use it: objects of MetalLB's API, and what a router makes of what nodes tell it. */
export const NAMESPACE = 'metallb-system';
const API = 'metallb.io/v1beta1';
const KINDS = [
  'IPAddressPool',
  'BGPAdvertisement',
  'L2Advertisement',
  'BGPPeer',
  'BFDProfile',
  'Community',
  'Secret',
  'ConfigMap',
];

/** A ConfigMap that the control plane makes anew in every namespace. */
const CLUSTERS_OWN = 'kube-root-ca.crt';

/** Next hops: every node's address on the public segment. */
export const NODES: readonly string[] = ['10.9.0.1', '10.9.0.2', '10.9.0.3'];
export const IPV6_NODES: readonly string[] = ['fd00:9::1', 'fd00:9::2', 'fd00:9::3'];

export function object(kind: string, name: string, rest: object): ClusterObject {
  const apiVersion = kind === 'BGPPeer' ? 'metallb.io/v1beta2' : API;
  return { apiVersion, kind, metadata: { name, namespace: NAMESPACE }, ...rest };
}

export function bgpPeer(spec: object = {}): ClusterObject {
  const required = { myASN: NODE_ASN, peerASN: ROUTER_ASN, peerAddress: ROUTER.ipv4 };
  return object('BGPPeer', 'router', { spec: { ...required, ...spec } });
}

/** The same with annotations of this module, which begin with `network.deckhouse.io/bgp-`; it is tried every second. */
export function annotatedPeer(
  said: Readonly<Record<string, string>>,
  spec: object = {},
): ClusterObject {
  const peer = bgpPeer({ connectTime: '1s', ...spec });
  const annotations = Object.fromEntries(
    Object.entries(said).map(([name, value]) => [`network.deckhouse.io/bgp-${name}`, value]),
  );
  return { ...peer, metadata: { ...peer.metadata, annotations } };
}

/** Where routers connect to: the lab's programs have no right to BGP's own port. */
export const LISTEN_PORT = 1_179;
/** Labs whose nodes do so. */
export const LISTENING = { lab: { nodeFlags: [`--bgp-listen-port=${LISTEN_PORT}`] } } as const;

export const POOL = object('IPAddressPool', 'far', { spec: { addresses: ['10.99.0.0/24'] } });

export function advertisement(spec: object = {}): ClusterObject {
  return object('BGPAdvertisement', 'far', { spec });
}

export function service(name: string, spec: object = {}): ClusterObject {
  const ports = [{ name: 'http', protocol: 'TCP', port: POD_PORT }];
  return {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' } },
    spec: { type: 'LoadBalancer', ipFamilies: ['IPv4'], ports, ...spec },
  };
}

/** @returns its IP */
export async function served(
  lab: Lab,
  name: string,
  spec: object = {},
  annotations: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { metadata, ...rest } = service(name, spec);
  await lab.cluster.apply({ ...rest, metadata: { ...metadata, annotations } });
  await endpointsOn(lab, name, lab.nodes);
  const [ip = ''] = await assignedIps(lab, name, 1);
  await lab.leads(ip);
  return ip;
}

/** @returns its IPs, of IPv6 beside whatever else it asks for */
export async function servedIpv6(
  lab: Lab,
  name: string,
  spec: object,
  count = 1,
): Promise<string[]> {
  await lab.cluster.apply(service(name, spec));
  const backends = lab.nodes.map((node) => ({ pod: `pod${node.slice(1)}`, node }));
  await lab.cluster.apply(endpointSliceManifest({ name, family: 'IPv6' }, backends));
  return assignedIps(lab, name, count);
}

/** A Service of both families has both of its IPs of one pool. */
export async function servedBoth(
  lab: Lab,
  name: string,
  spec: object = {},
): Promise<{ readonly ipv4: string; readonly ipv6: string }> {
  const addresses = ['10.99.2.0/24', '2001:db8:98::/64'];
  await lab.cluster.apply(object('IPAddressPool', 'both', { spec: { addresses } }));
  await endpointsOn(lab, name, lab.nodes);
  const both = { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' };
  const ips = await servedIpv6(lab, name, { ...both, ...spec }, 2);
  const of = (isIpv6: boolean) => ips.find((ip) => ip.includes(':') === isIpv6) ?? '';
  return { ipv4: of(false), ipv6: of(true) };
}

export async function endpointsOn(lab: Lab, name: string, nodes: readonly string[]): Promise<void> {
  const backends = nodes.map((node) => ({ pod: `pod${node.slice(1)}`, node }));
  await lab.cluster.apply(endpointSliceManifest({ name, family: 'IPv4' }, backends));
}

/** In an edition with BGP, on three nodes, with a pool; nothing of it is left behind. */
export function moduleScenario(
  name: string,
  play: Play,
  { lab: network, ...options }: ScenarioOptions = {},
): Scenario {
  const wanted = { ...options, lab: { edition: 'EE', ...network } };
  return scenario(`bgp/${name}`, wanted, withPool(play));
}

/** The same, in the edition that the lab has. */
export function withPool(play: Play): Play {
  return async (lab, alone) => {
    await deleteServices(lab);
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
    await lab.cluster.apply(namespace, POOL);
    try {
      return await play(lab, alone);
    } finally {
      await deleteServices(lab);
      for (const kind of KINDS) {
        for (const { metadata } of await lab.cluster.list(kind)) {
          if (metadata.namespace !== NAMESPACE || metadata.name === CLUSTERS_OWN) continue;
          await lab.cluster.delete({ kind, namespace: NAMESPACE, name: metadata.name });
        }
      }
    }
  };
}

/** The router expects all nodes. */
export const everyNode = (changes: Partial<Neighbour> = {}) => ({
  neighbours: NODES.map((address) => neighbour({ address, ...changes })),
});

/** @param previous what the router may still have */
export function passwordOf(password: string, previous?: string, name = 'router'): ClusterObject {
  const all = { password, ...(previous === undefined ? {} : { passwordPrevious: previous }) };
  const data = Object.fromEntries(
    Object.entries(all).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  );
  return {
    ...{ apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/basic-auth', data },
    metadata: { name, namespace: NAMESPACE },
  };
}

/** What the speaker of a node says of its session with a peer; undefined before it knows of the peer. */
export async function sessionOf(
  lab: Lab,
  node: string,
  peer = 'router',
): Promise<SessionFacts | undefined> {
  const { body } = await fetchPage(lab.namespace(node), 'http://127.0.0.1:7474/status');
  const { bgp }: { bgp?: { sessions: readonly SessionFacts[] } } = JSON.parse(body);
  return bgp?.sessions.find((one) => one.peer === `${NAMESPACE}/${peer}`);
}
