import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type BgpRole,
  NO_CAPABILITIES,
} from '../../modules/metallb/src/packet/bgp-capabilities.ts';
import { BGP_REASON, ceaseWith } from '../../modules/metallb/src/packet/bgp-error.ts';
import {
  BGP_MESSAGE,
  encodeBgpMessage,
  encodeKeepalive,
} from '../../modules/metallb/src/packet/bgp-message.ts';
import { ip } from '../support/addresses.ts';
import { Pair, routeTo } from '../support/bgp-pair.ts';

function established(pair = new Pair()): Pair {
  pair.start();
  pair.pass(100);
  assert.equal([pair.left.peering.phase, pair.right.peering.phase], ['Established', 'Established']);
  return pair;
}

test('both connect at once: one connection stays, that of the higher identifier', () => {
  const pair = established();
  assert.equal(pair.left.told, ['established']);
  assert.equal(pair.right.told, ['established']);
  pair.pass(60_000);
  assert.equal(pair.left.told, ['established'], 'nothing ends later');
});

test('one waits, the other connects', () => {
  const pair = established(new Pair({ passive: true }));
  assert.equal(pair.left.told, ['established']);
});

test('who only waits says so, and hears it each time that the other comes to nothing', () => {
  const idle = new Pair({ passive: true }).left.peering;
  idle.start(0);
  assert.equal([idle.phase, idle.why], ['Active', 'the router has not connected yet']);
  const pair = new Pair({ passive: true, remoteAsn: 64_999 });
  pair.start();
  pair.pass(30_000);
  const { peering, told } = pair.left;
  assert.equal([peering.phase, new Set(told)], ['Active', new Set(['refused'])]);
  assert.ok(told.length > 1 && told.length === pair.right.told.length, `${told.length} times`);
  assert.match(peering.why, 'the peer is AS 64501, expected 64999');
});

test('keepalives keep a session that has nothing to say, and a cable that is cut ends it by the hold time', () => {
  const pair = established();
  pair.pass(120_000);
  assert.is(pair.left.peering.phase, 'Established');
  pair.isCut = true;
  pair.pass(5_000);
  assert.is(pair.left.peering.phase, 'Established');
  pair.pass(5_000);
  assert.not.equal(pair.left.peering.phase, 'Established');
  assert.equal(
    pair.left.events.at(-1)?.type === 'refused' || pair.left.told.includes('ended'),
    true,
  );
  pair.isCut = false;
  pair.pass(300_000);
  assert.is(pair.left.peering.phase, 'Established', 'and it comes back by itself');
});

test('the shorter hold time counts', () => {
  const pair = established(new Pair({ holdSeconds: 90 }, { holdSeconds: 3 }));
  assert.is(pair.left.peering.negotiated?.holdMs, 3_000);
});

test('routes are told, changed and withdrawn, and counted by the peer', () => {
  const pair = new Pair();
  pair.left.rib.set(routeTo('10.254.254.1/32'));
  pair.left.rib.set(routeTo('10.254.254.2/32'));
  established(pair);
  assert.is(pair.right.peering.receivedCount, 2);
  pair.left.rib.set(routeTo('10.254.254.3/32'));
  pair.act(pair.left, []);
  pair.pass(10);
  assert.is(pair.right.peering.receivedCount, 3);
  pair.left.rib.delete('10.254.254.1/32');
  pair.left.rib.delete('10.254.254.3/32');
  pair.act(pair.left, []);
  pair.pass(10);
  assert.is(pair.right.peering.receivedCount, 1);
});

test('a peer of another AS is told so and tried again, less and less often', () => {
  const pair = new Pair({ remoteAsn: 64_999 });
  pair.start();
  pair.pass(100);
  assert.is(pair.left.peering.phase, 'Idle');
  assert.match(pair.left.peering.why, 'the peer is AS 64501, expected 64999');
  assert.match(pair.right.peering.why, 'the peer says OPEN Message Error: Bad Peer AS');
  pair.pass(10 * 60_000);
  const attempts = pair.left.told.filter((type) => type === 'refused').length;
  assert.ok(attempts > 4 && attempts < 30, `${attempts} attempts in ten minutes`);
});

test('internal and external are enough to say of a peer', () => {
  established(new Pair({ remoteAsn: 'external' }));
  const pair = new Pair({ remoteAsn: 'internal' });
  pair.start();
  pair.pass(50);
  assert.match(pair.left.peering.why, 'expected 64500, the own one');
});

test('within an AS two nodes with one router ID never have a session', () => {
  const inside = { localAsn: 64_500, remoteAsn: 64_500, routerId: ip('192.0.2.1') };
  const pair = new Pair(inside, inside);
  pair.start();
  pair.pass(50);
  assert.match(pair.left.peering.why, 'router ID 192.0.2.1');
});

test('roles that do not fit are refused, one that is not told is no fault', () => {
  const role = (mine: BgpRole | undefined) => ({
    capabilities: { ...NO_CAPABILITIES, role: mine },
  });
  established(new Pair(role('customer'), { capabilities: { ...NO_CAPABILITIES } }));
  for (const other of ['peer', 'role 7'] as const) {
    const pair = new Pair(role('customer'), role(other));
    pair.start();
    pair.pass(50);
    const words = `${pair.left.peering.why} ${pair.right.peering.why}`;
    assert.match(words, 'Role Mismatch', other);
    const said = pair.left.sent.map((bytes) => [...bytes.subarray(18, 21)].join());
    assert.ok(said.includes(`${BGP_MESSAGE.notification},2,11`), `by this node, of ${other}`);
  }
});

test('a shutdown says why, and nothing begins again before it is started', () => {
  const pair = established();
  const actions = pair.left.peering.stop(
    ceaseWith(BGP_REASON.administrativeShutdown, 'maintenance'),
    pair.now,
  );
  pair.act(pair.left, actions);
  pair.pass(50);
  assert.match(pair.right.peering.why, 'Administrative Shutdown, "maintenance"');
  pair.pass(600_000);
  assert.is(pair.left.peering.phase, 'Idle');
  pair.act(pair.left, pair.left.peering.start(pair.now));
  pair.pass(130_000);
  assert.is(pair.left.peering.phase, 'Established');
});

test('a session that ends at once each time is not tried again at once each time', () => {
  const pair = established();
  for (let round = 0; round < 20; round += 1) {
    if (pair.left.peering.phase === 'Established') {
      for (const each of ['incoming', 'outgoing'] as const) {
        pair.act(pair.left, pair.left.peering.received(each, new Uint8Array(19), pair.now));
      }
    }
    pair.pass(1_000);
  }
  const sessions = pair.left.told.filter((type) => type === 'established').length;
  assert.ok(sessions > 1 && sessions < 7, `${sessions} sessions in 20 seconds`);
});

test('a route refresh brings everything of the family once more, and nothing else', () => {
  const pair = new Pair();
  pair.left.rib.set(routeTo('10.254.254.1/32'));
  established(pair);
  const before = pair.left.sent.length;
  const hear = (subtype: number) => {
    const body = Uint8Array.of(0, 1, subtype, 1);
    const refresh = encodeBgpMessage(BGP_MESSAGE.routeRefresh, body);
    for (const each of ['incoming', 'outgoing'] as const) {
      pair.act(pair.left, pair.left.peering.received(each, refresh, pair.now));
    }
    return pair.left.sent.length - before;
  };
  assert.is(hear(0), 1);
  assert.is(hear(1), 1, 'its own routes begin');
  assert.equal(pair.left.told, ['established']);
  assert.is(hear(9), 1);
  const fault = 'ROUTE-REFRESH of the unknown subtype 9';
  assert.equal(pair.left.events.at(-1), { type: 'fault', fault });
});

test('100,000 routes of a peer cost no memory and end nothing', () => {
  const pair = new Pair();
  for (let host = 0; host < 100_000; host += 1) {
    pair.right.rib.set(routeTo(`10.${host >> 16}.${(host >> 8) & 255}.${host & 255}/32`));
  }
  established(pair);
  pair.pass(1_000);
  assert.is(pair.left.peering.receivedCount, 100_000);
});

test('bytes that are no BGP end the session with a NOTIFICATION, and a new one comes', () => {
  const pair = established();
  for (const each of ['incoming', 'outgoing'] as const) {
    pair.act(pair.left, pair.left.peering.received(each, new Uint8Array(19), pair.now));
  }
  assert.ok(pair.left.told.includes('ended'));
  pair.pass(50);
  assert.match(pair.right.peering.why, 'Connection Not Synchronized');
  pair.pass(60_000);
  assert.is(pair.left.peering.phase, 'Established');
});

test('a router that may restart and connects anew has restarted: its session gives way without a NOTIFICATION', () => {
  const gracefulRestart = {
    ...{ restarted: true, afterNotification: false, restartSeconds: 120 },
    families: [],
  };
  const may = {
    capabilities: { ...NO_CAPABILITIES, families: ['IPv4'], gracefulRestart },
  } as const;
  const both = established(new Pair({ ...may, passive: true }, may));
  const { peering } = both.left;
  const open = both.right.sent[0] ?? new Uint8Array();
  assert.is(peering.newcomer(both.now), undefined, 'both may have connected at once');
  const later = both.now + 10_000;
  assert.is(peering.newcomer(later)?.hear(encodeKeepalive()), 'stranger');
  assert.is(peering.newcomer(later)?.hear(both.left.sent[0] ?? open), 'stranger', 'of another AS');
  assert.is(peering.newcomer(later)?.hear(open), 'peer');
  assert.is(peering.phase, 'Established');
  const kinds = [
    ...peering.giveWay(later),
    ...peering.connected('incoming', () => undefined, later),
  ].map((action) => (action.do === 'send' ? action.bytes[18] : action.do));
  assert.equal(kinds, ['close', 'tell', BGP_MESSAGE.open]);
  assert.is(peering.phase, 'OpenSent');
  assert.equal(peering.giveWay(later), [], 'there is no session any more');
  const one = established(new Pair({ passive: true }, may)).left.peering;
  assert.is(one.newcomer(60_000), undefined, 'not where one side has no graceful restart');
});

test('a connection of the peer on which it has said nothing gives way to its next one', () => {
  const { left } = new Pair({ passive: true });
  const arrive = () => [
    ...left.peering.makeRoom(),
    ...left.peering.connected('incoming', () => undefined, 0),
  ];
  left.peering.start(0);
  assert.equal(
    arrive().map((action) => action.do),
    ['send'],
  );
  assert.equal(
    arrive().map((action) => action.do),
    ['close', 'send'],
  );
  assert.is(left.peering.phase, 'OpenSent');
  // Refused are those after one on which it has spoken.
  const spoken = established(new Pair({ passive: true })).left.peering;
  assert.equal(spoken.makeRoom(), []);
  const refused = spoken.connected('incoming', () => undefined, 200);
  assert.equal(
    refused.map((action) => action.do),
    ['send', 'close'],
  );
});

test('a router that has connected and says nothing is connected to, with the pauses that there are', () => {
  const pair = established(new Pair({}, { passive: true }));
  const { peering } = pair.left;
  pair.act(pair.left, peering.received('outgoing', new Uint8Array(19), pair.now));
  assert.is(peering.phase, 'Idle');
  // Its connection comes between two attempts, and then it loses power.
  pair.act(
    pair.left,
    peering.connected('incoming', () => undefined, pair.now),
  );
  pair.pass(50);
  pair.isCut = true;
  let attempts = 0;
  for (const end = pair.now + 60_000; peering.nextDeadline() < end && attempts < 20; ) {
    pair.now = Math.max(pair.now, peering.nextDeadline());
    const actions = peering.time(pair.now);
    if (!actions.some((action) => action.do === 'connect')) continue;
    attempts += 1;
    peering.lost('outgoing', 'no route to host', pair.now);
    assert.is(peering.phase, 'OpenSent', 'it may yet speak');
  }
  assert.ok(attempts > 3 && attempts < 20, `${attempts} attempts in a minute`);
  pair.isCut = false;
  pair.pass(60_000);
  assert.is(peering.phase, 'Established');
});

test('a peer that takes nothing of what waits loses the session, and people hear why', () => {
  const pair = established();
  const { peering } = pair.left;
  peering.sent('outgoing', false, pair.now);
  peering.sent('incoming', false, pair.now);
  for (let passed = 0; passed < 240_000; passed += 1_000) pair.pass(1_000);
  assert.equal(pair.left.events.at(1), { type: 'ended', why: 'Send Hold Timer Expired' });
});

test.run();
