import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Report } from '../../modules/metallb/src/duty/messages.ts';
import { DutyReceiver } from '../../modules/metallb/src/duty/receiver.ts';
import type { LastKnownGood } from '../../modules/metallb/src/speaker/last-known-good.ts';
import { ip } from '../support/addresses.ts';
import { assignedChild, balancerClass, balancerNode } from '../support/cluster.ts';
import { dutyOf } from '../support/duty-arbitraries.ts';
import { INSTALLATION, IP, SpeakerFixture, settled } from '../support/speaker-fixture.ts';

const announced: Report = {
  type: 'announced',
  ip: IP,
  interface: 'eth0',
  sinceEpochMs: 1_700_000_000_000,
  reason: 'Takeover',
  from: 'n2',
  darkMs: 200,
  recentMoves: 1,
  unchanged: false,
};

function lastKnownGood(address: string, objects: readonly unknown[] = []): LastKnownGood {
  const duty = dutyOf(address);
  return {
    node: 'n1',
    installation: INSTALLATION,
    bootId: 'boot',
    writtenEpochMs: 0,
    objects,
    table: {
      duties: new Map([[duty.ip, duty]]),
      groups: new Map(),
      ...{ pools: [], draining: false, dataplaneFailed: false, reachability: {}, revision: 0 },
    },
    bgp: undefined,
  };
}

test('what the store says is on the wire, and the parent hears that once', async () => {
  const fixture = new SpeakerFixture();
  await fixture.speaker.start();
  fixture.assign('dns', '192.0.2.2');
  await settled();
  assert.equal(fixture.dutiesOfWire, ['192.0.2.1', '192.0.2.2']);
  assert.is(fixture.readyCount, 1);
  assert.ok(fixture.speaker.ready);
});

test('a single change reaches the wire at once, and those that pour in after it together', async () => {
  const fixture = new SpeakerFixture();
  await fixture.speaker.start();
  await settled();
  fixture.clock.advance(100);
  fixture.sent.length = 0;
  for (let last = 2; last <= 51; last += 1) {
    fixture.assign(`web-${last}`, `192.0.2.${last}`);
    await settled();
  }
  assert.is(fixture.dutiesOfWire.length, 2);
  fixture.clock.advance(10);
  assert.is(fixture.dutiesOfWire.length, 51);
  assert.is(fixture.sent.length, 2);
});

test('a restarted wire gets the whole table', async () => {
  const fixture = new SpeakerFixture();
  await fixture.speaker.start();
  fixture.wire = new DutyReceiver('bb');
  fixture.connect();
  assert.equal(fixture.dutiesOfWire, ['192.0.2.1']);
});

test('before the store has told anything the wire is not connected: it keeps the duties it has', () => {
  const fixture = new SpeakerFixture();
  fixture.store.lose();
  void fixture.speaker.start();
  fixture.clock.advance(10_000);
  assert.equal(fixture.sent, []);
  assert.not(fixture.speaker.ready);
});

test('a store that is silent for a second leaves the last-known-good duties in force', () => {
  const fixture = new SpeakerFixture(lastKnownGood('192.0.2.7'));
  // Never started: a store that neither lists nor fails.
  fixture.store.start = () => new Promise(() => undefined);
  void fixture.speaker.start();
  fixture.clock.advance(999);
  assert.equal(fixture.dutiesOfWire, []);
  fixture.clock.advance(1);
  assert.equal(fixture.dutiesOfWire, ['192.0.2.7']);
  assert.is(fixture.readyCount, 1);
});

test('a lost store leaves them in force at once, and its return replaces them', async () => {
  const fixture = new SpeakerFixture(lastKnownGood('192.0.2.7'));
  fixture.store.lose();
  await fixture.speaker.start();
  assert.equal(fixture.dutiesOfWire, ['192.0.2.7']);
  fixture.store.recover();
  await settled();
  assert.equal(fixture.dutiesOfWire, ['192.0.2.1']);
  assert.is(fixture.readyCount, 1);
});

test('a store that does not start is started again while the last-known-good duties are in force', async () => {
  const fixture = new SpeakerFixture(lastKnownGood('192.0.2.7'));
  const start = fixture.store.start.bind(fixture.store);
  fixture.store.start = () => Promise.reject(new Error('no such directory'));
  await fixture.speaker.start();
  assert.equal(fixture.dutiesOfWire, ['192.0.2.7']);
  for (let second = 0; second < 3; second += 1) {
    fixture.clock.advance(1_000);
    await settled();
  }
  const told = fixture.log.filter((line) => line.includes('store does not start'));
  assert.is(told.length, 1, 'tried every second, told once');
  fixture.store.start = start;
  fixture.clock.advance(1_000);
  await settled();
  assert.equal(fixture.dutiesOfWire, ['192.0.2.1']);
});

test('a store that does not start ends the speaker that has nothing else to go by', async () => {
  const fixture = new SpeakerFixture();
  fixture.store.start = () => Promise.reject(new Error('no such directory'));
  const error: unknown = await fixture.speaker.start().catch((reason: unknown) => reason);
  assert.match(String(error), 'no such directory');
});

test('nothing but doubt about readiness reaches the wire when the store is lost', async () => {
  const fixture = new SpeakerFixture();
  await fixture.speaker.start();
  const before = fixture.sent.length;
  fixture.store.lose();
  await settled();
  assert.equal(fixture.dutiesOfWire, ['192.0.2.1']);
  const changes = fixture.sent
    .slice(before)
    .flatMap((each) => (each.kind === 'difference' ? each.changes : []));
  assert.equal(
    changes.map((change) => ('set' in change ? change.set : 'unset')),
    ['group'],
  );
  assert.is(fixture.wire.table.groups.get('ingress')?.members[0]?.ready, 'unknown');
});

test('a class that went while no speaker ran stays in force for its children', async () => {
  const fixture = new SpeakerFixture(lastKnownGood('192.0.2.1', [balancerClass('ingress')]));
  fixture.store.remove({ kind: 'MetalLoadBalancerClass', name: 'ingress' });
  await fixture.speaker.start();
  assert.equal(fixture.dutiesOfWire, ['192.0.2.1']);
});

test('last-known-good state is written a second after a change, once, also when there is nothing to do', async () => {
  const fixture = new SpeakerFixture(lastKnownGood('192.0.2.7'));
  for (const { kind, metadata } of [balancerClass('ingress'), assignedChild('web', IP)]) {
    fixture.store.remove({ kind: kind as 'MetalLoadBalancerClass', ...metadata });
  }
  await fixture.speaker.start();
  fixture.clock.advance(1_000);
  await fixture.speaker.stop();
  assert.is(fixture.written.length, 1);
  assert.is(fixture.written[0]?.table.duties.size, 0);
});

test('when keys have changed the state is written again, under the new ones', async () => {
  const fixture = new SpeakerFixture();
  await fixture.speaker.start();
  fixture.clock.advance(1_000);
  await settled();
  const rekeyed = { clusterId: 'c', keyIds: ['bbbbbbbb', 'aaaaaaaa'] };
  fixture.speaker.rekeyed(rekeyed);
  fixture.clock.advance(1_000);
  await fixture.speaker.stop();
  assert.equal(
    fixture.written.map(({ installation, table }) => [installation, [...table.duties.keys()]]),
    [
      [INSTALLATION, [IP]],
      [rekeyed, [IP]],
    ],
  );
});

test('without the store, nothing is written when keys change: nothing else is known', async () => {
  const fixture = new SpeakerFixture(lastKnownGood('192.0.2.7'));
  fixture.store.lose();
  await fixture.speaker.start();
  fixture.speaker.rekeyed({ clusterId: 'c', keyIds: ['bbbbbbbb'] });
  fixture.clock.advance(2_000);
  await fixture.speaker.stop();
  assert.equal(fixture.dutiesOfWire, ['192.0.2.7']);
  assert.equal(fixture.written, []);
});

test('an announcement becomes status, metric and log line, once however often the wire repeats it', async () => {
  const fixture = new SpeakerFixture();
  await fixture.speaker.start();
  fixture.report(announced);
  fixture.report(announced);
  await settled();
  assert.match(JSON.stringify(fixture.store.list('SDNInternalL2LBService')), '"node":"n1"');
  const metrics = await fixture.page();
  assert.match(metrics, 'metallb_announced{ip="192.0.2.1",interface="eth0"} 1');
  assert.match(
    metrics,
    'metallb_speaker_announced{service="default/web",protocol="layer2",node="n1",ip="192.0.2.1"} 1',
  );
  assert.match(metrics, 'metallb_takeover_dark_seconds_count 1');
  assert.is(fixture.log.filter((line) => line.includes('announcing address')).length, 1);
});

test('a status that can not be written is told with the IP that it is about', async () => {
  const fixture = new SpeakerFixture();
  await fixture.speaker.start();
  fixture.store.write = () => Promise.reject(new Error('disk is full'));
  fixture.report(announced);
  await settled();
  const [line = '{}'] = fixture.log.filter((each) => each.includes('status not written'));
  const { level, key, error } = JSON.parse(line);
  assert.equal([level, key, error], ['warn', IP, 'disk is full']);
});

test('a restarted speaker counts no takeover that an earlier one counted', async () => {
  const fixture = new SpeakerFixture();
  await fixture.speaker.start();
  const count = async () =>
    /takeover_dark_seconds_count (\d+)/.exec(await fixture.metrics.render())?.[1];
  fixture.report({ ...announced, sinceEpochMs: announced.sinceEpochMs - 1 });
  assert.is(await count(), '0');
  fixture.report(announced);
  assert.is(await count(), '1');
});

test('figures of what the wire does not know any more are not shown', async () => {
  const fixture = new SpeakerFixture();
  await fixture.speaker.start();
  const up = (peer: string) =>
    ({ name: 'peer_up', type: 'gauge', labels: { peer }, value: 1 }) as const;
  fixture.report({ type: 'counters', counters: [up('n2'), up('n3')] });
  fixture.report({ type: 'counters', counters: [up('n2')] });
  const metrics = await fixture.page();
  assert.match(metrics, 'metallb_wire_peer_up{peer="n2"} 1');
  assert.not.match(metrics, 'n3');
});

test('nothing is shown as announced or heard by a wire that is gone; one that comes back shows it again', async () => {
  const fixture = new SpeakerFixture();
  await fixture.speaker.start();
  const labels = { peer: 'n2' };
  const tell = () => {
    fixture.report(announced);
    fixture.report({
      type: 'counters',
      counters: [{ name: 'peer_up', type: 'gauge', labels, value: 1 }],
    });
  };
  tell();
  fixture.disconnect();
  const without = await fixture.page();
  assert.not.match(without, /metallb_announced\{|peer_up\{/);
  assert.match(without, /^metallb_wire_connected 0$/m);
  fixture.connect();
  tell();
  const again = await fixture.page();
  assert.match(again, 'metallb_announced{ip="192.0.2.1",interface="eth0"} 1');
  assert.match(again, 'metallb_wire_peer_up{peer="n2"} 1');
});

test('counters of the wire are metrics of this node', async () => {
  const fixture = new SpeakerFixture();
  await fixture.speaker.start();
  const counter = {
    name: 'arp_replies_total',
    type: 'counter',
    labels: { interface: 'eth0' },
    value: 3,
  } as const;
  fixture.report({ type: 'counters', counters: [counter] });
  assert.match(
    await fixture.metrics.render(),
    'metallb_wire_arp_replies_total{interface="eth0"} 3',
  );
});

test('what is said of an IP is counted while this node announces it on any interface', async () => {
  const fixture = new SpeakerFixture();
  await fixture.speaker.start();
  const tell = () => {
    const counts = [IP, ip('192.0.2.9')].map((one) => ({ ip: one, answered: 3, announced: 1 }));
    fixture.report({ type: 'ip-counts', counts });
  };
  const counted = async () => {
    const page = await fixture.page();
    const shown = page.matchAll(/^metallb_layer2_(\w+)\{ip="([^"]+)"\} (\d+)$/gm);
    return [...shown].map(([, ...one]) => one.join(' '));
  };
  const withdrawn = { type: 'withdrawn', ip: IP, reason: 'handed over' } as const;
  fixture.report(announced);
  fixture.report({ ...announced, interface: 'eth1' });
  tell();
  tell();
  assert.not.match(await fixture.metrics.render(), '192.0.2.9', 'though nobody looks');
  fixture.report({ ...withdrawn, interface: 'eth0' });
  const all = [`requests_received ${IP} 6`, `responses_sent ${IP} 6`, `gratuitous_sent ${IP} 2`];
  assert.equal(await counted(), all);
  fixture.disconnect();
  assert.equal(await counted(), all, 'nobody knows what a wire that is gone would say');
  fixture.connect();
  fixture.report({ ...withdrawn, interface: 'eth1' });
  assert.equal(await counted(), []);
});

test('conditions of an earlier speaker end when the wire does not tell them', async () => {
  const fixture = new SpeakerFixture();
  const stale = { type: 'network.deckhouse.io/Deaf', status: 'True', reason: 'Deaf', message: '' };
  fixture.store.put({ ...balancerNode('n1'), status: { conditions: [stale] } });
  await fixture.speaker.start();
  fixture.report({ type: 'counters', counters: [] });
  await settled();
  assert.match(JSON.stringify(fixture.store.list('Node')), '"status":"False","reason":"Over"');
});

test('a condition of the Node that is told after all is put right, as one of an earlier write would be', async () => {
  const fixture = new SpeakerFixture();
  fixture.store.put(balancerNode('n1'));
  await fixture.speaker.start();
  fixture.report({ type: 'counters', counters: [] });
  await settled();
  const late = { type: 'network.deckhouse.io/Deaf', status: 'True', reason: 'Deaf', message: '' };
  fixture.store.put({ ...balancerNode('n1'), status: { conditions: [late] } });
  await settled();
  const told = JSON.stringify(fixture.store.list('Node'));
  assert.match(told, '"status":"False","reason":"Over"');
  assert.not.match(told, '"status":"True","reason":"Deaf"');
});

test('a wire that sends nonsense or another protocol is cut off', async () => {
  const fixture = new SpeakerFixture();
  await fixture.speaker.start();
  fixture.tell({ kind: 'nonsense' });
  assert.not(fixture.speaker.ready);
  fixture.connect();
  assert.ok(fixture.speaker.ready);
  fixture.tell({ kind: 'hello', protocol: 99, incarnation: 'cc' });
  assert.not(fixture.speaker.ready);
});

test('a wire whose peers know more makes the store list again', async () => {
  const fixture = new SpeakerFixture();
  let relists = 0;
  fixture.store.relist = () => {
    relists += 1;
  };
  await fixture.speaker.start();
  fixture.tell({ kind: 'relist' });
  fixture.clock.advance(1_000);
  assert.is(relists, 1);
});

test('the status page tells what this node does and why', async () => {
  const fixture = new SpeakerFixture();
  await fixture.speaker.start();
  fixture.report(announced);
  const page: unknown = JSON.parse(JSON.stringify(fixture.speaker.status()));
  const { node, source, wireConnected, duties, announced: told } = page as Record<string, unknown>;
  assert.equal([node, source, wireConnected], ['n1', 'store', true]);
  assert.is(Array.isArray(duties) && duties.length, 1);
  assert.is(Array.isArray(told) && told.length, 1);
});

test.run();
