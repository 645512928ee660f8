import type { IpAddress } from '../net/ip.ts';
import { ZERO_MAC } from '../net/mac.ts';
import { type ArpPacket, decodeArp } from '../packet/arp.ts';
import { decodeArpProof } from '../packet/arp-proof.ts';
import type { IpEnds } from '../packet/checksum.ts';
import {
  decodeEthernet,
  ETHER_TYPE_ARP,
  ETHER_TYPE_IPV4,
  ETHER_TYPE_IPV6,
} from '../packet/ethernet.ts';
import { HEARTBEAT_PORT, type HeartbeatKey } from '../packet/heartbeat.ts';
import { decodeIpv4 } from '../packet/ipv4.ts';
import { decodeIpv6, NEXT_HEADER_ICMPV6, PROTOCOL_UDP } from '../packet/ipv6.ts';
import { MalformedPacketError } from '../packet/malformed.ts';
import { decodeNdp, type NdpMessage, UNSPECIFIED_IPV6 } from '../packet/ndp.ts';
import { decodeUdp } from '../packet/udp.ts';
import { heartbeatLayer } from './heartbeat-layer.ts';

/** One protocol of a frame: its name and its fields, in the order in which a person reads them. */
export interface Layer {
  readonly protocol: string;
  readonly fields: Readonly<Record<string, string | number>>;
}

const MALFORMED = 'malformed';

/**
 * A frame from the outside in, as far as this module's protocols go. One that can't be read to its end has what was
 * read, then why: in a capture of many, one that is cut off must not hide the others.
 * @param keys what heartbeats may be signed with; none: signatures stay unchecked
 */
export function layersOf(bytes: Uint8Array, keys: readonly HeartbeatKey[]): Layer[] {
  const layers: Layer[] = [];
  try {
    for (const layer of ethernetLayers(bytes, keys)) layers.push(layer);
  } catch (error) {
    if (!(error instanceof MalformedPacketError)) throw error;
    layers.push({ protocol: MALFORMED, fields: { length: bytes.length, problem: error.message } });
  }
  return layers;
}

/** Whether a frame could not be read to its end. */
export function isMalformed(layers: readonly Layer[]): boolean {
  return layers.at(-1)?.protocol === MALFORMED;
}

function* ethernetLayers(bytes: Uint8Array, keys: readonly HeartbeatKey[]): Generator<Layer> {
  const { destination, source, vlanId, etherType, payload } = decodeEthernet(bytes);
  yield {
    protocol: 'Ethernet',
    fields: {
      destination,
      source,
      ...(vlanId === undefined ? {} : { vlan: vlanId }),
      'ether type': `0x${etherType.toString(16).padStart(4, '0')}`,
    },
  };
  switch (etherType) {
    case ETHER_TYPE_ARP:
      yield arpLayer(decodeArp(payload));
      break;
    case ETHER_TYPE_IPV6:
      yield* ipv6Layers(payload, keys);
      break;
    case ETHER_TYPE_IPV4:
      yield* ipv4Layers(payload, keys);
      break;
    default:
      yield opaque('payload', payload);
  }
}

function arpLayer(packet: ArpPacket): Layer {
  const proof = decodeArpProof(packet.trailer);
  return {
    protocol: 'ARP',
    fields: {
      operation: packet.operation,
      meaning: arpMeaning(packet),
      'sender MAC': packet.senderHardwareAddress,
      'sender IP': packet.senderIp,
      'target MAC': packet.targetHardwareAddress,
      'target IP': packet.targetIp,
      ...(proof === undefined
        ? {}
        : { [packet.operation === 'request' ? 'nonce' : 'proof']: hex(proof) }),
    },
  };
}

function arpMeaning(packet: ArpPacket): string {
  const { operation, senderHardwareAddress: mac, senderIp, targetIp } = packet;
  if (senderIp === targetIp) return `announcement: ${senderIp} is at ${mac}`;
  if (operation === 'reply') return `${senderIp} is at ${mac}`;
  if (senderIp === '0.0.0.0') return `probe: does anybody use ${targetIp}?`;
  const asked = packet.targetHardwareAddress === ZERO_MAC ? '' : ' (asked of one host)';
  return `who has ${targetIp}?${asked}`;
}

function* ipv6Layers(bytes: Uint8Array, keys: readonly HeartbeatKey[]): Generator<Layer> {
  const packet = decodeIpv6(bytes);
  const { source, destination, hopLimit, nextHeader, payload } = packet;
  yield {
    protocol: 'IPv6',
    fields: { source, destination, 'hop limit': hopLimit, 'next header': nextHeader },
  };
  if (nextHeader === PROTOCOL_UDP) {
    yield* udpLayers(payload, packet, keys);
    return;
  }
  const message = nextHeader === NEXT_HEADER_ICMPV6 ? decodeNdp(packet) : undefined;
  yield message === undefined ? opaque('payload', payload) : ndpLayer(message, source);
}

function* ipv4Layers(bytes: Uint8Array, keys: readonly HeartbeatKey[]): Generator<Layer> {
  const packet = decodeIpv4(bytes);
  const { source, destination, ttl, protocol, payload } = packet;
  yield { protocol: 'IPv4', fields: { source, destination, TTL: ttl, protocol } };
  if (protocol === PROTOCOL_UDP) yield* udpLayers(payload, packet, keys);
  else yield opaque('payload', payload);
}

function* udpLayers(
  bytes: Uint8Array,
  ends: IpEnds,
  keys: readonly HeartbeatKey[],
): Generator<Layer> {
  const { sourcePort, destinationPort, payload } = decodeUdp(bytes, ends);
  yield {
    protocol: 'UDP',
    fields: { 'source port': sourcePort, 'destination port': destinationPort },
  };
  const isHeartbeat = destinationPort === HEARTBEAT_PORT;
  yield isHeartbeat ? heartbeatLayer(payload, keys) : opaque('payload', payload);
}

function ndpLayer(message: NdpMessage, source: IpAddress): Layer {
  const nonce = message.nonce === undefined ? {} : { nonce: hex(message.nonce) };
  if (message.kind === 'neighbor-solicitation') {
    const mac = message.sourceLinkLayerAddress;
    const probes = source === UNSPECIFIED_IPV6;
    return {
      protocol: 'neighbor solicitation',
      fields: {
        meaning: probes
          ? `probe: does anybody use ${message.target}?`
          : `who has ${message.target}?`,
        target: message.target,
        ...(mac === undefined ? {} : { 'source link-layer address': mac }),
        ...nonce,
      },
    };
  }
  const mac = message.targetLinkLayerAddress;
  const flags = (['router', 'solicited', 'override'] as const).filter((flag) => message[flag]);
  return {
    protocol: 'neighbor advertisement',
    fields: {
      meaning: `${message.target} is at ${mac ?? 'the MAC that sends this'}`,
      target: message.target,
      flags: flags.length === 0 ? 'none' : flags.join(', '),
      ...(mac === undefined ? {} : { 'target link-layer address': mac }),
      ...nonce,
    },
  };
}

function opaque(protocol: string, payload: Uint8Array): Layer {
  return { protocol, fields: { length: payload.length, note: 'not decoded' } };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
