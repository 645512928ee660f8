import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ip, mac } from '../support/addresses.ts';
import { VirtualSegment } from '../support/virtual-segment.ts';

const N1 = mac('02:00:00:00:00:01');
const N2 = mac('02:00:00:00:00:02');
const N3 = mac('02:00:00:00:00:03');
const IPS = ['192.0.2.11', '192.0.2.12', '192.0.2.13'] as const;

/** Three nodes, one IP each, as in the story of the README. */
function threeNodes(): VirtualSegment {
  const lan = new VirtualSegment();
  lan.group('n1', 'n2', 'n3');
  for (const [index, address] of IPS.entries()) lan.duty(address, `n${index + 1}`);
  for (const name of ['n1', 'n2', 'n3']) lan.start(name);
  lan.run(1_000);
  return lan;
}

function announcedBy(lan: VirtualSegment, name: string): string[] {
  return lan.stations.get(name)?.segment.announcedIps() ?? [];
}

test('each IP is answered by its preferred node alone', () => {
  const lan = threeNodes();
  assert.equal(
    IPS.map((address) => lan.ask(address)),
    [[N1], [N2], [N3]],
  );
  assert.equal(
    IPS.map((address) => lan.cache.get(ip(address))),
    [N1, N2, N3],
  );
});

test('a dead node is replaced after three intervals, and only its IP moves', () => {
  const lan = threeNodes();
  const killedAt = lan.clock.now();
  lan.kill('n1');
  lan.run(500);
  const taken = [...announcedBy(lan, 'n2'), ...announcedBy(lan, 'n3')].sort();
  assert.equal(taken, [...IPS]);
  const newcomer = announcedBy(lan, 'n2').includes(IPS[0]) ? N2 : N3;
  assert.is(lan.cache.get(ip(IPS[0])), newcomer);
  const takeover = [...lan.stations.values()]
    .flatMap(({ reports }) => reports)
    .find((report) => report.type === 'announced' && report.reason === 'Takeover');
  assert.ok(takeover?.type === 'announced');
  assert.is(takeover.from, 'n1');
  assert.ok(
    takeover.sinceEpochMs - 1_700_000_000_000 - killedAt <= 310,
    'within three intervals and a judge',
  );
});

test('a returned node holds down, then takes its IP back without a gap', () => {
  const lan = threeNodes();
  lan.kill('n1');
  lan.run(1_000);
  lan.start('n1');
  lan.run(1_200);
  assert.equal(announcedBy(lan, 'n1'), [], 'still holding down');
  let answeredEveryTime = true;
  for (let step = 0; step < 100; step += 1) {
    answeredEveryTime &&= lan.ask(IPS[0]).length > 0;
    lan.run(5);
  }
  assert.ok(answeredEveryTime);
  assert.equal(announcedBy(lan, 'n1'), [IPS[0]]);
  assert.equal(lan.ask(IPS[0]), [N1]);
  assert.is(lan.cache.get(ip(IPS[0])), N1);
});

test('a draining node answers until its successor has been seen, and gets its IP back after', () => {
  const lan = threeNodes();
  lan.draining.add('n1');
  lan.stations.get('n1')?.segment.setDraining(true);
  let unanswered = 0;
  for (let step = 0; step < 50; step += 1) {
    if (lan.ask(IPS[0]).length === 0) unanswered += 1;
    lan.run(2);
  }
  assert.is(unanswered, 0);
  assert.equal(announcedBy(lan, 'n1'), []);
  assert.ok(lan.stations.get('n1')?.segment.handedOver);
  lan.draining.delete('n1');
  lan.stations.get('n1')?.segment.setDraining(false);
  lan.run(300);
  assert.equal(lan.ask(IPS[0]), [N1]);
});

/** The group changes on all nodes at once. */
function regroup(lan: VirtualSegment, ...members: string[]): void {
  lan.group(...members);
  for (const { segment } of lan.stations.values()) segment.elect(IPS.map(ip));
}

test('a node that leaves the group answers until its successor has been seen', () => {
  const lan = threeNodes();
  lan.run(1_000); // past the claims of the start
  lan.cut('n2', 'n1');
  lan.cut('n3', 'n1');
  lan.duty(IPS[0], 'n1', { lastAnnouncer: 'n1' });
  regroup(lan, 'n2', 'n3');
  lan.run(50);
  assert.ok(lan.ask(IPS[0]).includes(N1), 'it has seen nobody yet');
  assert.ok(lan.stations.get('n1')?.segment.yields);
  lan.heal();
  lan.run(150);
  assert.not.ok(lan.ask(IPS[0]).includes(N1));
  assert.is(lan.ask(IPS[0]).length, 1);
  assert.not.ok(lan.stations.get('n1')?.segment.yields);
  const told = [...lan.stations.values()].flatMap(({ reports }) => reports).at(-1);
  assert.is(told?.type === 'announced' && told.reason, 'Handover');
});

test('a node that leaves the group without successor answers until the duty ends', () => {
  const lan = threeNodes();
  regroup(lan);
  lan.run(2_000);
  assert.equal(lan.ask(IPS[0]), [N1]);
  lan.duties.delete(ip(IPS[0]));
  for (const { segment } of lan.stations.values()) segment.elect([ip(IPS[0])]);
  assert.equal(lan.ask(IPS[0]), [], 'an IP that is released is silent at once');
});

test('while a node restarts, its successor answers with its address, and nothing moves', () => {
  const lan = threeNodes();
  lan.stations.get('n1')?.segment.sayRestarting();
  lan.kill('n1');
  lan.run(10_000);
  assert.equal(lan.ask(IPS[0]), [N1], 'in the name of the restarting node');
  assert.not.ok(announcedBy(lan, 'n2').includes(IPS[0]) || announcedBy(lan, 'n3').includes(IPS[0]));
});

test('whoever answers in the name of a restarting node is in the multicast group of its IPv6 address', () => {
  const lan = threeNodes();
  const address = ip('2001:db8::20');
  lan.duty(address, 'n1');
  for (const { segment } of lan.stations.values()) segment.elect([address]);
  const members = () =>
    [...lan.stations.values()].filter(({ joined }) => joined.has(address)).map(({ name }) => name);
  assert.equal(members(), ['n1']);
  lan.stations.get('n1')?.segment.sayRestarting();
  lan.kill('n1');
  lan.run(1_000);
  assert.equal(lan.ask(address), [N1]);
  assert.is(members().length, 1, 'a snooping switch forwards its solicitations to nobody else');
  lan.start('n1');
  lan.run(1_000);
  assert.equal(members(), ['n1']);
  assert.equal(lan.ask(address), [N1]);
});

test('a restarting node whose kernel falls silent is dead within half a second', () => {
  const lan = threeNodes();
  lan.stations.get('n1')?.segment.sayRestarting();
  lan.kill('n1');
  lan.run(1_000);
  lan.powerOff.add('n1');
  lan.run(600);
  assert.ok([...announcedBy(lan, 'n2'), ...announcedBy(lan, 'n3')].includes(IPS[0]));
});

test('a restarted wire resumes at once and nobody takes over, at any phase of the interval', () => {
  for (let phase = 0; phase < 100; phase += 7) {
    const lan = threeNodes();
    lan.run(phase);
    lan.kill('n1');
    lan.run(90);
    lan.start('n1', [ip(IPS[0])]);
    assert.equal(lan.ask(IPS[0]), [N1], 'answered from the first moment');
    lan.run(1_000);
    assert.equal(
      [announcedBy(lan, 'n1'), announcedBy(lan, 'n2'), announcedBy(lan, 'n3')],
      [[IPS[0]], [IPS[1]], [IPS[2]]],
    );
    const moves = [...lan.stations.values()].flatMap(({ reports }) =>
      reports.filter(
        (report) => report.type === 'announced' && !report.unchanged && report.from !== undefined,
      ),
    );
    assert.equal(moves, []);
  }
});

for (const [name, lastAnnouncer, expected] of [
  ['as before', 'n1', { from: undefined, unchanged: true }],
  ['though the cluster state names another node', 'n2', { from: 'n2', unchanged: false }],
] as const) {
  test(`what a restarted wire goes on with is told to the speaker once: ${name}`, () => {
    const lan = threeNodes();
    lan.kill('n1');
    lan.duty(IPS[0], 'n1', { lastAnnouncer });
    const { reports, segment, counters } = lan.start('n1', [ip(IPS[0])]);
    lan.run(1_000);
    const told = reports.flatMap((one) => (one.type === 'announced' ? [one] : []));
    assert.equal(
      told.map(({ from, unchanged }) => ({ from, unchanged })),
      [expected],
    );
    assert.equal(segment.standingReports(), told, 'to a new speaker, too');
    const counted = counters.snapshot().some((one) => one.name === 'announcer_changes_total');
    assert.is(counted, !expected.unchanged, 'counted where it has moved');
  });
}

test('that an IP is announced on one more segment is no move of it', () => {
  const lan = new VirtualSegment();
  const ready = (node: string) => ({ node, excluded: false, ready: 'ready' }) as const;
  lan.group(ready('n1'), ready('n2'));
  // n2 announces it, on another segment.
  const status = { lastAnnouncer: 'n2', recentMoves: 2, lastMoveEpochMs: lan.clock.epochMs() };
  lan.duty(IPS[0], 'n1', status);
  for (const name of ['n1', 'n2']) lan.start(name);
  lan.run(1_000);
  const moves = (name: string) =>
    (lan.stations.get(name)?.reports ?? []).flatMap((one) =>
      one.type === 'announced' ? [one.recentMoves] : [],
    );
  assert.equal(moves('n1'), [2]);
  lan.kill('n1');
  lan.powerOff.add('n1');
  for (let beat = 0; beat < 10; beat += 1) {
    lan.hostSpeaks();
    lan.run(100);
  }
  assert.is(moves('n2').at(-1), 3, 'what moves from node to node is one');
});

test('a frozen node that wakes up answers nothing before it is elected again', () => {
  const lan = threeNodes();
  const n1 = lan.stations.get('n1');
  if (n1) n1.frozen = true;
  lan.run(1_000);
  for (let step = 0; step < 5; step += 1) lan.ask(IPS[0]);
  const from = lan.sent.length;
  lan.thaw('n1');
  lan.run(500);
  const replies = lan.sent
    .slice(from)
    .filter(
      ({ from: sender, frame }) => sender === 'n1' && frame[12] === 0x08 && frame[13] === 0x06,
    );
  assert.is(replies.length, 0, 'no ARP frame of any kind');
  lan.run(3_000);
  assert.equal(lan.ask(IPS[0]), [N1]);
});

test('a deaf node takes nothing and announces nothing; the others serve its IP', () => {
  const lan = threeNodes();
  lan.hostSpeaks();
  for (const name of ['n1', 'n2', 'client']) lan.cut(name, 'n3');
  const from = lan.sent.length;
  lan.run(5_000);
  const fromDeaf = lan.sent
    .slice(from)
    .filter(
      ({ from: sender, frame }) => sender === 'n3' && frame[12] === 0x08 && frame[13] === 0x06,
    );
  const gratuitous = fromDeaf.filter(({ frame }) =>
    Buffer.from(frame.subarray(28, 32)).equals(Buffer.from(frame.subarray(38, 42))),
  );
  assert.is(gratuitous.length, 0);
  const others = [...announcedBy(lan, 'n1'), ...announcedBy(lan, 'n2')].sort();
  assert.equal(others, [...IPS]);
  const told = lan.stations
    .get('n3')
    ?.reports.filter(
      (report) => report.type === 'condition' && report.condition === 'Deaf' && report.active,
    );
  assert.ok((told?.length ?? 0) > 0);
  lan.heal();
  lan.run(3_000);
  assert.equal(
    [announcedBy(lan, 'n1'), announcedBy(lan, 'n2'), announcedBy(lan, 'n3')],
    [[IPS[0]], [IPS[1]], [IPS[2]]],
    'once it hears again',
  );
});

test('at a cold start without any heartbeat, each IP gets one answer and nobody takes another one for ten seconds', () => {
  const lan = new VirtualSegment();
  lan.drops = (frame) => frame[12] === 0x86 && frame[13] === 0xdd;
  lan.group('n1', 'n2', 'n3');
  for (const [index, address] of IPS.entries()) lan.duty(address, `n${index + 1}`);
  for (const name of ['n1', 'n2', 'n3']) lan.start(name);
  lan.run(9_000);
  assert.equal(
    IPS.map((address) => lan.ask(address)),
    [[N1], [N2], [N3]],
  );
  lan.kill('n1');
  lan.run(20_000);
  assert.is(lan.ask(IPS[0]).length, 1, 'ten seconds of unanswered questions later');
});

test('a split segment is served on both sides and has one announcer per IP within a second of healing', () => {
  const lan = threeNodes();
  for (const [a, b] of [
    ['n1', 'n2'],
    ['n1', 'n3'],
  ] as const) {
    lan.cut(a, b);
    lan.cut(b, a);
  }
  for (let step = 0; step < 20; step += 1) {
    lan.hostSpeaks();
    lan.run(100);
  }
  assert.equal(announcedBy(lan, 'n1').sort(), [...IPS]);
  lan.heal();
  lan.run(1_000);
  assert.equal(
    [announcedBy(lan, 'n1'), announcedBy(lan, 'n2'), announcedBy(lan, 'n3')],
    [[IPS[0]], [IPS[1]], [IPS[2]]],
  );
  assert.equal(
    IPS.map((address) => lan.cache.get(ip(address))),
    [N1, N2, N3],
  );
});

test('an IP of policy Local is answered where its endpoints are', () => {
  const lan = threeNodes();
  lan.duty('192.0.2.20', 'n1', { localEndpoints: { n3: 0 } });
  for (const { segment } of lan.stations.values()) segment.elect([ip('192.0.2.20')]);
  lan.run(50);
  assert.equal(lan.ask('192.0.2.20'), [N3]);
  lan.duty('192.0.2.20', 'n1', { localEndpoints: { n2: 0, n3: 1 } });
  for (const { segment } of lan.stations.values()) segment.elect([ip('192.0.2.20')]);
  lan.run(50);
  assert.equal(lan.ask('192.0.2.20'), [N2]);
});

test('the last node standing serves everything', () => {
  const lan = threeNodes();
  lan.hostSpeaks();
  lan.kill('n1');
  lan.kill('n2');
  for (let step = 0; step < 10; step += 1) {
    lan.run(100);
    lan.hostSpeaks();
  }
  assert.equal(announcedBy(lan, 'n3').sort(), [...IPS]);
});

test.run();
