import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseLinks } from '../../modules/metallb/src/linux/link.ts';
import { isUsableLink } from '../../modules/metallb/src/wire/usable-link.ts';

/** Output of `ip -j -d address` (iproute2 6.1) in a namespace: a veth pair, one end a bridge port, a tun device and a macvlan. */
const RECORDED = readFileSync(new URL('ip-address.json', import.meta.url), 'utf8');
const links = new Map(parseLinks(RECORDED).map((link) => [link.name, link]));

test('a bridge has its addresses in order, without those under duplicate address detection', () => {
  assert.equal(links.get('br0'), {
    name: 'br0',
    index: 4,
    mac: '02:00:00:00:79:09',
    up: true,
    carrier: true,
    addresses: ['192.0.2.10', '192.0.2.11', '2001:db8::10'],
    linkLocal: 'fe80::ff:fe00:7909',
    subnets: ['192.0.2.10/24', '192.0.2.11/24', '2001:db8::10/64'],
    loopback: false,
    arp: true,
    master: undefined,
  });
});

test('a port of a bridge names its master', () => {
  assert.is(links.get('eth0')?.master, 'br0');
});

test('loopback is marked; its addresses are not global', () => {
  const { loopback, addresses, linkLocal } = links.get('lo') ?? {};
  assert.equal([loopback, addresses, linkLocal], [true, [], undefined]);
});

test('an interface that is down and without ARP is told as such', () => {
  const { up, carrier, arp } = links.get('mv0') ?? {};
  assert.equal([up, carrier, arp], [false, false, false]);
});

test('a tunnel without an Ethernet address is left out', () => {
  assert.equal([...links.keys()], ['lo', 'peer0', 'eth0', 'br0', 'mv0']);
});

test('a cable that is out is up without carrier', () => {
  const entry = {
    ifname: 'eth0',
    ifindex: 2,
    address: '02:00:00:00:00:01',
    flags: ['NO-CARRIER', 'UP'],
  };
  const [link] = parseLinks(JSON.stringify([entry]));
  assert.equal([link?.up, link?.carrier], [true, false]);
});

test('an address that somebody else turned out to have is not used', () => {
  const addresses = [
    { local: '2001:db8::1', scope: 'global', dadfailed: true },
    { local: '2001:db8::2', scope: 'global' },
  ];
  const entry = { ifname: 'eth0', ifindex: 2, address: '02:00:00:00:00:01', addr_info: addresses };
  assert.equal(parseLinks(JSON.stringify([entry]))[0]?.addresses, ['2001:db8::2']);
});

/**
 * Bonds, VLANs, a team, a VRF and a bridge as iproute2 6.1 writes them, shortened by hand: the lab's kernel makes none but
 * the bridge.
 */
const LAYERS = readFileSync(new URL('ip-address-layers.json', import.meta.url), 'utf8');
const layers: [name: string, carrier: boolean, isUsable: boolean, why: string][] = [
  ['ens1f0', true, false, 'a port of a bond'],
  ['ens1f1', false, false, 'a port of a bond whose cable is out'],
  ['bond0', true, true, 'a bond'],
  ['bond0.100', true, true, 'a VLAN on a bond'],
  ['ens2.200', false, true, 'a VLAN on an interface whose cable is out'],
  ['ens3', true, true, 'in a VRF'],
  ['vrf-blue', true, false, 'a VRF, which resolves no neighbours'],
  ['ens4', true, false, 'a port of a team'],
  ['team0', true, true, 'a team'],
  ['br100', true, true, 'a bridge'],
];
for (const [name, carrier, isUsable, why] of layers) {
  test(`${name} (${why}) is usable: ${isUsable}`, () => {
    const link = parseLinks(LAYERS).find((one) => one.name === name);
    assert.ok(link);
    assert.is(link?.carrier, carrier);
    assert.is(link !== undefined && isUsableLink(link, [], [{ interfaces: [] }]), isUsable);
  });
}

test('a VLAN has addresses of its own', () => {
  const link = parseLinks(LAYERS).find(({ name }) => name === 'bond0.100');
  assert.equal(link?.addresses, ['192.0.2.5', '2001:db8:2::5']);
  assert.equal(link?.subnets, ['192.0.2.5/24', '2001:db8:2::5/64']);
});

for (const output of ['', '[', '{}', 'null']) {
  test(`"${output}" is not the output of ip`, () => {
    assert.throws(() => parseLinks(output));
  });
}

for (const entry of [
  null,
  1,
  {},
  { ifname: 'eth0' },
  { ifname: 'eth0', ifindex: 1, address: 'x' },
]) {
  test(`the entry ${JSON.stringify(entry)} is left out`, () => {
    assert.equal(parseLinks(JSON.stringify([entry])), []);
  });
}

test.run();
