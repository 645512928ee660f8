import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Authentication, type BfdKey } from '../../modules/metallb/src/bfd/authentication.ts';
import { type BfdPacket, decodeBfd, encodeBfd } from '../../modules/metallb/src/packet/bfd.ts';

const SECRET = Buffer.from('opensesame');
const KEYED: BfdKey = { kind: 'keyed-sha1', id: 1, secret: SECRET };
const METICULOUS: BfdKey = { kind: 'meticulous-keyed-sha1', id: 1, secret: SECRET };
const PACKET: Omit<BfdPacket, 'authentication'> = {
  ...{ diagnostic: 0, state: 'Up', poll: false, final: false, controlPlaneIndependent: false },
  ...{ demand: false, detectMultiplier: 3, myDiscriminator: 1, yourDiscriminator: 2 },
  ...{ desiredMinTxMicroseconds: 50_000, requiredMinRxMicroseconds: 50_000 },
  requiredMinEchoRxMicroseconds: 0,
};

function signed(key: BfdKey, sequence: number): Uint8Array {
  const authentication = { kind: key.kind, keyId: key.id, sequence: sequence >>> 0 };
  return encodeBfd({ ...PACKET, authentication }, key.secret);
}

function check(authentication: Authentication, bytes: Uint8Array): string | undefined {
  return authentication.check(decodeBfd(bytes), bytes);
}

const UNSIGNED = encodeBfd({ ...PACKET, authentication: undefined });
// RFC 5880 §6.8.6 (the A bit) and §6.7.4, in their order: what is expected, what comes, what is said.
const ROWS: [string, BfdKey | undefined, Uint8Array, string | undefined][] = [
  ['no key, no signature', undefined, UNSIGNED, undefined],
  ['no key, a signature', undefined, signed(KEYED, 1), 'signed'],
  ['a key, no signature', KEYED, UNSIGNED, 'not-signed'],
  ['the key', KEYED, signed(KEYED, 1), undefined],
  ['the key, meticulously', METICULOUS, signed(METICULOUS, 1), undefined],
  ['keyed for meticulous', METICULOUS, signed(KEYED, 1), 'other-authentication'],
  ['meticulous for keyed', KEYED, signed(METICULOUS, 1), 'other-authentication'],
  ['another key id', KEYED, signed({ ...KEYED, id: 2 }, 1), 'other-key-id'],
  ['another key', KEYED, signed({ ...KEYED, secret: Buffer.from('x') }, 1), 'wrong-key'],
  ['MD5', KEYED, signed(KEYED, 1).with(24, 2), 'other-authentication'],
];
for (const [name, key, bytes, expected] of ROWS) {
  test(`${name}: ${expected ?? 'believed'}`, () => {
    assert.is(check(new Authentication(key, 0), bytes), expected);
  });
}

const LAST = 0xffff_fffe;
// After LAST was heard, with a multiplier of 3: how far ahead a number may be.
const WINDOW: [BfdKey, number, boolean][] = [
  [KEYED, -1, false],
  [KEYED, 0, true],
  [KEYED, 9, true],
  [KEYED, 10, false],
  [METICULOUS, -1, false],
  [METICULOUS, 0, false],
  [METICULOUS, 1, true],
  [METICULOUS, 9, true],
  [METICULOUS, 10, false],
];
for (const [key, ahead, isTaken] of WINDOW) {
  test(`${key.kind}: ${ahead} ahead is ${isTaken ? 'taken' : 'too old, or too far'}`, () => {
    const authentication = new Authentication(key, 0);
    assert.is(check(authentication, signed(key, LAST)), undefined);
    const expected = isTaken ? undefined : 'old-sequence';
    assert.is(check(authentication, signed(key, LAST + ahead)), expected);
    authentication.forget();
    assert.is(check(authentication, signed(key, LAST + ahead)), undefined, 'once it is forgotten');
  });
}

test('a number that nobody with the key has written moves nothing', () => {
  const authentication = new Authentication(METICULOUS, 0);
  assert.is(check(authentication, signed(METICULOUS, 5)), undefined);
  const forged = signed({ ...METICULOUS, secret: Buffer.from('guess') }, 12);
  assert.is(check(authentication, forged), 'wrong-key');
  assert.is(check(authentication, signed(METICULOUS, 6)), undefined);
});

function sequences(key: BfdKey, packets: readonly (typeof PACKET)[]): (number | undefined)[] {
  const authentication = new Authentication(key, 0xffff_ffff);
  return packets.map((packet) => {
    const { authentication: section } = decodeBfd(authentication.sign(packet));
    return section?.kind === 'unsupported' ? undefined : section?.sequence;
  });
}

test('numbers of what is sent: each its own when meticulous, else each change', () => {
  const packets = [PACKET, PACKET, { ...PACKET, poll: true }, { ...PACKET, diagnostic: 1 }];
  assert.equal(sequences(METICULOUS, packets), [0, 1, 2, 3]);
  assert.equal(sequences(KEYED, packets), [0, 0, 0, 1]);
});

test.run();
