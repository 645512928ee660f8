import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ip, mac } from '../support/addresses.ts';
import { VirtualSegment } from '../support/virtual-segment.ts';

const NODES = ['n1', 'n2', 'n3'] as const;
const IPS = ['192.0.2.11', '192.0.2.12', '2001:db8::13'] as const;
const HOLD_DOWN = { holdDownMs: 1_000, holdDownMaxMs: 1_000 };
/** Longer than any hold-down, and than a healed partition needs to settle. */
const CALM_MS = 5_000;

type Node = (typeof NODES)[number];
const macOf = (node: Node) => mac(`02:00:00:00:00:0${NODES.indexOf(node) + 1}`);

/** A segment of three nodes to which everything happens that happens to nodes and cables. */
class TroubledSegment {
  readonly lan = new VirtualSegment();
  readonly #dark = new Set<Node>();
  readonly #cuts = new Map<string, readonly [Node, Node]>();
  #members: readonly Node[] = NODES;

  constructor() {
    this.lan.group(...NODES);
    for (const [index, address] of IPS.entries()) this.lan.duty(address, `n${index + 1}`);
    for (const node of NODES) this.lan.start(node, undefined, HOLD_DOWN);
    this.lan.run(2_000);
  }

  readonly events: Readonly<Record<string, (node: Node, other: Node) => void>> = {
    kill: (node) => {
      if (this.#station(node)?.frozen === false) this.lan.kill(node);
    },
    start: (node) => this.#start(node),
    restartWire: (node) => {
      const station = this.#station(node);
      if (station === undefined || station.frozen) return;
      const resumed = station.segment.announcedIps();
      this.lan.kill(node);
      this.lan.run(70);
      this.#start(node, resumed);
    },
    freeze: (node) => {
      const station = this.#station(node);
      if (station !== undefined) station.frozen = true;
    },
    thaw: (node) => this.#thaw(node),
    cutOneWay: (node, other) => {
      if (node !== other) this.#cuts.set(`${node}>${other}`, [node, other]);
      this.#wire();
    },
    heal: () => this.#heal(),
    drain: (node) => this.#drain(node, true),
    undrain: (node) => this.#drain(node, false),
    leaveGroup: (node) => this.#regroup(this.#members.filter((member) => member !== node)),
    joinGroup: (node) =>
      this.#regroup(NODES.filter((each) => [...this.#members, node].includes(each))),
    carrierOff: (node) => this.#setCarrier(node, false),
    carrierOn: (node) => this.#setCarrier(node, true),
  };

  #station(node: Node) {
    return this.lan.stations.get(node);
  }

  #start(node: Node, resumed?: readonly ReturnType<typeof ip>[]): void {
    if (this.#station(node) !== undefined) return;
    const { segment } = this.lan.start(node, resumed, HOLD_DOWN);
    segment.setDraining(this.lan.draining.has(node));
    segment.setCarrier(!this.#dark.has(node));
  }

  #thaw(node: Node): void {
    if (this.#station(node)?.frozen !== true) return;
    this.lan.thaw(node);
    // What its speaker has told it meanwhile.
    this.#station(node)?.segment.setDraining(this.lan.draining.has(node));
    this.#station(node)?.segment.elect(IPS.map(ip));
  }

  #wire(): void {
    this.lan.heal();
    for (const node of this.#dark) this.lan.unplug(node);
    for (const [from, to] of this.#cuts.values()) this.lan.cut(from, to);
  }

  #heal(): void {
    this.#cuts.clear();
    this.#wire();
  }

  #drain(node: Node, draining: boolean): void {
    if (draining) this.lan.draining.add(node);
    else this.lan.draining.delete(node);
    if (this.#station(node)?.frozen === false) this.#station(node)?.segment.setDraining(draining);
  }

  #regroup(members: readonly Node[]): void {
    this.#members = members;
    this.lan.group(...members);
    for (const { frozen, segment } of this.lan.stations.values())
      if (!frozen) segment.elect(IPS.map(ip));
  }

  #setCarrier(node: Node, carrier: boolean): void {
    if (this.#station(node)?.frozen === true) return;
    if (carrier) this.#dark.delete(node);
    else this.#dark.add(node);
    this.#wire();
    this.#station(node)?.segment.setCarrier(carrier);
  }

  /** Whatever is broken is mended; who is dead stays dead. */
  calm(): void {
    this.#heal();
    for (const node of NODES) this.#thaw(node);
    for (const node of NODES) this.#setCarrier(node, true);
    this.lan.run(CALM_MS);
  }

  /** Nodes that may answer. */
  get able(): Node[] {
    return this.#members.filter(
      (node) => this.#station(node) !== undefined && !this.lan.draining.has(node),
    );
  }
}

const histories = fc.array(
  fc.record({
    event: fc.constantFrom(...Object.keys(new TroubledSegment().events)),
    node: fc.constantFrom(...NODES),
    other: fc.constantFrom(...NODES),
    thenMs: fc.oneof(fc.integer({ min: 0, max: 700 }), fc.integer({ min: 700, max: 4_000 })),
  }),
  { minLength: 2, maxLength: 8 },
);

test('once all is mended, each IP has the one right answer, whatever has happened in whatever order', () => {
  fc.assert(
    fc.property(histories, (history) => {
      const troubled = new TroubledSegment();
      const { lan } = troubled;
      for (const { event, node, other, thenMs } of history) {
        troubled.events[event]?.(node, other);
        lan.hostSpeaks();
        lan.run(thenMs);
      }
      troubled.calm();
      const { able } = troubled;
      // Who answers when nobody may is another matter.
      if (able.length === 0) return;
      for (const [index, address] of IPS.entries()) {
        const preferred = able.find((node) => node === `n${index + 1}`);
        const answers = lan.ask(address);
        assert.is(answers.length, 1, `${address} is answered by ${answers}`);
        const [right] = able.filter((node) => macOf(node) === answers[0]);
        assert.ok(right, `${address} is answered by ${answers}, which may not`);
        if (preferred !== undefined) assert.is(right, preferred);
        assert.is(lan.cache.get(ip(address)), answers[0], `${address} in a host's cache`);
      }
    }),
    { numRuns: 30, seed: 14 },
  );
});

test.run();
