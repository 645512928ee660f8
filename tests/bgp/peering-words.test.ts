import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PeeringOptions } from '../../modules/metallb/src/bgp/peering.ts';
import type { PeeringAction } from '../../modules/metallb/src/bgp/peering-action.ts';
import type { IpFamily } from '../../modules/metallb/src/net/ip.ts';
import { NO_CAPABILITIES } from '../../modules/metallb/src/packet/bgp-capabilities.ts';
import {
  BGP_REASON,
  type BgpReason,
  notificationOf,
} from '../../modules/metallb/src/packet/bgp-error.ts';
import {
  BGP_MESSAGE,
  encodeBgpMessage,
  encodeNotification,
} from '../../modules/metallb/src/packet/bgp-message.ts';
import { Pair } from '../support/bgp-pair.ts';

/** What people are told when there is no session. */
const RETRY_MS = 5_000;
const BOTH: readonly IpFamily[] = ['IPv4', 'IPv6'];
const NEXT_HOP = () => undefined;

function speaking(...families: readonly IpFamily[]): Partial<PeeringOptions> {
  return { capabilities: { ...NO_CAPABILITIES, families } };
}

/** The peering of a side whose connection stands, and nobody is at its other end. */
function waiting(options: Partial<PeeringOptions> = {}) {
  const { peering } = new Pair({ connectRetryMs: RETRY_MS, ...options }).left;
  peering.start(0);
  const direction = options.passive ? 'incoming' : 'outgoing';
  peering.connected(direction, NEXT_HOP, 0);
  assert.is(peering.phase, 'OpenSent');
  return { peering, direction } as const;
}

const told = (actions: readonly PeeringAction[]) =>
  actions.flatMap((action) => (action.do === 'tell' ? [action.event] : []));

const NOTIFICATIONS: readonly (readonly [BgpReason, string])[] = [
  [BGP_REASON.badPeerAs, 'OPEN Message Error: Bad Peer AS: this node is AS 64500'],
  [
    BGP_REASON.badIdentifier,
    'OPEN Message Error: Bad BGP Identifier: this node has the router ID 192.0.2.1',
  ],
  [
    BGP_REASON.unacceptableHoldTime,
    'OPEN Message Error: Unacceptable Hold Time: this node offers 9 s',
  ],
  [
    BGP_REASON.unsupportedCapability,
    'OPEN Message Error: Unsupported Capability: this node offers routes of IPv4 and IPv6',
  ],
  [BGP_REASON.roleMismatch, 'OPEN Message Error: Role Mismatch: this node is customer'],
  // The same subcodes of another error are about something else.
  [BGP_REASON.administrativeShutdown, 'Cease: Administrative Shutdown'],
  [BGP_REASON.otherConfigurationChange, 'Cease: Other Configuration Change'],
];

for (const [reason, words] of NOTIFICATIONS) {
  test(`a router that says ${words} is quoted with what it refuses`, () => {
    const capabilities = { ...NO_CAPABILITIES, families: BOTH, role: 'customer' as const };
    const { peering, direction } = waiting({ capabilities });
    const bytes = encodeNotification(notificationOf(reason));
    const why = `the peer says ${words}`;
    assert.equal(told(peering.received(direction, bytes, 1)), [{ type: 'refused', why }]);
    assert.is(peering.why, why);
  });
}

test('with a router that takes none of the families there is no session', () => {
  const pair = new Pair(speaking('IPv4'), speaking('IPv6'));
  pair.start();
  pair.pass(20);
  assert.is(
    pair.left.peering.why,
    'OPEN Message Error: Unsupported Capability: the peer takes routes of IPv6, expected IPv4',
  );
  const sent = pair.left.sent.map((bytes) => Buffer.from(bytes).toString('hex'));
  // RFC 5492 §3: with the capability that is lacking, multiprotocol IPv4 unicast.
  assert.ok(sent.some((hex) => hex.endsWith('030207010400010001')));
  pair.pass(60_000);
  assert.not(pair.left.told.includes('established'));
});

test('a family that the router takes no routes of is known to be missing', () => {
  const pair = new Pair(speaking('IPv4', 'IPv6'), speaking('IPv4'));
  pair.start();
  pair.pass(100);
  assert.equal(pair.left.peering.negotiated?.families, ['IPv4']);
  assert.equal(pair.left.peering.negotiated?.missing, ['IPv6']);
  assert.equal(pair.right.peering.negotiated?.missing, []);
});

test('a router that closes the connection at once may not know this node', () => {
  const { peering, direction } = waiting();
  const why =
    "connection reset by the peer before it said anything: expected that it knows this node's address as a neighbor of AS 64500";
  const actions = peering.lost(direction, 'connection reset by the peer', 1);
  assert.equal(told(actions), [{ type: 'refused', why }]);
  assert.is(peering.why, why);
  assert.is(peering.phase, 'Active', 'and is tried again');
});

test('a router that still clears up the session before is tried again soon, later each time', () => {
  const { peering, direction } = waiting();
  const pauses: number[] = [];
  for (let now = 1; pauses.length < 5; ) {
    peering.lost(direction, 'connection closed by the peer', now);
    const again = peering.nextDeadline();
    pauses.push(again - now);
    now = again;
    peering.time(now);
    peering.connected(direction, NEXT_HOP, now);
  }
  const longest = [1_000, 2_000, 4_000, RETRY_MS, RETRY_MS];
  for (const [index, mostMs] of longest.entries()) {
    const pauseMs = pauses[index] ?? Number.NaN;
    assert.ok(pauseMs <= mostMs && pauseMs >= 0.8 * mostMs, `${pauseMs} of ${mostMs} ms`);
  }
});

test('what a router has said is not forgotten while it closes connections after it', () => {
  const { peering, direction } = waiting();
  const bytes = encodeNotification(notificationOf(BGP_REASON.unacceptableHoldTime));
  peering.received(direction, bytes, 1);
  const said = peering.why;
  const again = peering.nextDeadline();
  for (const at of [again, again + RETRY_MS]) {
    peering.time(at);
    peering.connected(direction, NEXT_HOP, at);
    peering.lost(direction, 'connection closed by the peer', at);
    const since = 'since then: connection closed by the peer before it said anything';
    assert.is(peering.why, `${said}; ${since}`);
  }
  peering.stop(notificationOf(BGP_REASON.administrativeReset), again + RETRY_MS);
  peering.start(again + RETRY_MS);
  peering.connected(direction, NEXT_HOP, again + RETRY_MS);
  peering.lost(direction, 'connection closed by the peer', again + RETRY_MS);
  assert.match(peering.why, 'expected that it knows', 'what is configured anew begins anew');
});

test('a connection that is lost while another is under way is nothing to tell', () => {
  const { peering } = waiting();
  peering.connected('incoming', NEXT_HOP, 1);
  assert.equal(told(peering.lost('outgoing', 'connection reset by the peer', 2)), []);
  assert.is(peering.phase, 'OpenSent');
});

test('a router that does not answer is told of with each attempt', () => {
  const { peering } = new Pair({ connectRetryMs: RETRY_MS }).left;
  peering.start(0);
  assert.is(peering.why, 'connecting');
  assert.equal(told(peering.time(RETRY_MS - 1)), []);
  for (const attempt of [1, 2]) {
    const [event] = told(peering.time(attempt * RETRY_MS));
    assert.is(event?.type, 'refused');
    assert.match(peering.why, /does not answer: .* its password is another/);
  }
});

test('a connection of the router that is lost makes room for its next one', () => {
  const { peering } = waiting({ passive: true });
  const [event] = told(peering.lost('incoming', 'connection closed by the peer', 1));
  assert.is(event?.type, 'refused');
  const again = peering.connected('incoming', NEXT_HOP, 2);
  assert.equal(
    again.map((action) => action.do),
    ['send'],
  );
  assert.is(peering.phase, 'OpenSent');
});

for (const body of ['00020801', '00010000']) {
  test(`an UPDATE that ends after ${body} ends the session with a NOTIFICATION, and nothing else`, () => {
    const pair = new Pair(speaking('IPv4'), { ...speaking('IPv4'), passive: true });
    pair.start();
    pair.pass(100);
    assert.is(pair.left.peering.phase, 'Established');
    const update = encodeBgpMessage(BGP_MESSAGE.update, Buffer.from(body, 'hex'));
    const actions = pair.left.peering.received('outgoing', update, pair.now);
    const [sent] = actions.flatMap((action) => (action.do === 'send' ? action.bytes : []));
    assert.equal([...(sent ?? []).slice(18, 21)], [BGP_MESSAGE.notification, 3, 1]);
    assert.is(pair.left.peering.phase, 'Idle');
  });
}

test('what a router says on a connection of its own is told, too', () => {
  const { peering } = waiting({ passive: true });
  const bytes = encodeNotification(notificationOf(BGP_REASON.badPeerAs));
  const [event] = told(peering.received('incoming', bytes, 1));
  assert.is(event?.type, 'refused');
  assert.match(peering.why, 'Bad Peer AS');
});

test.run();
