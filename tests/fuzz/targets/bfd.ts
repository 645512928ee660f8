import { ok } from 'node:assert';
import { createHash } from 'node:crypto';
import type { BfdKey } from '../../../modules/metallb/src/bfd/authentication.ts';
import type { BfdPath } from '../../../modules/metallb/src/bfd/path.ts';
import { BfdSpeaker } from '../../../modules/metallb/src/bfd/speaker.ts';
import {
  type BfdPacket,
  decodeBfd,
  encodeBfd,
  isBfdSignedWith,
} from '../../../modules/metallb/src/packet/bfd.ts';
import { ip } from '../../support/addresses.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import type { Target } from '../target.ts';
import { decodedWithin, packetTarget, sameBytes } from './packet-target.ts';

const HEADER_BYTES = 24;
const SIGNED_BYTES = 52;
const LENGTH_AT = 3;
const YOUR_DISCRIMINATOR_AT = 8;
const RESERVED_AT = 27;
const HASH_AT = 32;
const SECRET = Buffer.from('opensesame');
const KEY: BfdKey = { kind: 'keyed-sha1', id: 1, secret: SECRET };
const PATH: BfdPath = { peer: ip('192.0.2.1'), interface: 'eth0', isMultihop: false };
const NAME = 'peer';
/** Every draw is the same: so is the discriminator. */
const DRAW = 0.5;
const OURS = 1 + Math.floor(DRAW * (2 ** 32 - 1));
const TIMERS = { desiredMinTxMs: 50, requiredMinRxMs: 50, detectMultiplier: 3 };

const DOWN: BfdPacket = {
  ...{ diagnostic: 0, state: 'Down', poll: false, final: false, controlPlaneIndependent: false },
  ...{ demand: false, detectMultiplier: 3, myDiscriminator: 7, yourDiscriminator: 0 },
  ...{ desiredMinTxMicroseconds: 50_000, requiredMinRxMicroseconds: 50_000 },
  ...{ requiredMinEchoRxMicroseconds: 0, authentication: undefined },
};
const CONVERSATION: readonly BfdPacket[] = [
  DOWN,
  { ...DOWN, state: 'Init', yourDiscriminator: OURS },
  { ...DOWN, state: 'Up', yourDiscriminator: OURS, poll: true },
  { ...DOWN, state: 'Up', yourDiscriminator: OURS, final: true },
  { ...DOWN, state: 'AdminDown', diagnostic: 7, yourDiscriminator: OURS },
];

function signed(packet: BfdPacket, sequence: number): Uint8Array {
  const authentication = { kind: KEY.kind, keyId: KEY.id, sequence };
  return encodeBfd({ ...packet, authentication }, SECRET);
}

/** As only the peer can write it; a length that says something else than the bytes stays. */
function mendHash(packet: Uint8Array): void {
  if (packet.length < SIGNED_BYTES) return;
  packet[RESERVED_AT] = 0;
  const whole = packet.subarray(0, Math.min(packet.length, packet[LENGTH_AT] ?? 0));
  if (whole.length < SIGNED_BYTES) return;
  whole.fill(0, HASH_AT, SIGNED_BYTES).set(SECRET, HASH_AT);
  whole.set(createHash('sha1').update(whole).digest(), HASH_AT);
}

function checkPacket(packet: BfdPacket, input: Uint8Array): void {
  const isSigned = isBfdSignedWith(input, SECRET);
  const { authentication } = packet;
  if (authentication === undefined) {
    const again = encodeBfd(packet).with(LENGTH_AT, input[LENGTH_AT] ?? 0);
    sameBytes(again, input.subarray(0, HEADER_BYTES));
  } else if (authentication.kind !== 'unsupported' && input[LENGTH_AT] === SIGNED_BYTES) {
    const again = encodeBfd(packet, SECRET);
    const hashless = input.slice(0, HASH_AT).with(RESERVED_AT, 0);
    sameBytes(again.subarray(0, HASH_AT), hashless);
    if (isSigned && input[RESERVED_AT] === 0) sameBytes(again, input.subarray(0, SIGNED_BYTES));
  }
}

/** A byte of time, then a packet as long as it says it is. */
function* piecesOf(input: Uint8Array): Generator<readonly [ms: number, packet: Uint8Array]> {
  for (let at = 0; at < input.length; ) {
    const length = Math.max(1, input[at + 1 + LENGTH_AT] ?? 0);
    yield [input[at] ?? 0, input.subarray(at + 1, at + 1 + length)];
    at += 1 + length;
  }
}

/** What a session must never do, whatever comes: be told Up twice, or send what its peer could not read. */
function checkConversation(input: Uint8Array): void {
  const clock = new FakeClock();
  let isUp = false;
  const speaker = new BfdSpeaker({
    ...{ clock, random: () => DRAW, afterReading: (run) => run(), keep: () => undefined },
    send: (_, bytes) => {
      const packet = decodeBfd(bytes);
      ok(!(packet.poll && packet.final), 'asks and answers at once');
      ok(isBfdSignedWith(bytes, SECRET));
    },
    tell: (_, { type }) => {
      // That the peer shuts BFD down is news whether it was Up or not.
      if (type !== 'ended') ok(isUp !== (type === 'up'), `told ${type} twice`);
      isUp = type === 'up';
    },
  });
  speaker.add({ name: NAME, path: PATH, options: { ...TIMERS, passive: false, key: KEY } });
  for (const [ms, packet] of piecesOf(input)) {
    speaker.received(packet, PATH);
    clock.advance(ms);
    ok(isUp === (speaker.session(NAME)?.state === 'Up'));
  }
}

export const BFD_TARGETS: readonly Target[] = [
  packetTarget({
    name: 'bfd',
    seeds: [...CONVERSATION.map((packet) => encodeBfd(packet)), signed(DOWN, 1)],
    mend: (input) => {
      const packet = Uint8Array.from(input);
      mendHash(packet);
      return packet;
    },
    check: (input) => {
      const packet = decodedWithin(decodeBfd, input);
      if (packet !== undefined) checkPacket(packet, input);
    },
  }),
  packetTarget({
    name: 'bfd-session',
    seeds: [
      Buffer.concat(CONVERSATION.flatMap((packet, at) => [Buffer.of(10), signed(packet, at)])),
    ],
    mend: (input) => {
      const conversation = Uint8Array.from(input);
      for (const [, packet] of piecesOf(conversation)) {
        const discriminator = packet.subarray(YOUR_DISCRIMINATOR_AT, YOUR_DISCRIMINATOR_AT + 4);
        // One of a session that exists, where it is one at all.
        if (discriminator.length === 4 && discriminator.some((byte) => byte !== 0)) {
          new DataView(packet.buffer, packet.byteOffset).setUint32(YOUR_DISCRIMINATOR_AT, OURS);
        }
        mendHash(packet);
      }
      return conversation;
    },
    check: checkConversation,
  }),
];
