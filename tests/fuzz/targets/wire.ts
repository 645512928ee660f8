import { deepStrictEqual, ok } from 'node:assert';
import { createHmac } from 'node:crypto';
import {
  decodeEthernet,
  ETHER_TYPE_IPV4,
  ETHER_TYPE_IPV6,
} from '../../../modules/metallb/src/packet/ethernet.ts';
import {
  decodeHeartbeat,
  encodeHeartbeat,
  HEARTBEAT_PORT,
  type Heartbeat,
  heartbeatKey,
  namedSender,
  shortId,
} from '../../../modules/metallb/src/packet/heartbeat.ts';
import { Counters } from '../../../modules/metallb/src/wire/counters.ts';
import { FrameReader } from '../../../modules/metallb/src/wire/frame-reader.ts';
import { heartbeatPath, wrapHeartbeat } from '../../../modules/metallb/src/wire/heartbeat-frame.ts';
import { ip, mac } from '../../support/addresses.ts';
import { golden, goldenNames } from '../../support/golden.ts';
import type { Target } from '../target.ts';
import { mendIpv4, mendIpv6 } from './mend.ts';
import { decodedWithin, packetTarget, sameBytes } from './packet-target.ts';

const KEY = heartbeatKey(Buffer.alloc(32, 1));
const CLUSTER = shortId('lab');
const MAC_BYTES = 32;
const ETHERNET_HEADER = 14;
const OWN = mac('02:00:00:00:00:0b');
const HOUR_MS = 3_600_000;

const quiet: Heartbeat = {
  ...{ cluster: CLUSTER, node: 'n1', interface: 'eth0', incarnation: '0011223344556677' },
  ...{ sequence: 7, intervalMs: 100, state: 'eligible', revision: 1_234, deaf: false },
  ...{ failedGates: { dataplane: false, reachability: false }, reaches: false, heardInPart: false },
  ...{ addresses: [], heard: [], covered: [], witnessed: [], disputed: [] },
};
const busy: Heartbeat = {
  ...quiet,
  ...{
    state: 'restarting',
    deaf: true,
    reaches: true,
    failedGates: { dataplane: true, reachability: true },
  },
  addresses: [ip('192.0.2.1'), ip('fe80::1')],
  heard: ['8899aabbccddeeff', '0102030405060708'],
  covered: [shortId('n2')],
  witnessed: [shortId('n2'), shortId('n3')],
  disputed: [
    { ip: ip('192.0.2.10'), digest: '0011223344556677' },
    { ip: ip('2001:db8::10'), digest: '7766554433221100' },
  ],
};

/** With the key's id and signature, where it is long enough to have them; in place. */
function sign(payload: Uint8Array): void {
  if (payload.length < MAC_BYTES + 5) return;
  payload.set(Buffer.from(KEY.id, 'hex'), 1);
  const body = payload.subarray(0, -MAC_BYTES);
  payload.set(createHmac('sha256', KEY.secret).update(body).digest(), body.length);
}

function mendFrame(input: Uint8Array): Uint8Array {
  const frame = Uint8Array.from(input);
  const etherType = ((frame[12] ?? 0) << 8) | (frame[13] ?? 0);
  const packet = frame.subarray(ETHERNET_HEADER);
  const signHeartbeat = (payload: Uint8Array, port: number) => {
    if (port === HEARTBEAT_PORT) sign(payload);
  };
  if (etherType === ETHER_TYPE_IPV4) mendIpv4(packet, signHeartbeat);
  if (etherType === ETHER_TYPE_IPV6) mendIpv6(packet, signHeartbeat);
  return frame;
}

/** Lists may lose their end where they are longer than what is sent, once; who writes them says whether they did. */
function checkHeartbeat(input: Uint8Array): void {
  const read = (bytes: Uint8Array) => decodeHeartbeat(bytes, CLUSTER, [KEY]);
  decodedWithin(namedSender, input);
  const heartbeat = decodedWithin(read, input);
  if (heartbeat === undefined || typeof heartbeat === 'string') return;
  const again = read(encodeHeartbeat(heartbeat, [KEY]));
  if (typeof again === 'string') throw new Error(`refuses what it wrote: ${again}`);
  deepStrictEqual(read(encodeHeartbeat(again, [KEY])), again);
  const { heard, heardInPart, covered, witnessed, disputed, heldKeys, ...alone } = heartbeat;
  deepStrictEqual({ ...again, ...alone }, again);
  deepStrictEqual(again.heard, heard.slice(0, again.heard.length));
  deepStrictEqual(again.disputed, disputed.slice(0, again.disputed.length));
}

/** What a reader of frames is told, and does. */
class Segment {
  #way = 0;
  #now = 0;
  #sent: Uint8Array[] = [];
  #later: (() => void)[] = [];
  /** One for all frames, since a new one takes longer than they do. */
  readonly #reader = new FrameReader(
    { mac: OWN, interface: 'eth0', cluster: CLUSTER, keyring: { accepted: [KEY] } },
    {
      counters: new Counters(),
      now: () => this.#now,
      isPeer: () => this.#bit(1),
      send: (frame) => this.#sent.push(frame),
      lookup: () => ({ mac: OWN, override: true, proof: (_, length) => new Uint8Array(length) }),
      onQuestion: () => undefined,
      isSilent: () => this.#bit(0),
      afterQueuedFrames: (run) => this.#later.push(run),
      onForeignFrame: () => undefined,
      onHeartbeat: () => true,
      onStranger: () => undefined,
      onClaim: () => undefined,
    },
  );

  /** @returns what was sent for it */
  read(frame: Uint8Array): readonly Uint8Array[] {
    // All ways of reading it, by bits of the sender's address that nothing else depends on.
    this.#way = frame[11] ?? 0;
    // Whoever sent before has its whole rate again: no frame changes what becomes of the next.
    this.#now += HOUR_MS;
    this.#sent = [];
    this.#later = [];
    this.#reader.read(frame, this.#bit(2));
    for (const run of this.#later) run();
    return this.#sent;
  }

  #bit(number: number): boolean {
    return ((this.#way >> number) & 1) === 1;
  }
}

const SEGMENT = new Segment();

/** All that any host on a segment can make a wire process do, and what it gets for it. */
function checkFrame(input: Uint8Array): void {
  const before = Uint8Array.from(input);
  const sent = SEGMENT.read(input);
  sameBytes(input, before);
  ok(sent.length <= 1, 'one frame has more than one answer');
  for (const frame of sent) {
    const { source, destination } = decodeEthernet(frame);
    deepStrictEqual(source, OWN);
    ok(destination.startsWith('33:33') || (Number.parseInt(destination.slice(0, 2), 16) & 1) === 0);
  }
}

function heartbeatFrames(): Uint8Array[] {
  const link = {
    ...{ name: 'eth0', mac: mac('02:00:00:00:00:0a'), addresses: [ip('192.0.2.1')] },
    ...{ linkLocal: undefined, subnets: [] },
  };
  return ['ff02::1', '224.0.0.18'].flatMap((group) => {
    const path = heartbeatPath(link, ip(group));
    return path === undefined ? [] : [wrapHeartbeat(encodeHeartbeat(busy, [KEY]), path)];
  });
}

export const WIRE_TARGETS: readonly Target[] = [
  packetTarget({
    name: 'heartbeat',
    seeds: [quiet, busy].map((heartbeat) => encodeHeartbeat(heartbeat, [KEY])),
    mend: (input) => {
      const payload = Uint8Array.from(input);
      sign(payload);
      return payload;
    },
    check: checkHeartbeat,
  }),
  packetTarget({
    name: 'frame',
    seeds: [...goldenNames().map(golden), ...heartbeatFrames()],
    mend: mendFrame,
    check: checkFrame,
  }),
];
