import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Cidr, cidrsOf, parseRange } from '../../modules/metallb/src/net/range.ts';
import { BgpError } from '../../modules/metallb/src/packet/bgp-error.ts';
import type { BgpPath } from '../../modules/metallb/src/packet/bgp-path.ts';
import { encodePrefix, formatPrefix } from '../../modules/metallb/src/packet/bgp-prefix.ts';
import { decodeUpdate } from '../../modules/metallb/src/packet/bgp-update-decode.ts';
import {
  encodeAnnouncements,
  encodeEndOfRib,
  encodeWithdrawals,
} from '../../modules/metallb/src/packet/bgp-update-encode.ts';
import { ip } from '../support/addresses.ts';
import { isBgpError } from '../support/bgp-refusal.ts';
import { assertTotal } from '../support/codec.ts';

const EXTERNAL = { fourOctetAsn: true, isExternal: true };
const ENCODING = { fourOctetAsn: true, maxLength: 4_096 };

function prefix(text: string): Cidr {
  const range = parseRange(text);
  assert.ok(typeof range !== 'string');
  const [cidr] = typeof range === 'string' ? [] : cidrsOf(range);
  if (cidr === undefined) throw new Error(`${text} is no prefix`);
  return cidr;
}

function path(changes: Partial<BgpPath> = {}): BgpPath {
  return {
    asPath: [64_500],
    nextHop: { global: ip('172.16.1.11') },
    localPref: undefined,
    med: undefined,
    communities: [],
    largeCommunities: [],
    extendedCommunities: [],
    ...changes,
  };
}

function hexOf(messages: readonly Uint8Array[]): string[] {
  return messages.map((bytes) => Buffer.from(bytes.subarray(19)).toString('hex'));
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replace(/\s/g, ''), 'hex'));
}

const WEB = encodePrefix(prefix('10.254.254.1/32'));
const WEB6 = encodePrefix(prefix('2001:db8::1/128'));

test('a prefix has as many octets as its length takes', () => {
  const encoded = (text: string) => Buffer.from(encodePrefix(prefix(text))).toString('hex');
  assert.is(encoded('10.254.254.1/32'), '200afefe01');
  assert.is(encoded('10.254.0.0/15'), '0f0afe');
  assert.is(encoded('0.0.0.0/0'), '00');
  assert.is(encoded('2001:db8::/33'), '2120010db800');
  assert.is(formatPrefix(prefix('2001:db8::/33')), '2001:db8::/33');
});

test('one IPv4 prefix: ORIGIN, AS_PATH, NEXT_HOP, then the prefix', () => {
  const [hex] = hexOf(encodeAnnouncements(path(), 'IPv4', [WEB], ENCODING));
  assert.is(
    hex,
    ['0000', '0014', '400101 00', '400206 02010000fbf4', '400304 ac10010b', '200afefe01']
      .join('')
      .replace(/\s/g, ''),
  );
});

test('an IPv6 prefix is in MP_REACH_NLRI, with one next hop or two', () => {
  const nextHop = { global: ip('2001:db8:1::11'), linkLocal: ip('fe80::11') };
  const one = hexOf(
    encodeAnnouncements(path({ nextHop: { global: nextHop.global } }), 'IPv6', [WEB6], ENCODING),
  );
  assert.match(one[0] ?? '', '00000037900e00260002011020010db80001000000000000000000110080');
  const two = hexOf(encodeAnnouncements(path({ nextHop }), 'IPv6', [WEB6], ENCODING));
  assert.match(
    two[0] ?? '',
    '0002012020010db8000100000000000000000011fe8000000000000000000000000000110080',
  );
});

test('an IPv4 prefix with an IPv6 next hop is in MP_REACH_NLRI (RFC 8950)', () => {
  const nextHop = { global: ip('2001:db8:1::11') };
  const [hex = ''] = hexOf(encodeAnnouncements(path({ nextHop }), 'IPv4', [WEB], ENCODING));
  assert.match(hex, '0001011020010db800010000000000000000001100200afefe01');
  assert.not.match(hex, '400304');
});

test('to a peer of two octets the path has AS_TRANS, and AS4_PATH has the truth', () => {
  const [hex = ''] = hexOf(
    encodeAnnouncements(path({ asPath: [4_200_000_000, 64_500] }), 'IPv4', [WEB], {
      ...ENCODING,
      fourOctetAsn: false,
    }),
  );
  assert.match(hex, '400206' + '0202' + '5ba0' + 'fbf4');
  assert.match(hex, 'c0110a' + '0202' + 'fa56ea00' + '0000fbf4');
});

test('communities of each kind, local preference and MED are attributes of their own', () => {
  const [hex = ''] = hexOf(
    encodeAnnouncements(
      path({
        asPath: [],
        localPref: 111,
        med: 7,
        communities: [0xffff0000, 0xfbf40064],
        largeCommunities: [[64_500, 1, 2]],
        extendedCommunities: [0x4004_fbf4_4b18_9680n],
      }),
      'IPv4',
      [WEB],
      ENCODING,
    ),
  );
  for (const part of [
    '400200',
    '80040400000007',
    '4005040000006f',
    'c00808ffff0000fbf40064',
    'c010084004fbf44b189680',
    'c0200c0000fbf40000000100000002',
  ]) {
    assert.match(hex, part);
  }
});

test('as many prefixes as fit are in one message, and none is lost or sent twice', () => {
  const hosts = Array.from({ length: 2_000 }, (_, at) =>
    encodePrefix(prefix(`10.1.${at >> 8}.${at & 255}/32`)),
  );
  const messages = encodeAnnouncements(path(), 'IPv4', hosts, ENCODING);
  assert.is(messages.length, Math.ceil(2_000 / Math.floor((4_096 - 19 - 4 - 20) / 5)));
  assert.ok(messages.every(({ length }) => length <= 4_096));
  const announced = messages.map((bytes) => decodeUpdate(bytes.subarray(19), EXTERNAL).announced);
  assert.is(
    announced.reduce((sum, count) => sum + count, 0),
    2_000,
  );
  const withdrawals = encodeWithdrawals('IPv4', hosts, ENCODING, true);
  assert.is(withdrawals.length, Math.ceil(2_000 / Math.floor((4_096 - 19 - 4) / 5)));
  const long = encodeWithdrawals('IPv4', hosts, { maxLength: 65_535 }, true);
  assert.is(long.length, 1);
});

test('End-of-RIB of each family is what RFC 4724 has', () => {
  assert.equal(hexOf([encodeEndOfRib('IPv4'), encodeEndOfRib('IPv6')]), [
    '00000000',
    '00000006800f03000201',
  ]);
  for (const family of ['IPv4', 'IPv6'] as const) {
    const { endOfRib } = decodeUpdate(encodeEndOfRib(family).subarray(19), EXTERNAL);
    assert.is(endOfRib, family);
  }
});

test('what was announced and withdrawn is counted, of both families', () => {
  fc.assert(
    fc.property(fc.nat(300), fc.nat(300), fc.boolean(), (first, second, inMessage) => {
      const hosts = (count: number) =>
        Array.from({ length: count }, (_, at) =>
          encodePrefix(prefix(`2001:db8::${at.toString(16)}/128`)),
        );
      const nextHop = { global: ip('2001:db8:1::11') };
      const announced = encodeAnnouncements(path({ nextHop }), 'IPv6', hosts(first), ENCODING);
      const four = Array.from({ length: second }, (_, at) =>
        encodePrefix(prefix(`10.0.${at >> 8}.${at & 255}/32`)),
      );
      const withdrawn = encodeWithdrawals('IPv4', four, ENCODING, inMessage);
      const read = [...announced, ...withdrawn].map((bytes) =>
        decodeUpdate(bytes.subarray(19), EXTERNAL),
      );
      assert.is(
        read.reduce((sum, one) => sum + one.announced, 0),
        first,
      );
      assert.is(
        read.reduce((sum, one) => sum + one.withdrawn, 0),
        second,
      );
    }),
    { numRuns: 50 },
  );
});

/** Attributes, and what is wrong with them; their route counts as withdrawn and the session stays (RFC 7606). */
const FAULTS: [string, string][] = [
  ['ORIGIN is none of IGP, EGP, INCOMPLETE', '400101 07 4002 00 400304 ac10010b'],
  ['attribute 1 has the flags 192', 'c00101 00 4002 00 400304 ac10010b'],
  ['AS_PATH has a segment of type 9', '400101 00 400206 09010000fbf4 400304 ac10010b'],
  ['AS_PATH has a segment that is cut off', '400101 00 400206 02020000fbf4 400304 ac10010b'],
  ['NEXT_HOP has not four octets', '400101 00 4002 00 400303 ac1001'],
  ['NEXT_HOP is missing', '400101 00 4002 00'],
  ['ORIGIN is missing', '4002 00 400304 ac10010b'],
  ['COMMUNITIES has 3 octets', '400101 00 4002 00 400304 ac10010b c00803 000000'],
  ['MULTI_EXIT_DISC has not four octets', '400101 00 4002 00 400304 ac10010b 800401 00'],
  ['attribute 8 of 200 bytes is cut off', '400101 00 4002 00 400304 ac10010b c008c8 00'],
];
for (const [fault, attributes] of FAULTS) {
  test(`${fault}: the route counts as withdrawn, and the session stays`, () => {
    const field = bytesOf(attributes);
    const body = Uint8Array.from([0, 0, 0, field.length, ...field, ...WEB]);
    assert.equal(decodeUpdate(body, EXTERNAL), {
      announced: 0,
      withdrawn: 1,
      endOfRib: undefined,
      fault,
    });
  });
}

test('LOCAL_PREF of another AS is nobody’s business, one of the own AS must be right', () => {
  for (const [localPref, fault] of [
    ['400501 00', 'LOCAL_PREF has not four octets'],
    ['c00504 00000064', 'attribute 5 has the flags 192'],
  ]) {
    const field = bytesOf(`400101 00 4002 00 400304 ac10010b ${localPref}`);
    const body = Uint8Array.from([0, 0, 0, field.length, ...field, ...WEB]);
    assert.is(decodeUpdate(body, EXTERNAL).announced, 1);
    assert.is(decodeUpdate(body, { ...EXTERNAL, isExternal: false }).fault, fault);
  }
});

const FATAL: [string, string][] = [
  ['withdrawn routes that are longer than the message', '0009 0000'],
  ['attributes that are longer than the message', '0000 0009 00'],
  ['withdrawn routes after which nothing comes', '0002 08 01'],
  ['attributes whose length is cut off', '0001 00 00'],
  ['a prefix of 33 bits', '0000 0000 21 0a000000 00'],
  ['a prefix that is cut off', '0000 0000 20 0a'],
  ['MP_REACH_NLRI twice', '0000 000c 800e 03 000201 800e 03 000201'],
  ['a well-known attribute that nobody knows', '0000 0003 4063 00'],
];
for (const [name, hex] of FATAL) {
  test(`${name}: the session ends with a NOTIFICATION`, () => {
    assert.throws(
      () => decodeUpdate(bytesOf(hex), EXTERNAL),
      (error: unknown) => error instanceof BgpError && error.notification.code === 3,
    );
  });
}

test('a well-known attribute that nobody knows is shown to the peer as a whole (RFC 4271 §6.3)', () => {
  for (const [sent, shown] of [
    ['0000 0005 4063 02 abcd', '406302abcd'],
    ['0000 0006 5063 0002 abcd', '50630002abcd'],
  ]) {
    assert.throws(
      () => decodeUpdate(bytesOf(sent ?? ''), EXTERNAL),
      (error: unknown) =>
        error instanceof BgpError && Buffer.from(error.notification.data).toString('hex') === shown,
    );
  }
});

test('what a route reflector says costs a route only in the own AS (RFC 7606 §7.9, 7.10)', () => {
  const route = (reflected: string) => {
    const attributes = `400101 00 400200 400304 0a000001 ${reflected}`.replaceAll(' ', '');
    const length = (attributes.length / 2).toString(16).padStart(4, '0');
    return bytesOf(`0000 ${length} ${attributes} 20 0a000001`);
  };
  const right = '800904 0a000001 800a04 0a000002';
  // The last has flags that are not its own.
  for (const reflected of ['800903 0a0000', '800a03 0a0000', '800a00', 'c00904 0a000001']) {
    assert.is(decodeUpdate(route(reflected), EXTERNAL).announced, 1, reflected);
    const inside = decodeUpdate(route(reflected), { ...EXTERNAL, isExternal: false });
    assert.equal([inside.announced, inside.withdrawn], [0, 1], reflected);
  }
  assert.is(decodeUpdate(route(right), { ...EXTERNAL, isExternal: false }).announced, 1);
});

test('whatever comes, it is read or refused', () => {
  const seeds = [
    ...encodeAnnouncements(path({ communities: [1] }), 'IPv4', [WEB], ENCODING),
    ...encodeAnnouncements(
      path({ nextHop: { global: ip('2001:db8::11') } }),
      'IPv6',
      [WEB6],
      ENCODING,
    ),
    ...encodeWithdrawals('IPv6', [WEB6], ENCODING, false),
  ].map((bytes) => bytes.subarray(19));
  assertTotal(seeds, (bytes) => decodeUpdate(bytes, EXTERNAL), isBgpError);
});

test.run();
