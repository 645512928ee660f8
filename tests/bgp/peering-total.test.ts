import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AdjRibOut } from '../../modules/metallb/src/bgp/adj-rib-out.ts';
import { Peering } from '../../modules/metallb/src/bgp/peering.ts';
import type { PeeringAction } from '../../modules/metallb/src/bgp/peering-action.ts';
import { NO_CAPABILITIES } from '../../modules/metallb/src/packet/bgp-capabilities.ts';
import {
  BGP_MESSAGE,
  encodeBgpMessage,
  encodeKeepalive,
  MAX_BGP_MESSAGE,
} from '../../modules/metallb/src/packet/bgp-message.ts';
import { encodeOpen } from '../../modules/metallb/src/packet/bgp-open.ts';
import { ip } from '../support/addresses.ts';
import { routeTo } from '../support/bgp-pair.ts';

const CAPABILITIES = {
  ...NO_CAPABILITIES,
  enhancedRouteRefresh: true,
  families: ['IPv4'],
} as const;
const OPEN = encodeOpen({
  ...{ asn: 64_501, holdSeconds: 9, routerId: ip('192.0.2.2') },
  capabilities: CAPABILITIES,
});

/** A peering whose router has said nothing yet. */
function waiting(): { readonly rib: AdjRibOut; readonly peering: Peering } {
  const rib = new AdjRibOut();
  for (const prefix of ['10.0.0.1/32', '10.0.0.2/32']) rib.set(routeTo(prefix));
  const peering = new Peering(
    {
      ...{ localAsn: 64_500, remoteAsn: 'external', routerId: ip('192.0.2.1'), holdSeconds: 9 },
      ...{ capabilities: CAPABILITIES, passive: false, connectRetryMs: 5_000 },
      ...{ keepaliveMs: undefined, sendHoldMs: 240_000 },
    },
    rib,
    () => 0,
  );
  peering.start(0);
  peering.connected('outgoing', () => ({ global: ip('172.16.1.11') }), 1);
  return { rib, peering };
}

const octetsIn = (actions: readonly PeeringAction[]) =>
  actions.reduce((sum, one) => sum + (one.do === 'send' ? one.bytes.length : 0), 0);

const PHASES: [string, readonly Uint8Array[]][] = [
  ['OpenSent', []],
  ['OpenConfirm', [OPEN]],
  ['Established', [OPEN, encodeKeepalive()]],
];
const MESSAGE = fc.oneof(
  fc.constantFrom(OPEN, encodeKeepalive()),
  fc
    .tuple(fc.constantFrom(...Object.values(BGP_MESSAGE)), fc.uint8Array({ maxLength: 40 }))
    .map(([type, body]) => encodeBgpMessage(type, body)),
);

for (const [phase, said] of PHASES) {
  test(`whatever a router says in ${phase}, at most its connection ends, and the answer is short`, () => {
    fc.assert(
      fc.property(fc.array(MESSAGE, { minLength: 1, maxLength: 8 }), (messages) => {
        const { peering } = waiting();
        for (const bytes of said) peering.received('outgoing', bytes, 2);
        assert.is(peering.phase, phase);
        peering.takeUpdates();
        for (const bytes of messages) {
          const actions = [...peering.received('outgoing', bytes, 3), ...peering.takeUpdates()];
          assert.ok(octetsIn(actions) <= MAX_BGP_MESSAGE);
        }
      }),
      { numRuns: 500 },
    );
  });
}

test('a router that asks for everything hundreds of times in one piece is told once', () => {
  const { peering } = waiting();
  for (const bytes of [OPEN, encodeKeepalive()]) peering.received('outgoing', bytes, 2);
  peering.takeUpdates();
  const request = encodeBgpMessage(BGP_MESSAGE.routeRefresh, Uint8Array.of(0, 1, 0, 1));
  const flood = Buffer.concat(Array.from({ length: 500 }, () => request));
  assert.equal(peering.received('outgoing', flood, 3), []);
  // Begin, both routes in one message, end.
  assert.is(peering.takeUpdates().length, 3);
  assert.equal(peering.takeUpdates(), []);
});

test('people hear when other routes than before have no room, also when they are as many', () => {
  const { rib, peering } = waiting();
  for (const bytes of [OPEN, encodeKeepalive()]) peering.received('outgoing', bytes, 2);
  const crowd = { communities: Array.from({ length: 1_020 }, (_, index) => index) };
  const toldOf = () => peering.takeUpdates().filter(({ do: what }) => what === 'tell');
  const tooLong = { do: 'tell', event: { type: 'too-long' } };
  rib.set(routeTo('10.0.0.1/32', crowd));
  assert.equal(toldOf(), [tooLong]);
  rib.set(routeTo('10.0.0.1/32'));
  rib.set(routeTo('10.0.0.2/32', crowd));
  assert.equal(toldOf(), [tooLong]);
  rib.set(routeTo('10.0.0.3/32'));
  assert.equal(toldOf(), []);
  rib.delete('10.0.0.2/32');
  assert.equal(toldOf(), [tooLong], 'and when there are fewer');
});

test.run();
