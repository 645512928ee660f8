import { run } from './exec.ts';
import {
  type Attachment,
  FIRST_POD,
  type Host,
  ipv4On,
  ipv6On,
  macOn,
  POOL,
  planHosts,
  SECOND_POOL,
  type Segment,
} from './plan.ts';

export interface NetworkOptions {
  readonly nodes: number;
  /** A second public segment, eth1 of nodes and clients. */
  readonly secondSegment: boolean;
}

/** Builds all namespaces of a lab, named `<lab>-<host>`, and a switch namespace `<lab>-sw` with a bridge per segment. */
export async function buildNetwork(lab: string, options: NetworkOptions): Promise<readonly Host[]> {
  const hosts = planHosts(options.nodes, options.secondSegment);
  const names = ['sw', ...hosts.map((host) => host.name)].map((name) => `${lab}-${name}`);
  for (const name of names) await run(['ip', 'netns', 'add', name]);
  await Promise.all(names.map((name) => configureKernel(name)));
  const segments = new Set(hosts.flatMap((host) => host.attachments.map((at) => at.segment)));
  await batch(`${lab}-sw`, [...segments].flatMap(bridgeCommands));
  await run(['ip', '-batch', '-'], hosts.flatMap((host) => cableCommands(lab, host)).join('\n'));
  await batch(`${lab}-sw`, hosts.flatMap(portCommands));
  for (const host of hosts) await batch(`${lab}-${host.name}`, hostCommands(host));
  return hosts;
}

/** Adds one host to a lab that stands. */
export async function addHost(lab: string, host: Host): Promise<void> {
  const namespace = `${lab}-${host.name}`;
  await run(['ip', 'netns', 'add', namespace]);
  await configureKernel(namespace);
  await run(['ip', '-batch', '-'], cableCommands(lab, host).join('\n'));
  await batch(`${lab}-sw`, portCommands(host));
  await batch(namespace, hostCommands(host));
}

/** Several `ip` commands at once, in one namespace. */
export function batch(namespace: string, commands: readonly string[]): Promise<string> {
  return run(['ip', '-n', namespace, '-batch', '-'], `${commands.join('\n')}\n`);
}

/** Before any interface exists: interfaces copy `default` at their creation. */
function configureKernel(namespace: string): Promise<string> {
  const settings = [
    'net.ipv4.ip_forward=1',
    'net.ipv6.conf.all.forwarding=1',
    'net.ipv4.conf.all.rp_filter=0',
    'net.ipv4.conf.default.rp_filter=0',
    // A duplicate-address check would keep every new IPv6 address unusable for 1.8 s.
    'net.ipv6.conf.all.accept_dad=0',
    'net.ipv6.conf.default.accept_dad=0',
    // Otherwise `ip link set down` deletes global IPv6 addresses for good.
    'net.ipv6.conf.all.keep_addr_on_down=1',
    'net.ipv6.conf.default.keep_addr_on_down=1',
  ];
  return run(['ip', 'netns', 'exec', namespace, 'sysctl', '-qw', ...settings]);
}

function bridgeCommands(segment: Segment): string[] {
  return [
    `link add ${segment} type bridge stp_state 0 mcast_snooping 0 nf_call_iptables 0 nf_call_ip6tables 0 nf_call_arptables 0`,
    `link set ${segment} addrgenmode none`,
    `link set ${segment} up`,
  ];
}

/** The switch's end of a host's cable. */
export function portName(hostName: string, interfaceName: string): string {
  return `${hostName}.${interfaceName}`;
}

function cableCommands(lab: string, host: Host): string[] {
  return host.attachments.map((at) => {
    const hostEnd = `name ${at.interfaceName} netns ${lab}-${host.name} address ${macOn(at.segment, at.hostNumber)}`;
    return `link add ${hostEnd} type veth peer name ${portName(host.name, at.interfaceName)} netns ${lab}-sw`;
  });
}

function portCommands(host: Host): string[] {
  return host.attachments.flatMap((at) => {
    const port = portName(host.name, at.interfaceName);
    return [
      `link set ${port} addrgenmode none`,
      `link set ${port} master ${at.segment}`,
      `link set ${port} up`,
    ];
  });
}

function hostCommands(host: Host): string[] {
  const addresses = host.attachments.flatMap((at) => [
    `address add ${ipv4On(at.segment, at.hostNumber)}/24 dev ${at.interfaceName}`,
    `address add ${ipv6On(at.segment, at.hostNumber)}/64 dev ${at.interfaceName} nodad`,
    `link set ${at.interfaceName} up`,
  ]);
  return ['link set lo up', ...addresses, ...routeCommands(host)];
}

function routeCommands(host: Host): string[] {
  if (host.name.startsWith('pod')) return podRoutes(host.attachments[0]);
  const isOutside = host.attachments.every(
    (at) => at.segment === 'public' || at.segment === 'second',
  );
  if (!isOutside) return [];
  return host.attachments.flatMap((at) => {
    const pool = at.segment === 'second' ? SECOND_POOL : POOL;
    return [
      `route add ${pool.IPv4.subnet} dev ${at.interfaceName}`,
      `route add ${pool.IPv6.subnet} dev ${at.interfaceName}`,
    ];
  });
}

/** A pod answers through its own node: with externalTrafficPolicy Local it sees the client's address. */
function podRoutes(at: Attachment | undefined): string[] {
  if (at === undefined) return [];
  const nodeNumber = at.hostNumber - FIRST_POD;
  return [
    `route add default via ${ipv4On('pods', nodeNumber)}`,
    `route add default via ${ipv6On('pods', nodeNumber)}`,
  ];
}
