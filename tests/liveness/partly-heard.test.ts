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
