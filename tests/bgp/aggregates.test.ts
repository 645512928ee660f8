import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { aggregateFault, isFitting } from '../../modules/metallb/src/bgp/aggregates.ts';
import { Hosts } from '../../modules/metallb/src/bgp/hosts.ts';
import { type IpRange, parseRange } from '../../modules/metallb/src/net/range.ts';
import { ip } from '../support/addresses.ts';

const ranges = (...texts: string[]): IpRange[] =>
  texts.map(parseRange).filter((range) => typeof range !== 'string');
const hosts = (...addresses: string[]) =>
  new Hosts(addresses.map((address) => ({ ip: ip(address), words: `host ${address}` })));

const COVERED: [name: string, pool: string[], length: number, host: string, least?: number][] = [
  ['a host in the pool', ['192.0.2.0/24'], 24, '192.0.2.77', 32],
  ['one in a pool of whole addresses', ['192.0.2.0/24'], 32, '192.0.2.77'],
  ['one beside a range, in its first aggregate', ['192.0.2.9-192.0.2.30'], 29, '192.0.2.8', 32],
  ['one at the end of its last aggregate', ['192.0.2.8-192.0.2.20'], 29, '192.0.2.23', 31],
  ['one after its last aggregate', ['192.0.2.8-192.0.2.20'], 29, '192.0.2.24'],
  ['one before its first aggregate', ['192.0.2.8-192.0.2.20'], 29, '192.0.2.7'],
  [
    'one beside the second of two ranges',
    ['192.0.2.0/29', '198.51.100.1-198.51.100.6'],
    31,
    '198.51.100.7',
    32,
  ],
  ['one of the other family', ['192.0.2.0/24'], 24, '2001:db8::1'],
  ['one in a pool of IPv6', ['2001:db8::/64'], 64, '2001:db8::5', 128],
];
for (const [name, pool, length, host, least] of COVERED) {
  test(`an aggregate is ${least === undefined ? 'right' : 'wrong'} beside ${name}`, () => {
    const called = 'pool public';
    const isIpv6 = host.includes(':') && least !== undefined;
    const lengths = {
      aggregationLength: isIpv6 ? 32 : length,
      aggregationLengthV6: isIpv6 ? length : 128,
    };
    const at = (address: string) =>
      aggregateFault(
        lengths,
        { ranges: ranges(...pool), called },
        hosts('203.0.113.250', address, '198.18.0.1'),
      );
    const found = at(host);
    assert.is(found?.reason, least === undefined ? undefined : 'AggregateCoversHost');
    if (least !== undefined) assert.match(found?.expected ?? '', `expected at least ${least}, as`);
  });
}

test('what is found among many hosts is the one that is covered', () => {
  const many = Array.from({ length: 1_000 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
  const found = (text: string, length: number) =>
    aggregateFault(
      { aggregationLength: length, aggregationLengthV6: 128 },
      { ranges: ranges(text), called: 'pool public' },
      hosts(...many),
    )?.expected ?? '';
  assert.match(found('10.0.3.230-10.0.3.240', 29), 'host 10.0.3.224,');
  assert.is(found('10.0.4.0/24', 24), '');
  assert.is(found('9.255.255.0/24', 24), '');
});

test('under Local only whole addresses fit, of each family by itself', () => {
  const lengths = { IPv4: 24, IPv6: 128 };
  assert.equal(
    [
      isFitting(lengths, ip('192.0.2.1'), 'Local'),
      isFitting(lengths, ip('2001:db8::1'), 'Local'),
      isFitting(lengths, ip('192.0.2.1'), 'Cluster'),
    ],
    [false, true, true],
  );
});

test.run();
