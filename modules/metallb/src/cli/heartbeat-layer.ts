import { ByteReader } from '../packet/byte-reader.ts';
import {
  decodeHeartbeat,
  type HeartbeatKey,
  type HeartbeatRefusal,
  type SignedHeartbeat,
} from '../packet/heartbeat.ts';
import type { Layer } from './frame-layers.ts';

const VERSION = 1;
const KEY_ID_BYTES = 4;
const ID_BYTES = 8;
const REFUSALS: Readonly<Record<HeartbeatRefusal, string>> = {
  'foreign-version': 'of a version that this program does not know',
  'foreign-cluster': 'of another cluster',
  'unknown-key': 'NOT checked: no key given has this id',
  'bad-signature': 'WRONG: not signed with this key, or changed on the way',
};

/**
 * A heartbeat: everything when one of the keys signed it, else what stands in front.
 * @throws MalformedPacketError
 */
export function heartbeatLayer(bytes: Uint8Array, keys: readonly HeartbeatKey[]): Layer {
  const reader = new ByteReader(bytes, 'heartbeat');
  const version = reader.u8();
  if (version !== VERSION) {
    return { protocol: 'heartbeat', fields: { version, note: REFUSALS['foreign-version'] } };
  }
  const keyId = hex(reader.bytes(KEY_ID_BYTES));
  const cluster = hex(reader.bytes(ID_BYTES));
  const incarnation = hex(reader.bytes(ID_BYTES));
  const header = {
    version,
    'key id': keyId,
    'cluster id': cluster,
    incarnation,
    sequence: reader.u32(),
  };
  if (keys.length === 0) {
    const signature = 'NOT checked: --heartbeat-key-file checks it and shows the rest';
    return { protocol: 'heartbeat', fields: { ...header, signature } };
  }
  // The cluster is taken from the frame itself: whose heartbeat it is, is for the reader to judge.
  const heartbeat = decodeHeartbeat(bytes, cluster, keys);
  const rest =
    typeof heartbeat === 'string'
      ? { signature: REFUSALS[heartbeat] }
      : { signature: 'right', ...body(heartbeat) };
  return { protocol: 'heartbeat', fields: { ...header, ...rest } };
}

function body(heartbeat: SignedHeartbeat): Layer['fields'] {
  const { dataplane, reachability } = heartbeat.failedGates;
  return {
    node: heartbeat.node,
    interface: heartbeat.interface,
    state: heartbeat.state,
    interval: `${heartbeat.intervalMs} ms`,
    'view revision': heartbeat.revision,
    'failed gates': list([dataplane ? 'dataplane' : '', reachability ? 'reachability' : '']),
    'reaches its targets': heartbeat.reaches ? 'yes' : 'no',
    deaf: heartbeat.deaf ? 'yes' : 'no',
    addresses: list(heartbeat.addresses),
    'hears incarnations': list(heartbeat.heard),
    'covers nodes': list(heartbeat.covered),
    'vouches for nodes': list(heartbeat.witnessed),
    'disputed IPs': list(heartbeat.disputed.map(({ ip, digest }) => `${ip} (${digest})`)),
    'holds keys': list(heartbeat.heldKeys),
  };
}

function list(items: readonly string[]): string {
  return items.filter((item) => item !== '').join(', ') || 'none';
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
