import { deepStrictEqual, ok } from 'node:assert';
import { AdjRibOut } from '../../../modules/metallb/src/bgp/adj-rib-out.ts';
import { Peering } from '../../../modules/metallb/src/bgp/peering.ts';
import { NO_CAPABILITIES } from '../../../modules/metallb/src/packet/bgp-capabilities.ts';
import { BgpError, describeNotification } from '../../../modules/metallb/src/packet/bgp-error.ts';
import {
  BGP_HEADER_BYTES,
  BgpFramer,
  decodeNotification,
  encodeBgpMessage,
  encodeKeepalive,
  encodeNotification,
  MAX_BGP_MESSAGE,
} from '../../../modules/metallb/src/packet/bgp-message.ts';
import {
  type BgpOpen,
  decodeOpen,
  encodeOpen,
} from '../../../modules/metallb/src/packet/bgp-open.ts';
import { encodePrefix } from '../../../modules/metallb/src/packet/bgp-prefix.ts';
import { decodeRouteRefresh } from '../../../modules/metallb/src/packet/bgp-route-refresh.ts';
import { decodeUpdate } from '../../../modules/metallb/src/packet/bgp-update-decode.ts';
import {
  encodeAnnouncements,
  encodeEndOfRib,
  encodeWithdrawals,
} from '../../../modules/metallb/src/packet/bgp-update-encode.ts';
import { ip } from '../../support/addresses.ts';
import { accepted, type Target } from '../target.ts';
import { decodedWithin, packetTarget, sameBytes } from './packet-target.ts';

const WORDS: readonly Uint8Array[] = [
  ...['ffffffffffffffffffffffffffffffff', '001304', '001d01', '001702', '001503', '001705'],
  ...['010400010001', '010400020001', '0200', '4600', '0600', '050600010001000200', '4104'],
  ...['40020010', '40010100', '400200', '400304', '800404', '400504', 'c00804', 'c02010'],
  ...['800e', '800f', '900e', 'c010', 'c020', 'ff00ff', '0602', '0607', '20'],
].map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')));

const PATH = {
  ...{ asPath: [64_500, 4_200_000_000], nextHop: { global: ip('10.9.0.1') }, localPref: 100 },
  ...{ med: 5, communities: [0xfbf4_0064], largeCommunities: [[64_500, 1, 2]] as const },
  extendedCommunities: [0x0002_fbf4_0000_0064n],
};
const ENCODING = { fourOctetAsn: true, maxLength: MAX_BGP_MESSAGE };
const IPV4 = [encodePrefix({ family: 'IPv4', network: 0x0afe_fe01n, prefixLength: 32 })];
const IPV6 = [encodePrefix({ family: 'IPv6', network: 0x2001_0db8n << 96n, prefixLength: 64 })];
const OVER_IPV6 = { ...PATH, nextHop: { global: ip('fd00:9::1'), linkLocal: ip('fe80::1') } };
const OPEN: BgpOpen = {
  ...{ asn: 4_200_000_000, holdSeconds: 9, routerId: ip('10.9.0.1') },
  capabilities: {
    ...NO_CAPABILITIES,
    ...{ families: ['IPv4', 'IPv6'], routeRefresh: true, extendedMessages: true, role: 'customer' },
    ...{ enhancedRouteRefresh: true, ipv4OverIpv6: true, fourOctetAsn: 4_200_000_000 },
    gracefulRestart: {
      ...{ restarted: true, afterNotification: true, restartSeconds: 120 },
      families: [{ family: 'IPv4', forwarding: true }],
    },
    longLived: [{ family: 'IPv6', forwarding: false, staleSeconds: 3_600 }],
  },
};

const NOTIFICATIONS = [
  { code: 6, subcode: 2, data: Uint8Array.from([2, 0x6f, 0x6b]) },
  { code: 2, subcode: 1, data: Uint8Array.from([0, 4]) },
].map(encodeNotification);
const UPDATES = [
  ...encodeAnnouncements(PATH, 'IPv4', IPV4, ENCODING),
  ...encodeAnnouncements(OVER_IPV6, 'IPv6', IPV6, ENCODING),
  ...encodeAnnouncements(OVER_IPV6, 'IPv4', IPV4, { ...ENCODING, fourOctetAsn: false }),
  ...encodeWithdrawals('IPv4', IPV4, ENCODING, true),
  ...encodeWithdrawals('IPv6', IPV6, ENCODING, false),
  encodeEndOfRib('IPv6'),
];
const bodies = (messages: readonly Uint8Array[]) =>
  messages.map((message) => message.subarray(BGP_HEADER_BYTES));

/** A session that has just begun, as a router with this OPEN has it. */
function established(): Peering {
  const rib = new AdjRibOut();
  for (const last of [1n, 2n]) {
    const prefix = { family: 'IPv4', network: 0x0afe_fe00n + last, prefixLength: 32 } as const;
    rib.set({ prefix, attributes: { ...PATH, asPath: [64_500] } });
  }
  const peering = new Peering(
    {
      ...{ localAsn: 64_500, remoteAsn: 'external', routerId: ip('10.9.0.2'), holdSeconds: 9 },
      capabilities: { ...NO_CAPABILITIES, families: ['IPv4', 'IPv6'], enhancedRouteRefresh: true },
      ...{ passive: false, connectRetryMs: 5_000, keepaliveMs: undefined, sendHoldMs: 240_000 },
    },
    rib,
    () => 0,
  );
  peering.start(0);
  peering.connected('outgoing', () => ({ global: ip('10.9.0.1') }), 1);
  peering.received('outgoing', encodeOpen({ ...OPEN, capabilities: PEER_CAPABILITIES }), 2);
  peering.received('outgoing', encodeKeepalive(), 3);
  ok(peering.phase === 'Established');
  return peering;
}

const PEER_CAPABILITIES = { ...OPEN.capabilities, role: undefined };

/** Messages that are framed as they must be: of each piece the first octet is the type, the second the length. */
function* messagesIn(input: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at + 2 <= input.length; ) {
    const [type = 0, length = 0] = input.subarray(at, at + 2);
    const body = input.subarray(at + 2, at + 2 + length);
    yield encodeBgpMessage(1 + (type % 5), body);
    at += 2 + length;
  }
}

function bgpTarget(options: Pick<Target, 'name' | 'seeds' | 'check'>): Target {
  return { ...packetTarget(options), dictionary: WORDS };
}

/** What a framer makes of bytes that come in pieces of this length: its messages, and how it ends. */
function framed(input: Uint8Array, pieceLength: number): string {
  const framer = new BgpFramer();
  const parts: string[] = [];
  try {
    for (let at = 0; at < input.length; at += pieceLength) {
      for (const { type, body } of framer.messages(input.subarray(at, at + pieceLength))) {
        parts.push(`${type} ${Buffer.from(body).toString('hex')}`);
      }
      ok(framer.pendingBytes < MAX_BGP_MESSAGE);
    }
  } catch (error) {
    if (!(error instanceof BgpError)) throw error;
    parts.push(describeNotification(error.notification));
  }
  return parts.join('\n');
}

/** Decoders of what any host says that reaches a router's address. */
export const BGP_TARGETS: readonly Target[] = [
  bgpTarget({
    name: 'bgp-framer',
    seeds: [
      Buffer.concat([encodeOpen(OPEN), encodeKeepalive(), ...UPDATES, ...NOTIFICATIONS]),
      encodeKeepalive(),
    ],
    check: (input) => {
      const whole = framed(input, input.length);
      deepStrictEqual(framed(input, 1), whole);
      deepStrictEqual(framed(input, 7), whole);
    },
  }),
  bgpTarget({
    name: 'bgp-peering',
    seeds: [...UPDATES, encodeEndOfRib('IPv4'), ...NOTIFICATIONS].map((message) => {
      const body = message.subarray(BGP_HEADER_BYTES);
      return Buffer.concat([Uint8Array.of((message[18] ?? 0) - 1, body.length), body]);
    }),
    // Whatever a router says, no more is the matter with a session than that it ends.
    check: (input) => {
      const peering = established();
      peering.takeUpdates();
      for (const message of messagesIn(input)) {
        const actions = [...peering.received('outgoing', message, 4), ...peering.takeUpdates()];
        const sent = actions.reduce(
          (sum, one) => sum + (one.do === 'send' ? one.bytes.length : 0),
          0,
        );
        ok(sent <= MAX_BGP_MESSAGE);
        ok(['Established', 'Idle'].includes(peering.phase));
        if (peering.phase === 'Idle') return;
      }
    },
  }),
  bgpTarget({
    name: 'bgp-open',
    seeds: bodies([encodeOpen(OPEN)]),
    check: (input) => {
      const open = decodedWithin(decodeOpen, input, BgpError);
      if (open === undefined) return;
      const again = accepted(() => encodeOpen(open), Error);
      // What this module would never say, such as families in thousands, has no form to compare with.
      if (again === undefined || open.capabilities.fourOctetAsn === undefined) return;
      deepStrictEqual(decodeOpen(again.subarray(BGP_HEADER_BYTES)), open);
    },
  }),
  bgpTarget({
    name: 'bgp-update',
    seeds: bodies(UPDATES),
    check: (input) => {
      for (const isExternal of [true, false]) {
        const context = { fourOctetAsn: isExternal, isExternal };
        const update = decodedWithin((bytes) => decodeUpdate(bytes, context), input, BgpError);
        if (update === undefined) continue;
        // Each prefix takes an octet at least.
        ok(update.announced + update.withdrawn <= 2 * input.length);
        ok(update.fault === undefined || update.announced === 0);
      }
    },
  }),
  bgpTarget({
    name: 'bgp-route-refresh',
    seeds: ['00010001', '00020101', '00020301'].map((hex) => Buffer.from(hex, 'hex')),
    check: (input) => {
      const refresh = decodedWithin(decodeRouteRefresh, input, BgpError);
      if (refresh === undefined) return;
      ok(input.length === 4);
      ok(refresh.asked === undefined || refresh.fault === undefined);
    },
  }),
  bgpTarget({
    name: 'bgp-notification',
    seeds: bodies(NOTIFICATIONS),
    check: (input) => {
      const heard = decodedWithin(decodeNotification, input, BgpError);
      if (heard === undefined) return;
      ok(describeNotification(heard).length > 0);
      sameBytes(encodeNotification(heard).subarray(BGP_HEADER_BYTES), input);
    },
  }),
];
