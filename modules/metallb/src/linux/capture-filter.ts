import { bitsOf, type IpFamily } from '../net/ip.ts';
import type { MacAddress } from '../net/mac.ts';
import { type Cidr, cidrsOf, type IpRange } from '../net/range.ts';

/** Heartbeats of our cluster, and whose they are not. */
export interface HeartbeatFilterOptions {
  /** Of the interface: its own frames are left out, answers to it are let in as proof of reception (network rule 2). */
  readonly mac: MacAddress;
  readonly heartbeatPort: number;
  /** Eight bytes in hex, as heartbeats carry them. */
  readonly cluster: string;
}

export interface CaptureFilterOptions extends HeartbeatFilterOptions {
  /** Address space that this node may ever answer for. */
  readonly pools: readonly IpRange[];
}

/** Compiling a longer filter blocks for tens of milliseconds; admitting all ARP and NDP costs less. */
const MAX_CIDRS = 256;

// RFC 826: where the protocol addresses stand in an ARP packet.
const ARP_SENDER_OFFSET = 14;
const ARP_TARGET_OFFSET = 24;
const ARP_REPLY = 'arp[6:2] = 2';
// RFC 4861 §4.3, §4.4, behind the 40 bytes of the IPv6 header.
const NEIGHBOR_SOLICITATION = 'ip6[40] = 135';
const NEIGHBOR_ADVERTISEMENT = 'ip6[40] = 136';
const NDP_TARGET_OFFSET = 48;
const IPV6_HEADER_BYTES = 40;
const UDP_HEADER_BYTES = 8;
/** Behind version and key id; a heartbeat of any version has it there. */
const CLUSTER_OFFSET = UDP_HEADER_BYTES + 5;

/**
 * What the kernel lets through to the wire process: ARP and NDP about the pools, answers to our own questions, and
 * heartbeats. CIDRs, not single IPs, since compile time grows with the square of the terms. No `vlan` word: a frame
 * with VLAN 0 arrives with its tag put aside and matches like an untagged one (network rule 18).
 */
export function captureFilter({ pools, ...heartbeats }: CaptureFilterOptions): string {
  const { mac } = heartbeats;
  const cidrs = pools.flatMap(cidrsOf);
  const ofFamily = (family: IpFamily) => cidrs.filter((cidr) => cidr.family === family);
  const arp = ofFamily('IPv4').flatMap((cidr) => [
    addressTerm('arp', ARP_SENDER_OFFSET, cidr),
    addressTerm('arp', ARP_TARGET_OFFSET, cidr),
  ]);
  const ndp = ofFamily('IPv6').map((cidr) => addressTerm('ip6', NDP_TARGET_OFFSET, cidr));
  const everything = cidrs.length > MAX_CIDRS;
  const wanted = anyOf([
    heartbeatTerm(heartbeats),
    everything ? 'arp' : `arp and ${anyOf([`${ARP_REPLY} and ether dst ${mac}`, ...arp])}`,
    `icmp6 and ${NEIGHBOR_ADVERTISEMENT} and ether dst ${mac}`,
    ...(everything || ndp.length > 0 ? [neighborTerm(everything ? [] : ndp)] : []),
  ]);
  return `not ether src ${mac} and ${wanted}`;
}

/** Heartbeats, ARP and NDP of these hosts alone. */
export function peerFilter({
  peers,
  ...heartbeats
}: HeartbeatFilterOptions & { readonly peers: readonly MacAddress[] }): string {
  const terms = anyOf([heartbeatTerm(heartbeats), 'arp', neighborTerm([])]);
  // Without a host, nothing that can be heard.
  const hosts = anyOf(peers.length === 0 ? ['less 1'] : peers.map((one) => `ether src ${one}`));
  return `not ether src ${heartbeats.mac} and ${hosts} and ${terms}`;
}

/** Other clusters on the segment cost nothing. Other keys come through: of our nodes, people are told. */
function heartbeatTerm({ heartbeatPort, cluster }: HeartbeatFilterOptions): string {
  const isOurs = (protocol: string, offset: number) =>
    [0, 4]
      .map((at) => `${protocol}[${offset + at}:4] = 0x${cluster.slice(2 * at, 2 * at + 8)}`)
      .join(' and ');
  const families = [
    `ip6 and ${isOurs('ip6', IPV6_HEADER_BYTES + CLUSTER_OFFSET)}`,
    `ip and ${isOurs('udp', CLUSTER_OFFSET)}`,
  ];
  return `udp dst port ${heartbeatPort} and ${anyOf(families)}`;
}

function neighborTerm(targets: readonly string[]): string {
  const message = `icmp6 and ${anyOf([NEIGHBOR_SOLICITATION, NEIGHBOR_ADVERTISEMENT])}`;
  return targets.length === 0 ? message : `${message} and ${anyOf(targets)}`;
}

function anyOf(terms: readonly string[]): string {
  return `(${terms.map((term) => `(${term})`).join(' or ')})`;
}

/** The address at `offset` lies in the CIDR, compared by 32-bit words. */
function addressTerm(protocol: string, offset: number, cidr: Cidr): string {
  const bits = bitsOf(cidr.family);
  const terms: string[] = [];
  for (let from = 0; from < cidr.prefixLength; from += 32) {
    const network = word(cidr.network, bits - from);
    const prefixBits = Math.min(32, cidr.prefixLength - from);
    const mask = 0xffff_ffffn - ((1n << BigInt(32 - prefixBits)) - 1n);
    const field = `${protocol}[${offset + from / 8}:4]`;
    terms.push(`${field}${prefixBits === 32 ? '' : ` & ${hex(mask)}`} = ${hex(network)}`);
  }
  // A prefix of length 0 holds every address; every packet of the protocol is long enough for one.
  return terms.length === 0 ? `${protocol}[${offset}:4] >= 0` : terms.join(' and ');
}

/** The 32 bits below bit `top`, which counts from the low end. */
function word(address: bigint, top: number): bigint {
  return (address >> BigInt(top - 32)) & 0xffff_ffffn;
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
