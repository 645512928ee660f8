import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Peer, takeMissed } from '../../modules/metallb/src/liveness/peer.ts';
import { LivenessBus } from '../support/liveness-bus.ts';

function busOf(...names: string[]): LivenessBus {
  const bus = new LivenessBus();
  for (const name of names) bus.add(name);
  bus.run(1_000);
  return bus;
}

function livenessOf(bus: LivenessBus, name: string) {
  const node = bus.nodes.get(name);
  if (node === undefined) throw new Error(`no node ${name}`);
  return node.liveness;
}

function missedOf(peer: Peer | undefined): number {
  if (peer === undefined) throw new Error('the peer is not known');
  return takeMissed(peer);
}

function deathsSeenBy(bus: LivenessBus, name: string): string[] {
  const actions = bus.nodes.get(name)?.actions ?? [];
  return actions.flatMap((action) => (action.do === 'peer-died' ? [action.peer.node] : []));
}

test('nodes that start together are eligible after one detection time, without hold-down', () => {
  const bus = new LivenessBus();
  for (const name of ['n1', 'n2', 'n3']) bus.add(name);
  bus.run(299);
  assert.is(livenessOf(bus, 'n1').state, 'starting');
  bus.run(5);
  assert.equal(
    ['n1', 'n2', 'n3'].map((name) => livenessOf(bus, name).state),
    ['eligible', 'eligible', 'eligible'],
  );
  assert.equal(
    [...livenessOf(bus, 'n1').peers].map(({ phase }) => phase),
    ['alive', 'alive'],
  );
});

test('a silent node is suspected after two intervals and dead after three', () => {
  const bus = busOf('n1', 'n2', 'n3');
  const n1 = bus.nodes.get('n1');
  if (n1) n1.running = false;
  bus.run(250);
  assert.is(livenessOf(bus, 'n2').peer('n1')?.phase, 'suspect');
  assert.equal(deathsSeenBy(bus, 'n2'), []);
  bus.run(60);
  assert.equal(deathsSeenBy(bus, 'n2'), ['n1']);
  assert.equal(deathsSeenBy(bus, 'n3'), ['n1']);
});

test('heartbeats that got lost are counted by the numbers of those that came', () => {
  const bus = busOf('n1', 'n2', 'n3');
  const missed = () => missedOf(livenessOf(bus, 'n2').peer('n1'));
  assert.is(missed(), 0);
  bus.cut('n1', 'n2');
  bus.run(200);
  bus.heal();
  bus.run(200);
  assert.is(missed(), 2);
  assert.is(missed(), 0, 'each is told once');
});

test('a peer that starts anew begins at no heartbeat missed', () => {
  const bus = busOf('n1', 'n2', 'n3');
  livenessOf(bus, 'n1').restart(bus.now);
  bus.run(1_000);
  const { phase, missed } = livenessOf(bus, 'n2').peer('n1') ?? {};
  assert.equal({ phase, missed }, { phase: 'alive', missed: 0 });
});

test('a node that proves its life while its heartbeats are lost is not buried', () => {
  const bus = busOf('n1', 'n2', 'n3');
  bus.cut('n1', 'n2');
  bus.proofOf = (asked) => (asked === 'n1' ? 'proven' : undefined);
  bus.run(5_000);
  assert.equal(deathsSeenBy(bus, 'n2'), []);
  assert.is(livenessOf(bus, 'n2').peer('n1')?.phase, 'proven');
  assert.is(livenessOf(bus, 'n1').state, 'eligible');
});

test('a node that was silent before, but proved its life, is dark since its last proof', () => {
  const bus = busOf('n1', 'n2');
  bus.cut('n1', 'n2');
  bus.proofOf = (asked) => (asked === 'n1' ? 'proven' : undefined);
  bus.run(5_000);
  bus.proofOf = () => undefined;
  bus.run(2_500);
  const deaths = bus.nodes.get('n2')?.actions.filter((action) => action.do === 'peer-died') ?? [];
  assert.is(deaths.length, 1);
  for (const { silentSince } of deaths) assert.ok(silentSince > 4_000, `${silentSince}`);
});

function asksOf(bus: LivenessBus, name: string): number {
  const actions = bus.nodes.get(name)?.actions ?? [];
  return actions.filter((action) => action.do === 'confirm').length;
}

test('who has proven its life is asked again after a second', () => {
  const bus = busOf('n1', 'n2', 'n3');
  bus.cut('n1', 'n2');
  bus.proofOf = (asked) => (asked === 'n1' ? 'proven' : undefined);
  bus.run(1_100);
  assert.is(asksOf(bus, 'n2'), 1);
  bus.run(1_000);
  assert.is(asksOf(bus, 'n2'), 2);
});

test('who proved its life is asked until it does so again, for an answer may get lost', () => {
  const bus = busOf('n1', 'n2');
  bus.cut('n1', 'n2');
  bus.proofOf = () => (asksOf(bus, 'n2') % 4 === 0 ? 'proven' : undefined);
  bus.run(5_000);
  assert.equal(deathsSeenBy(bus, 'n2'), []);
  assert.ok(asksOf(bus, 'n2') < 25, `${asksOf(bus, 'n2')} questions`);
});

test('an answer without proof delays death by a second and no more', () => {
  const bus = busOf('n1', 'n2', 'n3');
  const n1 = bus.nodes.get('n1');
  if (n1) n1.running = false;
  bus.proofOf = () => 'unproven';
  bus.run(1_200);
  assert.equal(deathsSeenBy(bus, 'n2'), []);
  bus.run(300);
  assert.equal(deathsSeenBy(bus, 'n2'), ['n1']);
});

test('a deaf node buries nobody', () => {
  const bus = busOf('n1', 'n2', 'n3');
  bus.cut('n1', 'n3');
  bus.cut('n2', 'n3');
  bus.run(3_000);
  assert.equal(deathsSeenBy(bus, 'n3'), []);
  assert.ok(livenessOf(bus, 'n3').deaf);
  assert.ok(deathsSeenBy(bus, 'n1').includes('n3'), 'the others see that it hears nobody');
});

test('one foreign frame after suspicion ends deafness; death follows an interval later', () => {
  const bus = busOf('n1', 'n2');
  const n1 = bus.nodes.get('n1');
  if (n1) n1.running = false;
  bus.run(1_000);
  assert.equal(deathsSeenBy(bus, 'n2'), []);
  livenessOf(bus, 'n2').noteForeignFrame(bus.now);
  bus.run(90);
  assert.equal(deathsSeenBy(bus, 'n2'), []);
  bus.run(40);
  assert.equal(deathsSeenBy(bus, 'n2'), ['n1']);
});

test('a wire that comes back with a new incarnation before its death is not buried', () => {
  for (let phase = 0; phase < 100; phase += 1) {
    const bus = busOf('n1', 'n2', 'n3');
    bus.run(phase);
    const n1 = bus.nodes.get('n1');
    if (n1) n1.running = false;
    bus.run(90);
    const before = bus.nodes.get('n1');
    bus.nodes.delete('n1');
    const again = bus.add('n1', { resume: true });
    if (before) Object.assign(again, { mac: before.mac });
    bus.run(1_000);
    assert.equal(deathsSeenBy(bus, 'n2'), [], `killed ${phase} ms into the interval`);
    assert.is(livenessOf(bus, 'n2').peer('n1')?.state, 'eligible');
  }
});

test('a frozen node that wakes up and reads that nobody lists it starts anew and holds down', () => {
  const bus = busOf('n1', 'n2', 'n3');
  const n1 = bus.nodes.get('n1');
  if (n1) n1.running = false;
  bus.run(2_000);
  if (n1) n1.running = true;
  const before = livenessOf(bus, 'n1').incarnation;
  bus.run(120);
  assert.is.not(livenessOf(bus, 'n1').incarnation, before);
  assert.ok(n1?.actions.some((action) => action.do === 'dropped'));
  bus.run(400);
  assert.is(livenessOf(bus, 'n1').state, 'holding-down');
  bus.run(1_000);
  assert.is(livenessOf(bus, 'n1').state, 'eligible');
  assert.is(livenessOf(bus, 'n2').peer('n1')?.phase, 'alive');
});

test('hold-down doubles while a node flaps', () => {
  const bus = busOf('n1', 'n2');
  const held: number[] = [];
  for (let flap = 0; flap < 3; flap += 1) {
    livenessOf(bus, 'n1').restart(bus.now);
    bus.run(350);
    const since = bus.now;
    while (livenessOf(bus, 'n1').state === 'holding-down') bus.run(10);
    held.push(Math.round((bus.now - since) / 1_000));
  }
  assert.equal(held, [1, 2, 4]);
});

test('recorded frames revive nobody', () => {
  const bus = busOf('n1', 'n2', 'n3');
  const recorded = bus.sent.filter(({ node }) => node === 'n1');
  const n1 = bus.nodes.get('n1');
  if (n1) n1.running = false;
  bus.run(1_000);
  for (const frame of recorded) {
    bus.deliver('n1', frame);
    bus.run(10);
  }
  assert.is(livenessOf(bus, 'n2').peer('n1')?.phase, 'dead');
});

test('after each of two partitions in a row both halves count each other again', () => {
  const bus = busOf('n1', 'n2');
  const phases = () => [
    livenessOf(bus, 'n1').peer('n2')?.phase,
    livenessOf(bus, 'n2').peer('n1')?.phase,
  ];
  for (let partition = 0; partition < 2; partition += 1) {
    bus.cut('n1', 'n2');
    bus.cut('n2', 'n1');
    for (let step = 0; step < 10; step += 1) {
      bus.run(100);
      for (const { liveness } of bus.nodes.values()) liveness.noteForeignFrame(bus.now);
    }
    assert.equal(phases(), ['dead', 'dead']);
    bus.heal();
    bus.run(600);
    assert.equal(phases(), ['alive', 'alive']);
  }
});

test('a ghost that never takes notice makes nobody change its incarnation all the time', () => {
  const bus = busOf('n1', 'n2', 'n3');
  const ghost = bus.nodes.get('n1');
  const last = bus.sent.findLast(({ node }) => node === 'n1');
  assert.ok(ghost && last);
  ghost.running = false;
  bus.run(1_000);
  const incarnations = new Set<string>();
  for (let beat = 1; beat <= 600; beat += 1) {
    bus.deliver('n1', { ...last, sequence: last.sequence + beat });
    bus.run(100);
    incarnations.add(livenessOf(bus, 'n2').incarnation);
  }
  assert.ok(incarnations.size <= 16, `${incarnations.size} in a minute`);
});

test('who was buried by one peer only, and goes on, is counted by it again', () => {
  const bus = busOf('n1', 'n2', 'n3');
  bus.cut('n1', 'n2');
  bus.cut('n3', 'n2'); // or it would vouch for n1
  bus.run(260);
  livenessOf(bus, 'n2').noteForeignFrame(bus.now);
  bus.run(190);
  assert.equal([deathsSeenBy(bus, 'n1'), deathsSeenBy(bus, 'n2').sort()], [[], ['n1', 'n3']]);
  bus.heal();
  // n2 serves, and says so to whoever asks.
  bus.proofOf = () => 'proven';
  bus.run(1_000);
  assert.is(livenessOf(bus, 'n1').peer('n2')?.phase, 'alive');
  assert.is(livenessOf(bus, 'n2').peer('n1')?.phase, 'alive');
  assert.is(livenessOf(bus, 'n3').peer('n1')?.phase, 'alive');
  assert.is(livenessOf(bus, 'n1').state, 'eligible', 'it was there all the time');
});

test('the IPs of a restarting node stay with it, and it comes back without hold-down', () => {
  const bus = busOf('n1', 'n2', 'n3');
  const n1 = bus.nodes.get('n1');
  livenessOf(bus, 'n1').setRestarting();
  bus.deliver(
    'n1',
    livenessOf(bus, 'n1').compose(bus.now, {
      failedGates: { dataplane: false, reachability: false },
      reaches: false,
      revision: 1,
      addresses: [],
      disputed: [],
    }),
  );
  if (n1) n1.running = false;
  bus.run(5_000);
  assert.is(livenessOf(bus, 'n2').peer('n1')?.phase, 'restarting');
  bus.nodes.delete('n1');
  const again = bus.add('n1');
  if (n1) Object.assign(again, { mac: n1.mac });
  bus.run(310);
  assert.is(livenessOf(bus, 'n1').state, 'eligible');
  assert.is(livenessOf(bus, 'n2').peer('n1')?.phase, 'alive');
  assert.equal(deathsSeenBy(bus, 'n2'), []);
});

test('a restarting node that does not come back within its grace is dead', () => {
  const bus = busOf('n1', 'n2', 'n3');
  livenessOf(bus, 'n1').setRestarting();
  bus.run(110);
  const n1 = bus.nodes.get('n1');
  if (n1) n1.running = false;
  bus.run(30_300);
  assert.equal(deathsSeenBy(bus, 'n2'), ['n1']);
});

for (const [nodes, intervalMs] of [
  [30, 100],
  [60, 200],
] as const) {
  test(`a segment of ${nodes} nodes carries at most 300 heartbeats a second`, () => {
    const bus = busOf(...Array.from({ length: nodes }, (_, index) => `n${index + 1}`));
    bus.run(1_000);
    bus.sent.splice(0);
    bus.run(1_000);
    assert.ok(bus.sent.length <= 300, `${bus.sent.length} heartbeats`);
    assert.is(bus.sent.at(-1)?.intervalMs, intervalMs);
  });
}

test.run();
