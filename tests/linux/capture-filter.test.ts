import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { captureFilter, peerFilter } from '../../modules/metallb/src/linux/capture-filter.ts';
import { parseMac, ZERO_MAC } from '../../modules/metallb/src/net/mac.ts';
import { type IpRange, parseRange } from '../../modules/metallb/src/net/range.ts';

const CLUSTER = '0011223344556677';

function filterFor(pools: readonly string[]): string {
  const mac = parseMac('02:00:00:00:00:01');
  assert.ok(mac);
  const ranges = pools
    .map(parseRange)
    .filter((range): range is IpRange => typeof range !== 'string');
  assert.is(ranges.length, pools.length);
  return mac === undefined
    ? ''
    : captureFilter({ pools: ranges, mac, heartbeatPort: 4225, cluster: CLUSTER });
}

const ALWAYS = [
  'not ether src 02:00:00:00:00:01',
  'udp dst port 4225 and ((ip6 and ip6[53:4] = 0x00112233 and ip6[57:4] = 0x44556677) or (ip and udp[13:4] = 0x00112233 and udp[17:4] = 0x44556677))',
  'arp[6:2] = 2 and ether dst 02:00:00:00:00:01',
  'icmp6 and ip6[40] = 136 and ether dst 02:00:00:00:00:01',
];
const CASES: readonly (readonly [pool: string, terms: readonly string[]])[] = [
  ['192.0.2.0/24', ['arp[14:4] & 0xffffff00 = 0xc0000200', 'arp[24:4] & 0xffffff00 = 0xc0000200']],
  ['192.0.2.9', ['arp[14:4] = 0xc0000209', 'arp[24:4] = 0xc0000209']],
  ['192.0.2.10-192.0.2.12', ['arp[24:4] & 0xfffffffe = 0xc000020a', 'arp[24:4] = 0xc000020c']],
  ['0.0.0.0/0', ['arp[14:4] >= 0', 'arp[24:4] >= 0']],
  ['2001:db8::/64', ['(ip6[48:4] = 0x20010db8 and ip6[52:4] = 0x0)']],
  ['2001:db8::/33', ['(ip6[48:4] = 0x20010db8 and ip6[52:4] & 0x80000000 = 0x0)']],
  ['2001:db8::1', ['ip6[56:4] = 0x0 and ip6[60:4] = 0x1)']],
];
for (const [pool, terms] of CASES) {
  test(`lets ${pool} through`, () => {
    for (const term of [...ALWAYS, ...terms]) assert.ok(filterFor([pool]).includes(term), term);
  });
}

test('without pools only answers to this node and heartbeats come through', () => {
  for (const term of ALWAYS) assert.ok(filterFor([]).includes(term), term);
  assert.not.match(filterFor([]), /ip6\[40\] = 135|arp\[24/);
});

test('a filter that would take long to compile admits all ARP and NDP instead', () => {
  const scattered = Array.from({ length: 257 }, (_, index) => `10.0.${index % 256}.${index % 2}`);
  assert.match(filterFor(scattered), /or \(arp\) or/);
  assert.ok(filterFor(scattered).length < 500);
});

test('heartbeats, ARP and NDP of some hosts alone', () => {
  const macs = ['02:00:00:00:00:02', '02:00:00:00:00:03'].flatMap((text) => parseMac(text) ?? []);
  const [mac = ZERO_MAC] = macs;
  const options = { mac, heartbeatPort: 4225, cluster: CLUSTER };
  const filter = peerFilter({ ...options, peers: macs });
  assert.match(
    filter,
    /\(\(ether src 02:00:00:00:00:02\) or \(ether src 02:00:00:00:00:03\)\) and/,
  );
  assert.match(filter, / or \(arp\) or \(icmp6 and /);
  assert.match(peerFilter({ ...options, peers: [] }), /less 1/);
});

test('the word `vlan`, which would hide frames with VLAN 0, never occurs', () => {
  assert.not.match(filterFor(['192.0.2.0/24', '2001:db8::/64']), /vlan/);
});

test.run();
