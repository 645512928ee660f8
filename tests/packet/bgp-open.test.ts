import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type BgpCapabilities,
  NO_CAPABILITIES,
} from '../../modules/metallb/src/packet/bgp-capabilities.ts';
import { BGP_REASON } from '../../modules/metallb/src/packet/bgp-error.ts';
import { type BgpOpen, decodeOpen, encodeOpen } from '../../modules/metallb/src/packet/bgp-open.ts';
import { ip } from '../support/addresses.ts';
import { isBgpError, refusalOf } from '../support/bgp-refusal.ts';
import { assertTotal } from '../support/codec.ts';

const EVERYTHING: BgpCapabilities = {
  families: ['IPv4', 'IPv6'],
  routeRefresh: true,
  enhancedRouteRefresh: true,
  extendedMessages: true,
  ipv4OverIpv6: true,
  fourOctetAsn: 4_200_000_000,
  role: 'customer',
  gracefulRestart: {
    restarted: true,
    afterNotification: false,
    restartSeconds: 10,
    families: [
      { family: 'IPv4', forwarding: true },
      { family: 'IPv6', forwarding: false },
    ],
  },
  longLived: [{ family: 'IPv4', forwarding: true, staleSeconds: 86_400 }],
};

function open(capabilities: Partial<BgpCapabilities>, asn = 64_500): BgpOpen {
  return {
    asn,
    holdSeconds: 90,
    routerId: ip('192.0.2.1'),
    capabilities: { ...NO_CAPABILITIES, ...capabilities },
  };
}

/** Without the header. */
function bodyOf(value: BgpOpen): Uint8Array {
  return encodeOpen(value).subarray(19);
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replace(/\s/g, ''), 'hex'));
}

test('an OPEN with every capability is its value and back', () => {
  const value = open(EVERYTHING, 4_200_000_000);
  assert.equal(decodeOpen(bodyOf(value)), value);
});

test('the bytes are those of RFC 4271, 5492, 4760 and 6793', () => {
  const value = open({ families: ['IPv4'], fourOctetAsn: 64_500 });
  const capabilities = '0104 0001 0001 4104 0000fbf4';
  assert.equal(bodyOf(value), bytesOf(`04 fbf4 005a c0000201 0e 020c ${capabilities}`));
});

test('an AS number of four octets is AS_TRANS in the old field', () => {
  assert.equal(bodyOf(open({ fourOctetAsn: 70_000 }, 70_000)).slice(1, 3), bytesOf('5ba0'));
});

test('capabilities in a parameter each, unknown ones and those of an odd length are read or passed over', () => {
  const parameters = '0206 0104 0002 0001  0202 0200  0204 4302 abcd  0203 4101 00';
  const { capabilities } = decodeOpen(bytesOf(`04 fbf4 005a c0000201 17 ${parameters}`));
  assert.equal(capabilities, { ...NO_CAPABILITIES, families: ['IPv6'], routeRefresh: true });
});

test('parameters with two octets of length are read (RFC 9072)', () => {
  const { capabilities } = decodeOpen(bytesOf('04 fbf4 005a c0000201 ff ff 0005 02 0002 0200'));
  assert.is(capabilities.routeRefresh, true);
});

test('the first type says whether lengths have two octets, not the length before it (RFC 9072 §2)', () => {
  const extended = decodeOpen(bytesOf('04 fbf4 005a c0000201 01 ff 0005 02 0002 0200'));
  assert.is(extended.capabilities.routeRefresh, true);
  // 253 octets of capabilities that nobody knows are 255 of parameters.
  const unknown = `c8fb${'00'.repeat(251)}`;
  const { capabilities } = decodeOpen(bytesOf(`04 fbf4 005a c0000201 ff 02fd ${unknown}`));
  assert.equal(capabilities, NO_CAPABILITIES);
});

test('a role may be said twice, and two roles may not be said (RFC 9234 §4.2)', () => {
  const roles = (hex: string) => () => decodeOpen(bytesOf(`04 fbf4 005a c0000201 08 02 06 ${hex}`));
  assert.is(roles('090103 090103')().capabilities.role, 'customer');
  // Also where one or both are none that an RFC has.
  for (const two of ['090103 090100', '090103 090107', '090107 090103', '090107 090108'])
    assert.equal(refusalOf(roles(two)).reason, BGP_REASON.roleMismatch, two);
  assert.is(roles('090107 090107')().capabilities.role, 'role 7');
});

const REFUSED: [string, string, readonly [number, number], string][] = [
  ['another version', '03 fbf4 005a c0000201 00', BGP_REASON.unsupportedVersion, '0004'],
  ['AS number 0', '04 0000 005a c0000201 00', BGP_REASON.badPeerAs, ''],
  ['a hold time of 2 s', '04 fbf4 0002 c0000201 00', BGP_REASON.unacceptableHoldTime, ''],
  ['the identifier 0.0.0.0', '04 fbf4 005a 00000000 00', BGP_REASON.badIdentifier, ''],
  [
    'an unknown parameter',
    '04 fbf4 005a c0000201 03 01 01 00',
    BGP_REASON.unsupportedParameter,
    '',
  ],
  ['parameters that are cut off', '04 fbf4 005a c0000201 09 02 06 0104', [2, 0], ''],
  ['an OPEN that ends before its parameters', '04 fbf4 005a c000', [2, 0], ''],
  [
    'parameters whose length of two octets is cut off',
    '04 fbf4 005a c0000201 ff ff 00',
    [2, 0],
    '',
  ],
  ['a capability that is cut off', '04 fbf4 005a c0000201 04 02 02 0104', [2, 0], ''],
];
for (const [name, hex, reason, data] of REFUSED) {
  test(`${name} is refused with a NOTIFICATION that says so`, () => {
    assert.equal(
      refusalOf(() => decodeOpen(bytesOf(hex))),
      { reason, data },
    );
  });
}

test('whatever comes, it is read or refused', () => {
  assertTotal([bodyOf(open(EVERYTHING)), bodyOf(open({}))], decodeOpen, isBgpError);
});

test.run();
