import type { LabelSelector } from '../api/label-selector.ts';
import type { ModuleSettings, SettingsPeer, SettingsPool } from './module-config.ts';

const API_VERSION = 'network.deckhouse.io/v1alpha1';
const CONFIGURATION = 'migrated-bgp';
const SECRET_NAMESPACE = 'd8-metallb';
/** From this version of the settings on, BGP is in objects of its own. */
const VERSION_WITH_OBJECTS = 3;
/** What a MetalLoadBalancerConfiguration takes. */
const COMMUNITY = /^(?:\d+:\d+|no-export|no-advertise|local-as|none)$/;

/** An object of BGP as the migration makes it. */
export interface BgpObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: unknown;
  readonly stringData?: Readonly<Record<string, string>>;
  readonly type?: string;
  /** What it can't express of the settings, a sentence each. */
  readonly losses: readonly string[];
}

/** A peer, how it is called now, and on which nodes it was. */
interface NamedPeer {
  readonly name: string;
  readonly peer: SettingsPeer;
  /** Undefined where equality labels can't say it. */
  readonly nodes: Readonly<Record<string, string>> | undefined;
}

/** The objects that say what BGP settings said before version 3; none where there were none. */
export function bgpObjects(settings: ModuleSettings | undefined): BgpObject[] {
  if (settings === undefined || settings.version >= VERSION_WITH_OBJECTS) return [];
  const pools = settings.pools
    .map((pool, index) => ({ pool, name: pool.name ?? `pool-${index}` }))
    .filter(({ pool }) => pool.protocol === 'bgp');
  if (pools.length === 0 && settings.peers.length === 0) return [];
  const peers = settings.peers.map((peer, index) => ({
    name: `peer-${index}`,
    peer,
    nodes: labelsOf(peer.nodeSelector),
  }));
  const advertisements = pools.flatMap((pool) => advertisementsOf(pool, settings));
  return [
    ...pools.map(({ pool, name }) => poolObject(name, pool)),
    ...peers.flatMap(({ name, peer }) => passwordSecret(name, peer)),
    ...peers.map(peerObject),
    ...configurations(peers, advertisements, settings),
  ];
}

function poolObject(
  name: string,
  { addresses, autoAssign, avoidBuggyIps: avoidBuggyIPs }: SettingsPool,
): BgpObject {
  const spec = {
    addresses,
    ...(autoAssign !== undefined && { autoAssign }),
    ...(avoidBuggyIPs !== undefined && { avoidBuggyIPs }),
  };
  return objectOf('MetalLoadBalancerPool', name, spec);
}

function secretName(peer: string): string {
  return `migrated-${peer}`;
}

function passwordSecret(name: string, { password }: SettingsPeer): BgpObject[] {
  if (password === undefined) return [];
  return [
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name: secretName(name),
        namespace: SECRET_NAMESPACE,
        labels: { 'network.deckhouse.io/metallb-bgp-password': 'true' },
      },
      type: 'kubernetes.io/basic-auth',
      stringData: { password },
      losses: [],
    },
  ];
}

function peerObject({ name, peer, nodes }: NamedPeer): BgpObject {
  const { peerPort, routerId: routerID, password, sourceAddress, nodeSelector } = peer;
  const holdTime = holdTimeOf(peer.holdTime);
  const spec = {
    peerAddress: peer.peerAddress,
    peerASN: peer.peerAsn,
    myASN: peer.myAsn,
    ...(peerPort !== undefined && { peerPort }),
    ...(routerID !== undefined && { routerID }),
    ...(holdTime !== undefined && { holdTime }),
    ...(password !== undefined && {
      passwordSecretRef: { name: secretName(name), namespace: SECRET_NAMESPACE },
    }),
  };
  const losses = [
    ...(sourceAddress === undefined
      ? []
      : [`source-address ${sourceAddress}: name the nodes that have it in spec.sourceAddresses`]),
    ...(nodeSelector !== undefined && nodes === undefined
      ? [
          `node-selector: the peer is configured on all nodes, as ${CONFIGURATION} has equality labels only`,
        ]
      : []),
    ...(peer.holdTime !== undefined && holdTime === undefined
      ? [`hold-time ${peer.holdTime}: expected a duration such as 90s`]
      : []),
  ];
  return { ...objectOf('MetalLoadBalancerBGPPeer', name, spec), losses };
}

function advertisementsOf(
  { pool, name }: { readonly pool: SettingsPool; readonly name: string },
  { communities: aliases }: ModuleSettings,
): { spec: object; losses: string[] }[] {
  if (pool.bgpAdvertisements.length === 0) return [{ spec: { poolNames: [name] }, losses: [] }];
  return pool.bgpAdvertisements.map(({ aggregationLength, localPref, communities }) => {
    const resolved = communities.map((written) => aliases[written] ?? written);
    const bgp = {
      ...(communities.length > 0 && {
        communities: resolved.filter((value) => COMMUNITY.test(value)),
      }),
      ...(localPref !== undefined && { localPref }),
      ...(aggregationLength !== undefined && { aggregationLength }),
    };
    const losses = resolved
      .filter((value) => !COMMUNITY.test(value))
      .map((value) => `community ${value} of the pool ${name}`);
    return { spec: { poolNames: [name], bgp }, losses };
  });
}

/** One for the peers of all nodes, and one for each that had nodes of its own: the nodes belong to the configuration. */
function configurations(
  peers: readonly NamedPeer[],
  advertisements: readonly { spec: object; losses: string[] }[],
  { speakerNodeSelector }: ModuleSettings,
): BgpObject[] {
  const everywhere = peers.filter(({ nodes }) => nodes === undefined);
  const onSome = peers.filter(({ nodes }) => nodes !== undefined);
  const configuration = (
    name: string,
    peerNames: readonly string[],
    nodes: Readonly<Record<string, string>>,
  ): BgpObject => ({
    ...objectOf('MetalLoadBalancerConfiguration', name, {
      mode: 'BGP',
      ...(Object.keys(nodes).length > 0 && { nodeSelector: nodes }),
      bgp: { peerNames },
      advertisements: advertisements.map(({ spec }) => spec),
    }),
    losses: advertisements.flatMap(({ losses }) => losses),
  });
  return [
    ...(everywhere.length > 0 || onSome.length === 0
      ? [configuration(CONFIGURATION, everywhere.map(nameOf), speakerNodeSelector)]
      : []),
    ...onSome.map(({ name, nodes }) =>
      configuration(`${CONFIGURATION}-${name}`, [name], { ...speakerNodeSelector, ...nodes }),
    ),
  ];
}

function nameOf({ name }: { readonly name: string }): string {
  return name;
}

/** Equality labels that select the same nodes; undefined where none do, or where everything is selected. */
function labelsOf(
  selector: LabelSelector | undefined,
): Readonly<Record<string, string>> | undefined {
  if (selector === undefined) return undefined;
  const labels: Record<string, string> = { ...selector.matchLabels };
  for (const { key, operator, values } of selector.matchExpressions) {
    const [value, ...others] = values;
    if (operator !== 'In' || value === undefined || others.length > 0) return undefined;
    if (labels[key] !== undefined && labels[key] !== value) return undefined;
    labels[key] = value;
  }
  return Object.keys(labels).length === 0 ? undefined : labels;
}

const HOURS: Readonly<Record<string, number>> = { y: 8_760, w: 168, d: 24 };

/** In the units of the new kind (ms, s, m, h); a bare number is seconds. */
function holdTimeOf(written: string | undefined): string | undefined {
  if (written === undefined) return undefined;
  if (/^\d+$/.test(written)) return `${written}s`;
  if (!/^(?:\d+(?:ms|[ywdhms]))+$/.test(written)) return undefined;
  return written.replace(
    /(\d+)([ywd])/g,
    (_, digits: string, unit: string) => `${Number(digits) * (HOURS[unit] ?? 1)}h`,
  );
}

function objectOf(kind: string, name: string, spec: unknown): BgpObject {
  return { apiVersion: API_VERSION, kind, metadata: { name }, spec, losses: [] };
}
