import { type IpAddress, parseIp } from '../modules/metallb/src/net/ip.ts';
import { parseMac } from '../modules/metallb/src/net/mac.ts';
import {
  encodeHeartbeat,
  type Heartbeat,
  type HeartbeatKey,
  shortId,
} from '../modules/metallb/src/packet/heartbeat.ts';
import { wrapHeartbeat } from '../modules/metallb/src/wire/heartbeat-frame.ts';

/** Where the cluster id of a lab's programs comes from: they are not told any other. */
export const LAB_CLUSTER = shortId('default');
const GROUP = { IPv4: '224.0.0.1', IPv6: 'ff02::1' } as const;
/** Where they send heartbeats to. */
export const LAB_GROUP = address(GROUP.IPv6);
const SOURCE = { IPv4: '10.9.0.240', IPv6: 'fe80::f0' } as const;
const KEY_ID_OFFSET = 1;

/** What an attacker says in the name of a node, who knows everything but the key. */
export function forgedHeartbeat(
  node: string,
  { key, keyId = key.id, ...wish }: { key: HeartbeatKey; keyId?: string } & Partial<Heartbeat>,
): Buffer {
  const heartbeat: Heartbeat = {
    ...{ cluster: LAB_CLUSTER, node, interface: 'eth0', incarnation: 'ee'.repeat(8), sequence: 1 },
    ...{ intervalMs: 100, state: 'eligible', revision: 1, addresses: [], heard: [], covered: [] },
    ...{ failedGates: { dataplane: false, reachability: false }, witnessed: [], disputed: [] },
    ...{ deaf: false, reaches: false, heardInPart: false, ...wish },
  };
  const bytes = Buffer.from(encodeHeartbeat(heartbeat, [key]));
  Buffer.from(keyId, 'hex').copy(bytes, KEY_ID_OFFSET);
  return bytes;
}

/** Any bytes as a heartbeat on the wire, from a host with this address. */
export function heartbeatFrame(
  payload: Uint8Array,
  mac: string,
  family: 'IPv4' | 'IPv6' = 'IPv6',
): Buffer {
  const from = parseMac(mac);
  if (from === undefined) throw new TypeError(`not a MAC address: ${mac}`);
  const path = { mac: from, source: address(SOURCE[family]), group: address(GROUP[family]) };
  return Buffer.from(wrapHeartbeat(payload, path));
}

function address(text: string): IpAddress {
  const ip = parseIp(text);
  if (ip === undefined) throw new TypeError(`not an IP address: ${text}`);
  return ip;
}
