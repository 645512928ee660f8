import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseBgpPeer } from '../../modules/metallb/src/api/bgp-peer.ts';
import {
  neighborText,
  type PeerNode,
  type PeerSetup,
  setUpPeer,
} from '../../modules/metallb/src/routing/peer-options.ts';
import { ip } from '../support/addresses.ts';
import { bgpPeer } from '../support/metallb-objects.ts';
import { parsedValue } from '../support/parsed.ts';

const NODE: PeerNode = {
  ...{ name: 'n1', internalIps: [ip('fd00:9::1'), ip('10.9.0.1')] },
  routerAt: (name) =>
    name === 'eth1'
      ? { address: ip('fe80::1') }
      : { problem: 'no router has advertised itself there' },
  ...{ listenPort: 0, forwardsOn: true },
};
const FABRIC = { myASN: 64_500, peerASN: 64_501, peerAddress: '10.9.0.254' };

function peer(
  spec: Readonly<Record<string, unknown>>,
  annotations: Readonly<Record<string, string>> = {},
) {
  const object = bgpPeer('spine', { spec: { ...FABRIC, ...spec } });
  const metadata = { ...object.metadata, annotations };
  return parsedValue(parseBgpPeer({ ...object, metadata }));
}

function setup(
  spec: Readonly<Record<string, unknown>> = {},
  node = NODE,
  annotations = {},
): PeerSetup {
  const made = setUpPeer(peer(spec, annotations), node);
  if (typeof made === 'string') throw new Error(made);
  return made;
}

const capabilities = (spec: Readonly<Record<string, unknown>>) =>
  setup(spec).options.peering.capabilities;

test('a peer is reached and spoken to as it says, with what MetalLB makes of what it leaves out', () => {
  const { options, routeName, externalAsn } = setup();
  assert.equal([routeName, externalAsn], ['spine', 64_500]);
  assert.equal(options.peer, {
    ...{ address: '10.9.0.254', port: 179, source: undefined, interface: undefined },
    hops: { most: 1, isSecured: false },
  });
  const { localAsn, remoteAsn, holdSeconds, keepaliveMs, passive } = options.peering;
  assert.equal([localAsn, remoteAsn, holdSeconds], [64_500, 64_501, 90]);
  assert.equal([keepaliveMs, passive], [undefined, false]);
  const written = setup({
    ...{ peerPort: 1179, sourceAddress: '10.9.0.7', vrf: 'red', localASN: 64_999 },
    ...{ holdTime: '30s', keepaliveTime: '5s', connectTime: '7s', routerID: '192.0.2.9' },
  });
  assert.equal(written.externalAsn, 64_999);
  const { port, source, interface: device } = written.options.peer;
  assert.equal([port, source, device], [1179, '10.9.0.7', 'red']);
  const said = written.options.peering;
  assert.equal([said.localAsn, said.holdSeconds, said.routerId], [64_999, 30, '192.0.2.9']);
  assert.equal([said.keepaliveMs, said.connectRetryMs], [5_000, 7_000]);
});

const ROUTERS: [
  string,
  Readonly<Record<string, unknown>>,
  number | undefined,
  number | undefined,
][] = [
  ['of another AS on the link', {}, 1, 64_500],
  ['of another AS further away', { ebgpMultiHop: true }, undefined, 64_500],
  ['of the own AS', { peerASN: 64_500 }, undefined, undefined],
  ['of whatever other AS', { peerASN: 0, dynamicASN: 'external' }, 1, 64_500],
  [
    'of the own AS without its number',
    { peerASN: 0, dynamicASN: 'internal' },
    undefined,
    undefined,
  ],
];
for (const [name, spec, most, externalAsn] of ROUTERS) {
  test(`a router ${name}: ${most ?? 'any number of'} hops, and the path ${externalAsn ?? 'is empty'}`, () => {
    const made = setup(spec);
    assert.equal([made.options.peer.hops.most, made.externalAsn], [most, externalAsn]);
  });
}

test('stale routes are kept for longer where it is asked for, of each family', () => {
  const both = { enableGracefulRestart: true, dualStackAddressFamily: true };
  assert.equal(capabilities(both).longLived, []);
  const said = { 'network.deckhouse.io/bgp-long-lived-stale-time': '1m30s' };
  assert.equal(setup(both, NODE, said).options.peering.capabilities.longLived, [
    { family: 'IPv4', forwarding: true, staleSeconds: 90 },
    { family: 'IPv6', forwarding: true, staleSeconds: 90 },
  ]);
  const rebooted = { ...NODE, forwardsOn: false };
  const [first] = setup(both, rebooted, said).options.peering.capabilities.longLived;
  assert.is(first?.forwarding, false);
});

test('an external router is told that this node is its customer, one of the own AS nothing', () => {
  assert.is(capabilities({}).role, 'customer');
  assert.is(capabilities({ peerASN: 0, dynamicASN: 'external' }).role, 'customer');
  assert.is(capabilities({ localASN: 64_999 }).role, 'customer');
  for (const inside of [{ peerASN: 64_500 }, { peerASN: 0, dynamicASN: 'internal' }]) {
    assert.is(capabilities(inside).role, undefined);
  }
  assert.is(capabilities({ localASN: 64_501 }).role, undefined, 'as the router knows this node');
});

test('with GTSM no packet from further away is taken for the router, whichever AS it is of', () => {
  const hops = (spec: Readonly<Record<string, unknown>>, written: string) =>
    setup(spec, NODE, { 'network.deckhouse.io/bgp-ttl-security-hops': written }).options.peer.hops;
  assert.equal(hops({}, '1'), { most: 1, isSecured: true });
  assert.equal(hops({ ebgpMultiHop: true }, '3'), { most: 3, isSecured: true });
  assert.equal(hops({ peerASN: 64_500 }, '1'), { most: 1, isSecured: true });
});

test('a node is known by its IPv4 address; one without has a number of its own that stays', () => {
  assert.is(setup().options.peering.routerId, '10.9.0.1');
  const idOf = (name: string) =>
    setup({}, { ...NODE, name, internalIps: [ip('fd00:9::1')] }).options.peering.routerId;
  assert.is(idOf('n1'), idOf('n1'));
  assert.is.not(idOf('n1'), idOf('n2'));
  assert.not.match(idOf('n1'), /^0\./);
});

test('a session carries its own family, or both where it is asked for', () => {
  assert.equal(capabilities({}).families, ['IPv4']);
  assert.equal(capabilities({ peerAddress: 'fd00:9::fe' }).families, ['IPv6']);
  const both = { dualStackAddressFamily: true };
  assert.equal(capabilities(both).families, ['IPv4', 'IPv6']);
  assert.is(capabilities(both).ipv4OverIpv6, false);
  assert.is(capabilities({ ...both, peerAddress: 'fd00:9::fe' }).ipv4OverIpv6, true);
});

test('a router that is to forward while the speaker restarts is told that this node still does', () => {
  assert.is(capabilities({}).gracefulRestart, undefined);
  const { gracefulRestart } = capabilities({
    ...{ enableGracefulRestart: true, dualStackAddressFamily: true },
  });
  assert.equal(gracefulRestart?.families, [
    { family: 'IPv4', forwarding: true },
    { family: 'IPv6', forwarding: true },
  ]);
  const afterBoot = setup({ enableGracefulRestart: true }, { ...NODE, forwardsOn: false });
  assert.equal(afterBoot.options.peering.capabilities.gracefulRestart?.families, [
    { family: 'IPv4', forwarding: false },
  ]);
  // A NOTIFICATION, as of a hold time that is over, ends the routes as well.
  assert.is(gracefulRestart?.afterNotification, false);
});

test('whoever is at an interface is spoken to from it, about both families', () => {
  const there = { peerAddress: '', interface: 'eth1' };
  const { address, interface: device, hops } = setup(there).options.peer;
  assert.equal([address, device, hops.most], ['fe80::1', 'eth1', 1]);
  const { families, ipv4OverIpv6 } = capabilities(there);
  assert.equal([families, ipv4OverIpv6], [['IPv4', 'IPv6'], true]);
  // It may take but one of them, unless both are asked for.
  assert.equal(setup(there).expectedFamilies, []);
  const asked = setup({ ...there, dualStackAddressFamily: true });
  assert.equal(asked.expectedFamilies, ['IPv4', 'IPv6']);
  assert.equal(setup().expectedFamilies, ['IPv4']);
});

const PROBLEMS: [string, Readonly<Record<string, unknown>>, string][] = [
  [
    'an interface without a router',
    { peerAddress: '', interface: 'eth0' },
    'spec.interface is eth0: no router has advertised itself there',
  ],
  [
    'an interface and a source address of IPv4',
    { peerAddress: '', interface: 'eth1', sourceAddress: '10.9.0.1' },
    'spec.sourceAddress is 10.9.0.1: expected an address of IPv6, as the router at eth1 has',
  ],
  [
    'a source address of another family',
    { sourceAddress: 'fd00:9::1' },
    'spec.sourceAddress is fd00:9::1: expected an address of the same family as peerAddress, 10.9.0.254',
  ],
  [
    'a link-local address without its interface',
    { peerAddress: 'fe80::1' },
    'spec.peerAddress is fe80::1: a link-local address needs the interface that leads to it, expected it in spec.vrf, or in spec.interface instead of the address',
  ],
];
for (const [name, spec, expected] of PROBLEMS) {
  test(`no session with ${name}, in words`, () => {
    assert.is(setUpPeer(peer(spec), NODE), `BGPPeer/metallb-system/spine: ${expected}`);
  });
}

const PASSIVE = { 'network.deckhouse.io/bgp-passive': 'true' };

test('who is only waited for needs a port to connect to', () => {
  const { options } = setup({}, { ...NODE, listenPort: 179 }, PASSIVE);
  assert.is(options.peering.passive, true);
  assert.is(
    setUpPeer(peer({}, PASSIVE), NODE),
    'BGPPeer/metallb-system/spine: metadata.annotations[network.deckhouse.io/bgp-passive] is true: this node listens on no port for BGP, expected one in the value bgp.listenPort (--bgp-listen-port)',
  );
});

test('a neighbor goes by its address, or by the interface that leads to it', () => {
  assert.is(neighborText(peer({}).spec.neighbor), '10.9.0.254');
  assert.is(neighborText(peer({ peerAddress: '', interface: 'eth0' }).spec.neighbor), 'eth0');
});

test.run();
