import type { LivenessAction } from '../../modules/metallb/src/liveness/liveness-action.ts';
import type { LivenessOptions } from '../../modules/metallb/src/liveness/liveness-options.ts';
import { SegmentLiveness } from '../../modules/metallb/src/liveness/segment-liveness.ts';
import { type MacAddress, parseMac } from '../../modules/metallb/src/net/mac.ts';
import { type Heartbeat, shortId } from '../../modules/metallb/src/packet/heartbeat.ts';

const NO_FACTS = {
  failedGates: { dataplane: false, reachability: false },
  reaches: false,
  revision: 1,
  addresses: [],
  disputed: [],
};

interface BusNode {
  liveness: SegmentLiveness;
  readonly mac: MacAddress;
  readonly actions: LivenessAction[];
  running: boolean;
}

/** Liveness machines of several nodes on one segment of virtual time; frames can be cut by direction. */
export class LivenessBus {
  now = 0;
  readonly nodes = new Map<string, BusNode>();
  readonly sent: Heartbeat[] = [];
  /** Answers confirmation probes in a suspect's name, where a test sets it. */
  proofOf: (asked: string, by: string) => 'proven' | 'unproven' | undefined = () => undefined;
  readonly #cuts = new Set<string>();
  #incarnations = 0;

  add(name: string, options: Partial<LivenessOptions> = {}): BusNode {
    const index = this.nodes.size + 1;
    const mac = parseMac(`02:00:00:00:00:${index.toString(16).padStart(2, '0')}`);
    if (mac === undefined) throw new Error('too many nodes for a test');
    const liveness = new SegmentLiveness({ ...this.options(name), ...options }, this.now);
    const node: BusNode = { liveness, mac, actions: [], running: true };
    this.nodes.set(name, node);
    return node;
  }

  options(name: string): LivenessOptions {
    return {
      node: name,
      interface: 'eth0',
      cluster: shortId('test'),
      intervalMs: 100,
      multiplier: 3,
      holdDownMs: 1_000,
      holdDownMaxMs: 8_000,
      restartGraceMs: 30_000,
      resume: false,
      returned: { times: 0, lastAt: Number.NEGATIVE_INFINITY },
      newIncarnation: () => {
        this.#incarnations += 1;
        return this.#incarnations.toString(16).padStart(16, '0');
      },
      random: () => 0,
    };
  }

  cut(from: string, to: string): void {
    this.#cuts.add(`${from}>${to}`);
  }

  heal(): void {
    this.#cuts.clear();
  }

  /** Advance in steps of one millisecond. */
  run(ms: number): void {
    for (const end = this.now + ms; this.now < end; this.now += 1) {
      for (const [name, node] of this.nodes) if (node.running) this.#turn(name, node);
    }
  }

  #turn(name: string, node: BusNode): void {
    if (node.liveness.nextDeadline(this.now) > this.now) return;
    this.#perform(name, node, node.liveness.sendDue(this.now));
    this.#perform(name, node, node.liveness.judgePeers(this.now));
  }

  #perform(name: string, node: BusNode, actions: readonly LivenessAction[]): void {
    for (const action of actions) {
      node.actions.push(action);
      if (action.do === 'beat') this.deliver(name, node.liveness.compose(this.now, NO_FACTS));
      if (action.do === 'confirm') this.#confirm(name, node, action.peer.node);
    }
  }

  #confirm(name: string, node: BusNode, asked: string): void {
    const answer = this.proofOf(asked, name);
    if (answer !== undefined) node.liveness.answered(asked, answer === 'proven', this.now);
  }

  deliver(from: string, heartbeat: Heartbeat): void {
    this.sent.push(heartbeat);
    const mac = this.nodes.get(from)?.mac;
    if (mac === undefined) return;
    for (const [name, node] of this.nodes) {
      if (name === from || !node.running || this.#cuts.has(`${from}>${name}`)) continue;
      this.#perform(name, node, node.liveness.receive(heartbeat, mac, this.now));
    }
  }
}
