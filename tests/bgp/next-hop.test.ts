import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type LocalEnd,
  missingFamilies,
  nextHopFor,
} from '../../modules/metallb/src/bgp/next-hop.ts';
import type { IpFamily } from '../../modules/metallb/src/net/ip.ts';
import { ip } from '../support/addresses.ts';

const GLOBALS = [ip('10.9.0.1'), ip('fd00:9::1')];
const IPV4: LocalEnd = { session: ip('10.9.0.1'), isLinkLocal: false, globals: GLOBALS };
const IPV6: LocalEnd = { session: ip('fd00:9::1'), isLinkLocal: false, globals: GLOBALS };
const LINK_LOCAL: LocalEnd = { session: ip('fe80::1'), isLinkLocal: true, globals: GLOBALS };

/** Session, family of the prefix, whether both sides have RFC 8950, next hop as people would write it. */
const ROWS: readonly (readonly [LocalEnd, IpFamily, boolean, string])[] = [
  [IPV4, 'IPv4', false, '10.9.0.1'],
  [IPV4, 'IPv4', true, '10.9.0.1'],
  [IPV4, 'IPv6', false, 'fd00:9::1'],
  [{ ...IPV4, globals: [ip('10.9.0.1')] }, 'IPv6', false, 'none'],
  [IPV6, 'IPv6', false, 'fd00:9::1'],
  [IPV6, 'IPv4', false, 'none'],
  [IPV6, 'IPv4', true, 'fd00:9::1'],
  [LINK_LOCAL, 'IPv6', false, 'fe80::1 fe80::1'],
  [LINK_LOCAL, 'IPv4', false, 'none'],
  [LINK_LOCAL, 'IPv4', true, 'fe80::1 fe80::1'],
];

for (const [end, family, ipv4OverIpv6, expected] of ROWS) {
  const with8950 = ipv4OverIpv6 ? ' with RFC 8950' : '';
  test(`${family} over ${end.session}${with8950} of ${end.globals.join(', ')}: ${expected}`, () => {
    const hop = nextHopFor(end, family, { ipv4OverIpv6 });
    assert.is(Object.values(hop ?? {}).join(' ') || 'none', expected);
  });
}

test('what nothing can be told of is what the peer does not take, and what there is no next hop for', () => {
  const only = { ...IPV4, globals: [] };
  const missingOf = (end: LocalEnd, families: readonly IpFamily[], missing: readonly IpFamily[]) =>
    missingFamilies({ families, missing, ipv4OverIpv6: false }, (family, negotiated) =>
      nextHopFor(end, family, negotiated),
    );
  assert.equal(missingOf(IPV4, ['IPv4', 'IPv6'], []), []);
  assert.equal(missingOf(only, ['IPv4', 'IPv6'], []), [{ family: 'IPv6', why: 'no-next-hop' }]);
  assert.equal(missingOf(IPV6, ['IPv4', 'IPv6'], []), [{ family: 'IPv4', why: 'no-next-hop' }]);
  assert.equal(missingOf(only, ['IPv4'], ['IPv6']), [{ family: 'IPv6', why: 'not-taken' }]);
});

test.run();
