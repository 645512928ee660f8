import {
  boolean,
  integer,
  LOG_LEVELS,
  linkLocalGroup,
  oneOf,
  pageUrl,
  patterns,
  socketAddress,
  storeAddress,
  text,
} from './kinds.ts';
import { METALLB_SETTINGS } from './metallb-settings.ts';
import type { Setting, SettingsOf } from './settings.ts';

const HOUR_MS = 3_600_000;
const MAX_FRAMES_PER_SECOND = 100_000;
/** Interfaces of containers and overlays, which lead to no client (the list of Deckhouse's module). */
const VIRTUAL_INTERFACES = [
  ...['docker', 'cbr', 'dummy', 'virbr', 'lxc', 'veth', 'cali', 'tunl', 'flannel', 'kube-ipvs'],
  ...['cni', 'nodelocaldns', 'cilium_vxlan'],
].map((prefix) => `^${prefix}`);

/** `node` itself reads only flags and the environment, so that it needs no packages. */
function notFromFile<T>(setting: Setting<T>): Setting<T> {
  return {
    ...setting,
    notFromFile: true,
    description: `${setting.description}; not from the file`,
  };
}

/** Settings of `node`, which hands them on to its children: all of them read this table. */
export const NODE_SETTINGS = {
  node: text({ description: 'name of this node in the cluster', maxLength: 253 }),
  store: storeAddress({
    description: 'where the cluster state is: manifests:DIRECTORY or kubernetes',
  }),
  heartbeatKeyFile: text({
    description:
      'file with one base64 key of at least 16 bytes a line, at most four, the newest first; read again when it changes',
  }),
  clusterId: text({
    description: 'tells clusters that share a segment apart; the same on all nodes of one',
    default: 'default',
  }),
  runDir: notFromFile(
    text({
      description:
        'directory of this node alone for the sockets between its programs and for last-known-good state',
      default: '/run/metallb',
    }),
  ),
  healthAddress: notFromFile(
    socketAddress({
      description: 'where node serves /healthz and /readyz',
      default: '127.0.0.1:7476',
    }),
  ),
  metricsAddress: socketAddress({
    description: 'where speaker serves /metrics',
    default: '127.0.0.1:7474',
  }),
  heartbeatIntervalMs: integer({
    description: 'time between two heartbeats, lengthened on segments with more than 30 nodes',
    default: '100',
    minimum: 10,
    maximum: 10_000,
  }),
  heartbeatMultiplier: integer({
    description: 'a node is dead after this many intervals of silence',
    default: '3',
    minimum: 2,
    maximum: 50,
  }),
  heartbeatGroup: linkLocalGroup({
    description: 'multicast group of heartbeats; 224.0.0.x where a fabric filters IPv6',
    default: 'ff02::1',
  }),
  holdDownMs: integer({
    description: 'health without a break before a returned node takes its IPs back',
    default: '10000',
    minimum: 0,
    maximum: HOUR_MS,
  }),
  holdDownMaxMs: integer({
    description:
      'ceiling of the hold-down, which doubles while a node flaps; at least hold-down-ms holds',
    default: '300000',
    minimum: 0,
    maximum: HOUR_MS,
  }),
  announceRate: integer({
    description: 'announcements per second and interface in the first round of a takeover',
    default: '1000',
    minimum: 1,
    maximum: MAX_FRAMES_PER_SECOND,
  }),
  backgroundRate: integer({
    description: 'announcements per second and interface otherwise',
    default: '500',
    minimum: 1,
    maximum: MAX_FRAMES_PER_SECOND,
  }),
  restartGraceMs: integer({
    description: 'how long peers keep the IPs of a node that restarts for it',
    default: '30000',
    minimum: 0,
    maximum: HOUR_MS,
  }),
  terminationGraceMs: notFromFile(
    integer({
      description: 'how long a stopping node may take to hand its IPs over',
      default: '28000',
      minimum: 0,
      maximum: HOUR_MS,
    }),
  ),
  kubeProxyMetricsUrl: pageUrl({
    description:
      "kube-proxy's metrics on this node, which say what it serves; empty where there is no kube-proxy",
    default: 'http://127.0.0.1:10249/metrics',
  }),
  dataplaneWaitMs: integer({
    description:
      "how long a new IP waits where kube-proxy's metrics can't be read; 0: no IP ever waits for kube-proxy",
    default: '1000',
    minimum: 0,
    maximum: 60_000,
  }),
  excludeInterfaces: patterns({
    description:
      'comma-separated regular expressions of interfaces that only classes and L2Advertisements which name them are announced on',
    default: [...VIRTUAL_INTERFACES, '^lo$'].join(','),
  }),
  ...METALLB_SETTINGS,
  followEndpoints: boolean({
    description:
      "whether an IP of MetalLB's API is answered by the node of its Service's ready endpoints, where they are all on one",
    default: 'true',
  }),
  bgpListenPort: integer({
    description:
      'port where the routers of BGPPeers may connect to, in editions with BGP; below 1024 it takes the capability NET_BIND_SERVICE; 0: none',
    default: '0',
    minimum: 0,
    maximum: 65_535,
  }),
  logLevel: oneOf({ description: 'least severe lines to log', default: 'info', words: LOG_LEVELS }),
} as const;

export type NodeSettings = SettingsOf<typeof NODE_SETTINGS>;
