import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LivenessBus } from '../support/liveness-bus.ts';

/** Network rule 4: n1 and n3 don't hear each other, n2 hears both. */
const NAMES = ['n1', 'n2', 'n3'] as const;

function busOfThree(): LivenessBus {
  const bus = new LivenessBus();
  for (const name of NAMES) bus.add(name);
  bus.run(1_000);
  return bus;
}

function cutBetween(bus: LivenessBus, a: string, b: string): void {
  bus.cut(a, b);
  bus.cut(b, a);
}

function nodeOf(bus: LivenessBus, name: string) {
  const node = bus.nodes.get(name);
  if (node === undefined) throw new Error(`no node ${name}`);
  return node;
}

function deathsSeenBy(bus: LivenessBus, name: string): string[] {
  return nodeOf(bus, name).actions.flatMap((action) =>
    action.do === 'peer-died' ? [action.peer.node] : [],
  );
}

test('a node that a peer hears is not dead', () => {
  const bus = busOfThree();
  cutBetween(bus, 'n1', 'n3');
  bus.run(10_000);
  for (const name of NAMES) assert.equal(deathsSeenBy(bus, name), [], name);
  assert.is(nodeOf(bus, 'n3').liveness.peer('n1')?.phase, 'witnessed');
  assert.ok(nodeOf(bus, 'n3').liveness.isHearsay('n1'));
  assert.not.ok(nodeOf(bus, 'n2').liveness.isHearsay('n1'));
  for (const name of NAMES) assert.is(nodeOf(bus, name).liveness.state, 'eligible');
});

test('so is one whose frames come, but which shows that ours do not', () => {
  const bus = busOfThree();
  bus.cut('n3', 'n1');
  bus.run(10_000);
  for (const name of NAMES) assert.equal(deathsSeenBy(bus, name), [], name);
  assert.is(nodeOf(bus, 'n1').liveness.peer('n3')?.phase, 'witnessed');
  assert.is(nodeOf(bus, 'n3').liveness.peer('n1')?.phase, 'alive', 'it is told that it is counted');
});

test('its death is seen where it was heard, and soon after everywhere', () => {
  const bus = busOfThree();
  cutBetween(bus, 'n1', 'n3');
  bus.run(2_000);
  nodeOf(bus, 'n1').running = false;
  bus.run(310);
  assert.equal(deathsSeenBy(bus, 'n2'), ['n1']);
  bus.run(250);
  assert.equal(deathsSeenBy(bus, 'n3'), ['n1']);
  assert.not.ok(nodeOf(bus, 'n3').liveness.isHearsay('n1'));
});

test('where everybody hears everybody, a peer’s word delays no death', () => {
  const bus = busOfThree();
  nodeOf(bus, 'n1').running = false;
  bus.run(310);
  assert.equal(deathsSeenBy(bus, 'n2'), ['n1']);
  assert.equal(deathsSeenBy(bus, 'n3'), ['n1']);
  assert.not.ok(nodeOf(bus, 'n3').liveness.isHearsay('n1'));
});

test('the peer’s death ends its word: the two are as if cut off from each other', () => {
  const bus = busOfThree();
  bus.add('n4');
  bus.run(2_000);
  for (const name of ['n3', 'n4']) cutBetween(bus, 'n1', name);
  bus.run(2_000);
  for (const name of ['n3', 'n4']) assert.equal(deathsSeenBy(bus, name), [], name);
  nodeOf(bus, 'n2').running = false;
  bus.run(1_000);
  for (const name of ['n3', 'n4']) assert.equal(deathsSeenBy(bus, name).sort(), ['n1', 'n2']);
});

test('a node that starts where another one can’t be heard learns of it all the same', () => {
  const bus = new LivenessBus();
  cutBetween(bus, 'n1', 'n3');
  for (const name of NAMES) bus.add(name);
  bus.run(2_000);
  assert.is(nodeOf(bus, 'n3').liveness.peer('n1'), undefined);
  assert.ok(nodeOf(bus, 'n3').liveness.isHearsay('n1'));
  nodeOf(bus, 'n1').running = false;
  bus.run(600);
  assert.not.ok(nodeOf(bus, 'n3').liveness.isHearsay('n1'));
});

test('who hears a node that serves and does not hear it back is cut off, as long as the API calls that node ready', () => {
  const bus = new LivenessBus();
  for (const name of ['n1', 'n2']) bus.add(name);
  bus.run(1_000);
  bus.cut('n1', 'n2');
  for (let second = 0; second < 15; second += 1) {
    // n2 hears others, so that it is not deaf: to it n1 is dead.
    for (let tenth = 0; tenth < 10; tenth += 1) {
      bus.run(100);
      nodeOf(bus, 'n2').liveness.noteForeignFrame(bus.now);
    }
  }
  assert.equal(deathsSeenBy(bus, 'n2'), ['n1']);
  const isCutOff = (name: string, isReady: boolean) =>
    nodeOf(bus, name).liveness.isCutOff(bus.now, () => isReady);
  assert.ok(isCutOff('n1', true));
  assert.not.ok(isCutOff('n2', true));
  assert.not.ok(isCutOff('n1', false), 'whoever plays back its frames silences nobody for ever');
});

test('the only peer is deaf and names nobody: no reason to fall silent', () => {
  const bus = new LivenessBus();
  for (const name of ['n1', 'n2']) bus.add(name);
  bus.run(1_000);
  bus.cut('n1', 'n2');
  bus.run(5_000);
  assert.ok(nodeOf(bus, 'n2').liveness.deaf);
  assert.not.ok(nodeOf(bus, 'n1').actions.some((action) => action.do === 'dropped'));
  assert.is(nodeOf(bus, 'n1').liveness.state, 'eligible');
  assert.not.ok(nodeOf(bus, 'n1').liveness.isCutOff(bus.now, () => true));
});

test('a node that starts beside a deaf one is not cut off: that one names nobody, and serves nobody who asks', () => {
  const bus = new LivenessBus();
  for (const name of ['n1', 'n2']) bus.add(name);
  bus.run(1_000);
  bus.cut('n1', 'n2');
  bus.run(1_000);
  assert.ok(nodeOf(bus, 'n2').liveness.deaf);
  bus.add('n1');
  bus.run(12_000);
  assert.is(nodeOf(bus, 'n1').liveness.peer('n2')?.phase, 'uncounted');
  assert.not.ok(nodeOf(bus, 'n1').liveness.isCutOff(bus.now, () => true));
});

test('once healed, everybody hears everybody', () => {
  const bus = busOfThree();
  cutBetween(bus, 'n1', 'n3');
  bus.run(2_000);
  bus.heal();
  bus.run(500);
  assert.is(nodeOf(bus, 'n3').liveness.peer('n1')?.phase, 'alive');
  assert.is(nodeOf(bus, 'n1').liveness.peer('n3')?.phase, 'alive');
});

test.run();
