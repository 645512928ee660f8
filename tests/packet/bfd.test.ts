import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  BFD_STATES,
  type BfdPacket,
  decodeBfd,
  encodeBfd,
  isBfdSignedWith,
} from '../../modules/metallb/src/packet/bfd.ts';
import { bytes } from '../support/addresses.ts';
import { assertCodec, assertTotal, isMalformed } from '../support/codec.ts';

const DOWN: BfdPacket = {
  ...{ diagnostic: 0, state: 'Down', poll: false, final: false, controlPlaneIndependent: false },
  ...{ demand: false, detectMultiplier: 3, myDiscriminator: 0x11223344, yourDiscriminator: 0 },
  ...{ desiredMinTxMicroseconds: 1_000_000, requiredMinRxMicroseconds: 50_000 },
  ...{ requiredMinEchoRxMicroseconds: 0, authentication: undefined },
};
const DOWN_BYTES = bytes('20 40 03 18 11223344 00000000 000f4240 0000c350 00000000');
const SECRET = Buffer.from('opensesame');
const SIGNED: BfdPacket = {
  ...{ ...DOWN, diagnostic: 1, state: 'Up', poll: true, yourDiscriminator: 0xfedcba98 },
  authentication: { kind: 'meticulous-keyed-sha1', keyId: 7, sequence: 0x80000001 },
};
/** The hash is that of `sha1sum` over these bytes with the secret and ten zeros in its place. */
const SIGNED_BYTES = bytes(
  '21 e4 03 34 11223344 fedcba98 000f4240 0000c350 00000000 051c0700 80000001 75809a2c3b67131e30c6c94b5b9626f056629104',
);

const ROWS: [string, BfdPacket, Uint8Array, Uint8Array][] = [
  ['the first packet of a session', DOWN, DOWN_BYTES, new Uint8Array()],
  ['a packet with SHA1', SIGNED, SIGNED_BYTES, SECRET],
];
for (const [name, value, packet, secret] of ROWS) {
  test(`${name} is its value and back, and nothing shorter`, () => {
    const encode = (packet: BfdPacket) => encodeBfd(packet, secret);
    assertCodec({ bytes: packet, value, decode: decodeBfd, encode });
  });
}

test('a signature is that of one key, over every byte', () => {
  assert.ok(isBfdSignedWith(SIGNED_BYTES, SECRET));
  assert.not(isBfdSignedWith(SIGNED_BYTES, Buffer.from('opensesamf')));
  assert.not(isBfdSignedWith(SIGNED_BYTES, Buffer.from('opensesam')));
  SIGNED_BYTES.forEach((byte, at) => {
    const changed = SIGNED_BYTES.with(at, byte ^ 1);
    assert.not(isBfdSignedWith(changed, SECRET), `byte ${at}`);
  });
});

test('a longer key is its first twenty bytes, and bytes behind the packet count for nothing', () => {
  const long = Buffer.from('0123456789abcdefghijKL');
  const signed = encodeBfd(SIGNED, long);
  assert.ok(isBfdSignedWith(signed, long.subarray(0, 20)));
  const padded = Uint8Array.of(...signed, 1, 2, 3);
  assert.ok(isBfdSignedWith(padded, long));
  assert.equal(decodeBfd(padded), SIGNED);
});

/** Changes bytes of DOWN_BYTES, or of SIGNED_BYTES. */
function changed(packet: Uint8Array, changes: Record<number, number>): Uint8Array {
  return packet.map((byte, at) => changes[at] ?? byte);
}
// RFC 5880 §6.8.6, what is discarded before a session is looked for, in its order.
const REFUSED: [string, Uint8Array, string][] = [
  ['version 0', changed(DOWN_BYTES, { 0: 0x00 }), 'version 0'],
  ['version 2', changed(DOWN_BYTES, { 0: 0x40 }), 'version 2'],
  ['a length below 24', changed(DOWN_BYTES, { 3: 23 }), 'length 23 of 24 bytes'],
  ['a length below 26 with authentication', changed(SIGNED_BYTES, { 3: 25 }), 'length 25 of 52'],
  ['a length beyond the datagram', changed(DOWN_BYTES, { 3: 25 }), 'length 25 of 24 bytes'],
  ['multiplier 0', changed(DOWN_BYTES, { 2: 0 }), 'detection multiplier 0'],
  ['the multipoint bit', changed(DOWN_BYTES, { 1: 0x41 }), 'multipoint'],
  ['my discriminator 0', changed(DOWN_BYTES, { 4: 0, 5: 0, 6: 0, 7: 0 }), 'my discriminator 0'],
  ['Init to nobody', changed(DOWN_BYTES, { 1: 0x80 }), 'state Init without your discriminator'],
  ['Up to nobody', changed(DOWN_BYTES, { 1: 0xc0 }), 'state Up without your discriminator'],
  ['a section that is no section', changed(SIGNED_BYTES, { 25: 1 }), 'length 1 of 28 bytes'],
  ['a section beyond the packet', changed(SIGNED_BYTES, { 25: 29 }), 'length 29 of 28 bytes'],
  ['a section too short for SHA1', changed(SIGNED_BYTES, { 25: 27 }), 'length 27 with SHA1'],
];
for (const [name, packet, words] of REFUSED) {
  test(`${name} is refused`, () => {
    assert.throws(() => decodeBfd(packet), isMalformed);
    assert.throws(() => decodeBfd(packet), new RegExp(words));
  });
}

test('AdminDown to nobody is heard, and so are passwords and MD5, which no session takes', () => {
  assert.is(decodeBfd(changed(DOWN_BYTES, { 1: 0x00 })).state, 'AdminDown');
  for (const type of [0, 1, 2, 3, 6, 255]) {
    const { authentication } = decodeBfd(changed(SIGNED_BYTES, { 24: type, 25: 12 }));
    assert.equal(authentication, { kind: 'unsupported', type });
  }
});

test('every value comes back as it was', () => {
  const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  const packets = fc.record(
    {
      diagnostic: fc.nat(31),
      state: fc.constantFrom(...BFD_STATES),
      ...{ poll: fc.boolean(), final: fc.boolean(), demand: fc.boolean() },
      controlPlaneIndependent: fc.boolean(),
      detectMultiplier: fc.integer({ min: 1, max: 255 }),
      myDiscriminator: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      yourDiscriminator: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      ...{ desiredMinTxMicroseconds: u32, requiredMinRxMicroseconds: u32 },
      requiredMinEchoRxMicroseconds: u32,
      authentication: fc.option(
        fc.record(
          {
            kind: fc.constantFrom('keyed-sha1' as const, 'meticulous-keyed-sha1' as const),
            keyId: fc.nat(255),
            sequence: u32,
          },
          { noNullPrototype: true },
        ),
        { nil: undefined },
      ),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(packets, fc.uint8Array({ minLength: 1, maxLength: 20 }), (packet, secret) => {
      const encoded = encodeBfd(packet, secret);
      assert.equal(decodeBfd(encoded), packet);
      assert.is(isBfdSignedWith(encoded, secret), packet.authentication !== undefined);
    }),
  );
});

test('whatever comes, it is read or refused', () => {
  assertTotal([DOWN_BYTES, SIGNED_BYTES], decodeBfd);
});

test.run();
