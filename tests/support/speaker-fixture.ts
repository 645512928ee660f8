import type { Report, ToWire } from '../../modules/metallb/src/duty/messages.ts';
import { parseToWire } from '../../modules/metallb/src/duty/parse-to-wire.ts';
import { DutyReceiver } from '../../modules/metallb/src/duty/receiver.ts';
import type { LineHandler, LineOptions } from '../../modules/metallb/src/linux/line-socket.ts';
import { MalformedMessageError } from '../../modules/metallb/src/messages/parse-fields.ts';
import type {
  LastKnownGood,
  WritableState,
} from '../../modules/metallb/src/speaker/last-known-good.ts';
import type { HostSight } from '../../modules/metallb/src/speaker/node-health.ts';
import { Speaker } from '../../modules/metallb/src/speaker/speaker.ts';
import { SpeakerMetrics } from '../../modules/metallb/src/speaker/speaker-metrics.ts';
import { MemoryStore } from '../../modules/metallb/src/store/memory-store.ts';
import { createLogger } from '../../modules/metallb/src/telemetry/logger.ts';
import { Metrics } from '../../modules/metallb/src/telemetry/metrics.ts';
import { ip } from './addresses.ts';
import {
  assignedChild,
  balancerClass,
  balancerNode,
  METALLB,
  publishedService,
} from './cluster.ts';
import { FakeClock } from './fake-clock.ts';
import { BLIND } from './host-sight.ts';

/** Of the speaker under test and what it has written before. */
export const INSTALLATION = { clusterId: 'c', keyIds: ['aaaaaaaa'] } as const;
/** What its Service has at the start. */
export const IP = ip('192.0.2.1');

/** Until nothing is left that follows from what happened: the store tells its watches in microtasks. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A speaker of node n1 between a store in memory and the receiving half of a wire. */
export class SpeakerFixture {
  readonly clock = new FakeClock();
  readonly store = new MemoryStore(this.clock);
  readonly metrics = new Metrics();
  readonly log: string[] = [];
  readonly written: WritableState[] = [];
  readonly speaker: Speaker;
  readonly sent: ToWire[] = [];
  wire = new DutyReceiver('aa');
  readyCount = 0;
  #line: LineHandler | undefined;
  #connected: LineOptions | undefined;

  constructor(lastKnownGood?: LastKnownGood, sight: HostSight = BLIND) {
    this.store.put(balancerClass('ingress'));
    this.store.put(balancerNode('n1'));
    this.assign('web', IP);
    const destination = { write: (line: string) => this.log.push(line) };
    this.speaker = new Speaker(
      {
        ...{ store: this.store, events: { record: () => {}, stop: async () => {} } },
        clock: this.clock,
        random: () => 0,
        log: createLogger({ program: 'speaker', level: 'debug', destination }),
        metrics: new SpeakerMetrics(this.metrics),
        connectWire: (options) => {
          this.#connected = options;
          this.connect();
          return { close: () => undefined };
        },
        bfdd: { connect: () => ({ close: () => undefined }), setWanted: () => undefined },
        bgpListenPort: 0,
        lastKnownGood,
        sight,
        metallb: METALLB,
        writeState: async (state) => void this.written.push(state),
        onReady: () => {
          this.readyCount += 1;
        },
      },
      { node: 'n1', installation: INSTALLATION, bootId: 'boot' },
    );
  }
  /** A Service gets its IP. */
  assign(name: string, address: string): void {
    this.store.put(assignedChild(name, address));
    this.store.put(publishedService(name, [address]));
  }
  /** The wire's process is there, now or again. */
  connect(): void {
    this.#line?.onClosed();
    const toWire = (message: object) => {
      const parsed = parseToWire(message);
      if (parsed instanceof MalformedMessageError) throw parsed;
      this.sent.push(parsed);
      this.wire.receive(parsed);
    };
    const line = this.#connected?.onConnection({
      send: toWire,
      close: () => this.#line?.onClosed(),
    });
    this.#line = line;
    line?.onMessage(this.wire.connected());
  }
  report(report: Report): void {
    this.tell({ kind: 'report', report });
  }
  /** What Prometheus gets. */
  page(): Promise<string> {
    this.speaker.showFigures();
    return this.metrics.render();
  }
  /** The wire's process is gone. */
  disconnect(): void {
    this.#line?.onClosed();
    this.#line = undefined;
  }
  tell(message: object): void {
    this.#line?.onMessage(message);
  }
  get dutiesOfWire(): string[] {
    return [...this.wire.table.duties.keys()];
  }
}
