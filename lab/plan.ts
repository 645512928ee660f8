/**
 * Who has which address. Hosts of a segment differ in their last number only, so a capture reads by itself:
 * node n2 is 10.9.0.2, fd00:9::2, 02:00:00:00:00:02 on the public segment.
 */
export type Segment = 'public' | 'management' | 'pods' | 'second';

export interface Attachment {
  readonly segment: Segment;
  readonly interfaceName: string;
  readonly hostNumber: number;
}

export interface Host {
  readonly name: string;
  readonly attachments: readonly Attachment[];
}

const SUBNET = { management: 8, public: 9, second: 10, pods: 244 } as const;

/**
 * What Services get their addresses from: on the public segment, but on no host's subnet. Wide enough for every scenario
 * of a run to get addresses that no earlier one had.
 */
export const POOL = {
  IPv4: { subnet: '192.0.2.0/24', range: '192.0.2.10-192.0.2.99' },
  IPv6: { subnet: '2001:db8:2::/64', range: '2001:db8:2::10-2001:db8:2::99' },
} as const;

/** The same for the segment `second`. */
export const SECOND_POOL = {
  IPv4: { subnet: '198.51.100.0/24', range: '198.51.100.10-198.51.100.99' },
  IPv6: { subnet: '2001:db8:3::/64', range: '2001:db8:3::10-2001:db8:3::99' },
} as const;

export function ipv4On(segment: Segment, hostNumber: number): string {
  return `10.${SUBNET[segment]}.0.${hostNumber}`;
}

export function ipv6On(segment: Segment, hostNumber: number): string {
  return `fd00:${SUBNET[segment]}::${hostNumber.toString(16)}`;
}

export function macOn(segment: Segment, hostNumber: number): string {
  const octet = (value: number) => value.toString(16).padStart(2, '0');
  return `02:00:00:00:${octet(segment === 'public' ? 0 : SUBNET[segment])}:${octet(hostNumber)}`;
}

const CLIENT = 101;
const SECOND_CLIENT = 102;
const ROUTER = 254;
const PROBER = 170;
/** Where the control plane runs. */
export const CONTROL_HOST = 100;
const BACKEND = 200;
/** The pod behind node n1 is the next one. */
export const FIRST_POD = 210;

/** n1 … nN: balancer nodes with a public, a management and a pod-network interface. */
export function nodeNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `n${index + 1}`);
}

export function numberOf(nodeName: string): number {
  return Number(nodeName.slice(1));
}

/** The pod behind a node. */
function podOf(nodeName: string): string {
  return `pod${numberOf(nodeName)}`;
}

/** All hosts of a lab: nodes, a pod behind each, a backend pod on no balancer node, the
 * controller's host, clients, router, prober. */
export function planHosts(nodes: number, secondSegment: boolean): Host[] {
  const outside = (name: string, hostNumber: number) => ({
    name,
    attachments: attach(hostNumber, secondSegment, ['public', 'second']),
  });
  return [
    ...nodeNames(nodes).flatMap((name) => [
      {
        name,
        attachments: attach(numberOf(name), secondSegment, [
          'public',
          'second',
          'management',
          'pods',
        ]),
      },
      { name: podOf(name), attachments: attach(FIRST_POD + numberOf(name), false, ['pods']) },
    ]),
    { name: 'control', attachments: attach(CONTROL_HOST, false, ['management']) },
    { name: 'backend', attachments: attach(BACKEND, false, ['pods']) },
    outside('client', CLIENT),
    outside('client2', SECOND_CLIENT),
    outside('router', ROUTER),
    outside('prober', PROBER),
  ];
}

const INTERFACE_NAME = {
  public: 'eth0',
  second: 'eth1',
  management: 'mgmt0',
  pods: 'cni0',
} as const;

function attach(hostNumber: number, second: boolean, segments: readonly Segment[]): Attachment[] {
  return segments
    .filter((segment) => segment !== 'second' || second)
    .map((segment) => ({ segment, interfaceName: INTERFACE_NAME[segment], hostNumber }));
}

/** IPv4 and IPv6 address of a pod. */
export function podAddresses(podName: string): { IPv4: string; IPv6: string } {
  const hostNumber = podName === 'backend' ? BACKEND : FIRST_POD + Number(podName.slice(3));
  return { IPv4: ipv4On('pods', hostNumber), IPv6: ipv6On('pods', hostNumber) };
}
