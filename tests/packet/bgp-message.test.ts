import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  BGP_REASON,
  BgpError,
  ceaseWith,
  describeNotification,
  notificationOf,
} from '../../modules/metallb/src/packet/bgp-error.ts';
import {
  BGP_MESSAGE,
  BgpFramer,
  decodeNotification,
  encodeBgpMessage,
  encodeKeepalive,
  encodeNotification,
} from '../../modules/metallb/src/packet/bgp-message.ts';
import { isBgpError, refusalOf } from '../support/bgp-refusal.ts';
import { assertTotal } from '../support/codec.ts';

const KEEPALIVE = encodeKeepalive();
const UPDATE = encodeBgpMessage(BGP_MESSAGE.update, Uint8Array.of(0, 0, 0, 0));

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replace(/\s/g, ''), 'hex'));
}

function typesIn(framer: BgpFramer, bytes: Uint8Array): number[] {
  return [...framer.messages(bytes)].map(({ type }) => type);
}

test('a KEEPALIVE is a header and nothing else', () => {
  assert.equal(KEEPALIVE, bytesOf(`${'ff'.repeat(16)} 0013 04`));
});

test('messages are found wherever the stream is cut', () => {
  const stream = Uint8Array.from([...KEEPALIVE, ...UPDATE, ...KEEPALIVE]);
  for (let cut = 0; cut <= stream.length; cut += 1) {
    const framer = new BgpFramer();
    const types = [
      ...typesIn(framer, stream.subarray(0, cut)),
      ...typesIn(framer, stream.subarray(cut)),
    ];
    assert.equal(types, [4, 2, 4], `cut at ${cut}`);
    assert.is(framer.pendingBytes, 0);
  }
});

test('a byte at a time costs no more than one message', () => {
  const framer = new BgpFramer();
  const types: number[] = [];
  for (const byte of [...UPDATE, ...KEEPALIVE]) {
    types.push(...typesIn(framer, Uint8Array.of(byte)));
    assert.ok(framer.pendingBytes < UPDATE.length);
  }
  assert.equal(types, [2, 4]);
});

const REFUSED: [string, string, readonly [number, number], string][] = [
  ['a marker that is not all ones', `${'ff'.repeat(15)}fe 0013 04`, BGP_REASON.notSynchronized, ''],
  ['a length below the header', `${'ff'.repeat(16)} 0012 04`, BGP_REASON.badLength, '0012'],
  ['a KEEPALIVE with a body', `${'ff'.repeat(16)} 0014 04 00`, BGP_REASON.badLength, '0014'],
  ['an OPEN that is too short', `${'ff'.repeat(16)} 001c 01`, BGP_REASON.badLength, '001c'],
  ['more than 4,096 octets', `${'ff'.repeat(16)} 1001 02`, BGP_REASON.badLength, '1001'],
  ['an unknown type', `${'ff'.repeat(16)} 0013 09`, BGP_REASON.badType, '09'],
];
for (const [name, hex, reason, data] of REFUSED) {
  test(`${name} is refused with a NOTIFICATION that says so`, () => {
    assert.equal(
      refusalOf(() => typesIn(new BgpFramer(), bytesOf(hex))),
      { reason, data },
    );
  });
}

test('with extended messages an UPDATE may be longer, an OPEN may not', () => {
  const framer = new BgpFramer();
  framer.maxLength = 65_535;
  const long = encodeBgpMessage(BGP_MESSAGE.update, new Uint8Array(60_000));
  assert.equal(typesIn(framer, long), [2]);
  const open = encodeBgpMessage(BGP_MESSAGE.open, new Uint8Array(60_000));
  assert.throws(
    () => typesIn(framer, open),
    (error: unknown) => error instanceof BgpError,
  );
});

test('whatever comes, framing refuses it as BGP does or waits for more', () => {
  assertTotal([KEEPALIVE, UPDATE], (bytes) => typesIn(new BgpFramer(), bytes), isBgpError);
  assertTotal([Uint8Array.of(6, 2)], decodeNotification, isBgpError);
});

test('a NOTIFICATION is its value and back', () => {
  const notification = notificationOf(BGP_REASON.badPeerAs, Uint8Array.of(0xfb, 0xf4));
  const bytes = encodeNotification(notification);
  assert.equal(decodeNotification(bytes.subarray(19)), notification);
});

const DESCRIBED: [string, ReturnType<typeof notificationOf>][] = [
  ['Hold Timer Expired', notificationOf(BGP_REASON.holdTimerExpired)],
  ['OPEN Message Error: Bad Peer AS', notificationOf(BGP_REASON.badPeerAs)],
  ['Cease: BFD Down', notificationOf(BGP_REASON.bfdDown)],
  ['OPEN Message Error: Role Mismatch', notificationOf(BGP_REASON.roleMismatch)],
  ['Cease: subcode 99', notificationOf([6, 99])],
  ['error code 99, subcode 1', notificationOf([99, 1])],
  [
    'Cease: Administrative Shutdown, "maintenance"',
    ceaseWith(BGP_REASON.administrativeShutdown, 'maintenance'),
  ],
  // RFC 9003 §4: a length that lies is no message.
  [
    'Cease: Administrative Reset',
    notificationOf(BGP_REASON.administrativeReset, Uint8Array.of(9, 65)),
  ],
];
for (const [words, notification] of DESCRIBED) {
  test(`${words} is what people read`, () => {
    assert.is(describeNotification(notification), words);
  });
}

test('a shutdown message has at most 255 octets and no half of a character', () => {
  const { data } = ceaseWith(BGP_REASON.administrativeShutdown, `x${'ü'.repeat(200)}`);
  assert.is(data[0], 255);
  const text = Buffer.from(data.subarray(1)).toString('utf8');
  assert.is(text, `x${'ü'.repeat(127)}`);
  const odd = ceaseWith(BGP_REASON.administrativeShutdown, 'ü'.repeat(200)).data;
  assert.is(odd[0], 254);
});

test.run();
