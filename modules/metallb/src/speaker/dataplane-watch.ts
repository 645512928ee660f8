import type { IpAddress } from '../net/ip.ts';
import type { Clock, Timer } from '../time/clock.ts';
import {
  DataplaneGate,
  type DataplaneLook,
  type DataplaneOptions,
  type Released,
} from './dataplane-gate.ts';

/** What a watch of the dataplane needs from outside. */
export interface DataplanePorts {
  readonly clock: Clock;
  /** Never rejects. @param healthPorts healthCheckNodePorts to ask beside the metrics */
  readonly look: (healthPorts: ReadonlySet<number>) => Promise<DataplaneLook>;
  /** These IPs need wait no longer. */
  readonly onReleased: (released: readonly Released[]) => void;
  /** The gate has opened or closed, or fails for another reason. */
  readonly onGate: () => void;
  /** Once: kube-proxy has written its rules since boot. */
  readonly onSynced: () => void;
}

/** Looks at this node's kube-proxy when its gate has something to learn, one look at a time. */
export class DataplaneWatch {
  readonly gate: DataplaneGate;
  readonly #ports: DataplanePorts;
  #timer: Timer | undefined;
  #dueEpochMs = Number.POSITIVE_INFINITY;
  #looking = false;
  #running = false;

  constructor(ports: DataplanePorts, options: DataplaneOptions) {
    this.#ports = ports;
    this.gate = new DataplaneGate(options);
  }

  /** Idempotent. */
  start(): void {
    this.#running = true;
    this.#arm();
  }

  /** Idempotent; nothing is told afterwards. */
  stop(): void {
    this.#running = false;
    this.#timer?.cancel();
  }

  published(ip: IpAddress): void {
    this.gate.published(ip, this.#ports.clock.epochMs());
  }

  holds(ip: IpAddress, healthPorts: readonly number[]): boolean {
    const held = this.gate.holds(ip, healthPorts);
    if (held) this.#arm();
    return held;
  }

  #arm(): void {
    if (!this.#running) return;
    const nextLook = this.#looking ? undefined : this.gate.nextLookEpochMs();
    const due = Math.min(nextLook ?? Infinity, this.gate.deadlineEpochMs ?? Infinity);
    if (due === this.#dueEpochMs) return;
    this.#timer?.cancel();
    this.#dueEpochMs = due;
    if (due === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.max(0, Math.ceil(due - this.#ports.clock.epochMs()));
    this.#timer = this.#ports.clock.after(delayMs, () => this.#turn());
  }

  #turn(): void {
    this.#dueEpochMs = Number.POSITIVE_INFINITY;
    const epochMs = this.#ports.clock.epochMs();
    this.#release(epochMs);
    const nextLook = this.gate.nextLookEpochMs();
    // Never rejects.
    if (!this.#looking && nextLook !== undefined && nextLook <= epochMs) void this.#look();
    this.#arm();
  }

  async #look(): Promise<void> {
    const { clock, look, onGate, onSynced } = this.#ports;
    this.#looking = true;
    const begun = clock.now();
    const found = await look(this.gate.portsToAsk);
    this.#looking = false;
    if (!this.#running) return;
    const { gate } = this;
    const { synced, problem, servesNothing } = gate;
    const epochMs = clock.epochMs();
    gate.looked(found, { epochMs, tookMs: clock.now() - begun });
    if (gate.synced && !synced) onSynced();
    const isSame =
      gate.problem === problem && gate.synced === synced && gate.servesNothing === servesNothing;
    if (!isSame) onGate();
    this.#release(epochMs);
    this.#arm();
  }

  #release(epochMs: number): void {
    const released = this.gate.advance(epochMs);
    if (released.length > 0) this.#ports.onReleased(released);
  }
}
