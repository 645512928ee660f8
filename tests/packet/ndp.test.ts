import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { transportChecksum } from '../../modules/metallb/src/packet/checksum.ts';
import { decodeEthernet } from '../../modules/metallb/src/packet/ethernet.ts';
import { decodeIpv6, encodeIpv6 } from '../../modules/metallb/src/packet/ipv6.ts';
import { decodeNdp, encodeNdp, type NdpMessage } from '../../modules/metallb/src/packet/ndp.ts';
import { bytes, ip, mac } from '../support/addresses.ts';
import { assertCodec, assertTotal, isMalformed } from '../support/codec.ts';
import { golden } from '../support/golden.ts';

const A = mac('02:00:00:00:00:0a');
const B = mac('02:00:00:00:00:0b');
const IP_A = ip('2001:db8::a');
const IP_B = ip('2001:db8::b');
const LINK_LOCAL_A = ip('fe80::ff:fe00:a');
const ADVERTISEMENT = { kind: 'neighbor-advertisement', router: false } as const;
const SOLICITATION = { kind: 'neighbor-solicitation' } as const;

const CAPTURED: [string, [string, string], NdpMessage][] = [
  [
    'ndp-solicitation-multicast',
    [IP_B, 'ff02::1:ff00:a'],
    { ...SOLICITATION, target: IP_A, sourceLinkLayerAddress: B },
  ],
  [
    'ndp-solicitation-unicast',
    [LINK_LOCAL_A, IP_B],
    { ...SOLICITATION, target: IP_B, sourceLinkLayerAddress: A },
  ],
  [
    'ndp-solicitation-duplicate-detection',
    ['::', 'ff02::1:ff00:b'],
    { ...SOLICITATION, target: IP_B, nonce: bytes('f5daedc8a401') },
  ],
  [
    'ndp-advertisement-solicited',
    [IP_A, IP_B],
    { ...ADVERTISEMENT, target: IP_A, solicited: true, override: true, targetLinkLayerAddress: A },
  ],
  [
    'ndp-advertisement-without-option',
    [IP_B, LINK_LOCAL_A],
    { ...ADVERTISEMENT, target: IP_B, solicited: true, override: false },
  ],
  [
    'ndp-advertisement-unsolicited',
    [ip('2001:db8::c'), 'ff02::1'],
    {
      ...ADVERTISEMENT,
      target: ip('2001:db8::c'),
      solicited: false,
      override: true,
      targetLinkLayerAddress: A,
    },
  ],
];

for (const [name, [source, destination], value] of CAPTURED) {
  test(`${name} is its value and back`, () => {
    assertCodec({
      bytes: decodeEthernet(golden(name)).payload,
      value,
      decode: (packet) => decodeNdp(decodeIpv6(packet)),
      encode: () => encodeNdp(value, { source: ip(source), destination: ip(destination) }),
    });
  });
}

interface Solicitation {
  readonly source?: string;
  readonly destination?: string;
  readonly hopLimit?: number;
  readonly nextHeader?: number;
  /** Type, code, a checksum of zero, reserved bytes, target and options. */
  readonly message: string;
  readonly wrongChecksum?: boolean;
}

const HEADER = '8700 0000 00000000';
const TARGET = '20010db800000000000000000000000a';
const MULTICAST_TARGET = 'ff020000000000000000000000000001';
const SOURCE_OPTION = '0101 02000000000b';

function decodeSolicitation(row: Solicitation): NdpMessage | undefined {
  const ends = {
    source: ip(row.source ?? '2001:db8::b'),
    destination: ip(row.destination ?? 'ff02::1:ff00:a'),
  };
  const payload = bytes(row.message);
  const checksum = transportChecksum(ends, 58, payload) ^ (row.wrongChecksum ? 1 : 0);
  if (payload.length >= 4) payload.set([checksum >> 8, checksum & 0xff], 2);
  const { nextHeader = 58, hopLimit = 255 } = row;
  return decodeNdp(decodeIpv6(encodeIpv6({ ...ends, nextHeader, hopLimit, payload })));
}

const DAD = { source: '::', message: `${HEADER}${TARGET}` };
const REFUSED: [string, Solicitation][] = [
  ['a hop limit below 255', { message: `${HEADER}${TARGET}`, hopLimit: 254 }],
  ['a code other than 0', { message: `8701 0000 00000000 ${TARGET}` }],
  ['a wrong checksum', { message: `${HEADER}${TARGET}`, wrongChecksum: true }],
  ['less than 24 bytes', { message: `${HEADER}${TARGET}`.slice(0, -2) }],
  ['a multicast target', { message: `${HEADER}${MULTICAST_TARGET}` }],
  ['an option of length 0', { message: `${HEADER}${TARGET} 0100 02000000000b` }],
  ['an option that is cut off', { message: `${HEADER}${TARGET} 0102 02000000000b` }],
  ['a link-layer address of 14 bytes', { message: `${HEADER}${TARGET} 0102${'00'.repeat(14)}` }],
  ['a fragment', { message: `${HEADER}${TARGET}`, nextHeader: 44 }],
  ['duplicate detection sent to one host', { ...DAD, destination: '2001:db8::a' }],
  ['duplicate detection sent to all nodes', { ...DAD, destination: 'ff02::1' }],
  [
    'duplicate detection with a source link-layer address',
    { ...DAD, message: `${HEADER}${TARGET}${SOURCE_OPTION}` },
  ],
];
for (const [name, row] of REFUSED) {
  test(`refuses ${name}`, () => {
    assert.throws(() => decodeSolicitation(row), isMalformed);
  });
}

test('takes what the refused ones were made from', () => {
  const accepted: Solicitation[] = [DAD, { message: `${HEADER}${TARGET}${SOURCE_OPTION}` }];
  for (const row of accepted) assert.is(decodeSolicitation(row)?.target, IP_A);
});

test('refuses an advertisement to a group that says it was solicited', () => {
  const value = { ...ADVERTISEMENT, target: IP_A, solicited: true, override: true };
  const packet = encodeNdp(value, { source: IP_A, destination: ip('ff02::1') });
  assert.throws(() => decodeNdp(decodeIpv6(packet)), isMalformed);
});

test('skips unknown options, whatever their length', () => {
  const message = `${HEADER}${TARGET} 2502${'ab'.repeat(14)} ${SOURCE_OPTION} 1801${'00'.repeat(6)}`;
  assert.equal(decodeSolicitation({ message }), {
    ...SOLICITATION,
    target: IP_A,
    sourceLinkLayerAddress: B,
  });
});

test('reserved bits of an advertisement change nothing', () => {
  const message = `8800 0000 3fffffff ${TARGET}`;
  assert.equal(decodeSolicitation({ message }), {
    ...ADVERTISEMENT,
    target: IP_A,
    solicited: false,
    override: true,
  });
});

test('other ICMPv6 messages are not its business', () => {
  assert.is(decodeSolicitation({ message: '8500 0000 00000000' }), undefined);
});

test('any bytes give a value or MalformedPacketError', () => {
  assertTotal(
    CAPTURED.map(([name]) => decodeEthernet(golden(name)).payload),
    (input) => decodeNdp(decodeIpv6(input)),
  );
});

test.run();
