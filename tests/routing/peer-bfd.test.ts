import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseBfdProfile } from '../../modules/metallb/src/api/bfd-profile.ts';
import { parseBgpPeer } from '../../modules/metallb/src/api/bgp-peer.ts';
import type { WantedBfdKey } from '../../modules/metallb/src/bfd/messages.ts';
import { bfdOfPeer } from '../../modules/metallb/src/routing/peer-bfd.ts';
import { setUpPeer } from '../../modules/metallb/src/routing/peer-options.ts';
import { ip } from '../support/addresses.ts';
import { parsedValue as parsed } from '../support/parsed.ts';

const ROUTER = '192.0.2.254';
const AT_INTERFACE = 'fe80::1';
const PROFILE = parsed(
  parseBfdProfile({
    ...{ apiVersion: 'metallb.io/v1beta1', kind: 'BFDProfile', metadata: { name: 'fast' } },
    spec: { transmitInterval: 100, receiveInterval: 200, detectMultiplier: 5, minimumTtl: 252 },
  }),
);

function bfdOf(spec: object, onLink: readonly string[] = [], key?: WantedBfdKey) {
  const peer = parsed(
    parseBgpPeer({
      ...{ apiVersion: 'metallb.io/v1beta2', kind: 'BGPPeer', metadata: { name: 'spine' } },
      spec: { myASN: 64_500, peerASN: 64_501, peerAddress: ROUTER, bfdProfile: 'fast', ...spec },
    }),
  );
  const routerAt = () => ({ address: ip(AT_INTERFACE) });
  const node = { name: 'n1', internalIps: [], routerAt, listenPort: 0, forwardsOn: false };
  const setup = setUpPeer(peer, node);
  if (typeof setup === 'string') throw new Error(setup);
  return bfdOfPeer('spine', setup, { profile: PROFILE, key }, (address) =>
    onLink.includes(address),
  );
}

test('a session takes its times from the profile, and its way from the peer', () => {
  assert.equal(bfdOf({ sourceAddress: '192.0.2.1', vrf: 'red' }), {
    ...{ bgpPeer: 'spine', peer: ip(ROUTER), local: ip('192.0.2.1'), interface: 'red' },
    ...{ isMultihop: false, minimumTtl: 252, passive: false, key: undefined },
    timers: { desiredMinTxMs: 100, requiredMinRxMs: 200, detectMultiplier: 5 },
  });
});

test('a session is signed with the key that its profile names', () => {
  const key = { kind: 'keyed-sha1', id: 7, secret: 'a2V5' } as const;
  assert.equal(bfdOf({}, [], key).key, key);
});

test('a session with the router at an interface is one of that link, whatever AS the router is of', () => {
  for (const spec of [{}, { peerASN: 64_500 }, { ebgpMultiHop: true }]) {
    const made = bfdOf({ ...spec, peerAddress: '', interface: 'eth1' });
    assert.equal([made.peer, made.interface, made.isMultihop], [ip(AT_INTERFACE), 'eth1', false]);
  }
});

const WAYS: [string, object, string[], boolean][] = [
  ['an external peer', {}, [], false],
  ['an external peer that may be far', { ebgpMultiHop: true }, [ROUTER], true],
  ['a peer of the own AS on a link', { peerASN: 64_500 }, [ROUTER], false],
  ['a peer of the own AS elsewhere', { peerASN: 64_500 }, [], true],
];
for (const [name, spec, onLink, isMultihop] of WAYS) {
  test(`${name} is ${isMultihop ? 'several hops away' : 'a neighbour'}`, () => {
    assert.is(bfdOf(spec, onLink).isMultihop, isMultihop);
  });
}

test.run();
