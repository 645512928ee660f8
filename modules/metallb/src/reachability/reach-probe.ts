import type { Reach } from '../duty/duty.ts';
import { familyOf, type IpAddress } from '../net/ip.ts';
import { decodeEchoReply, encodeEchoRequest } from '../packet/icmp-echo.ts';
import { type EchoOutcome, EchoSlot } from './echo-slot.ts';
import { reachOf } from './reach.ts';
import { TargetHealth, type Thresholds } from './target-health.ts';

/** What people wrote as a target, and what it stands for now: the gateway may be several addresses, or none. */
export interface Target {
  readonly name: string;
  readonly addresses: readonly IpAddress[];
}

export interface ReachProbeOptions {
  /** How many targets must answer. */
  readonly quorum: number;
  readonly thresholds: Thresholds;
}

export interface ReachProbePorts {
  randomBytes(length: number): Uint8Array;
  onOutcome(outcome: EchoOutcome): void;
}

/** A message to be sent from the interface that is probed. */
export interface EchoRequest {
  readonly to: IpAddress;
  readonly message: Uint8Array;
}

interface ProbedTarget {
  addresses: readonly IpAddress[];
  readonly health: TargetHealth;
}

/**
 * Whether enough targets answer on one interface (design.md §7 "Link-aware"). Sans-I/O: rounds and messages go in,
 * requests come out. A round lasts as long as whoever drives it lets it last; one answer of any of its addresses counts
 * for a target, and what comes after the round is over is late.
 */
export class ReachProbe {
  readonly #options: ReachProbeOptions;
  readonly #ports: ReachProbePorts;
  readonly #identifier: number;
  readonly #targets = new Map<string, ProbedTarget>();
  readonly #slots = new Map<IpAddress, EchoSlot>();
  #sequence = 0;
  #running = false;
  #failed = false;

  constructor(options: ReachProbeOptions, ports: ReachProbePorts) {
    this.#options = options;
    this.#ports = ports;
    const [high = 0, low = 0] = ports.randomBytes(2);
    this.#identifier = (high << 8) | low;
  }

  /** The round before is over, if there was one. @returns the requests of the next */
  nextRound(targets: readonly Target[]): EchoRequest[] {
    if (this.#running) this.#judge();
    this.#running = true;
    this.#setTargets(targets);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    const all = new Set([...this.#targets.values()].flatMap(({ addresses }) => addresses));
    return [...all].map((to) => this.#ask(to));
  }

  /** An ICMP message that came in on the interface, of anybody and to anybody on this host. */
  receive(source: IpAddress, message: Uint8Array): void {
    const echo = readReply(source, message);
    if (echo?.identifier !== this.#identifier) return;
    this.#ports.onOutcome(this.#slots.get(source)?.receive(echo) ?? 'refused');
  }

  get reach(): Reach {
    if (!this.#running) return 'doubtful';
    const targets = [...this.#targets.values()];
    return reachOf({
      up: targets.filter(({ health }) => health.isUp).length,
      down: targets.filter(({ health }) => health.isDown).length,
      all: targets.length,
      quorum: this.#options.quorum,
    });
  }

  /** From the moment that too few targets answer until enough do so again. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Targets that are known not to answer, with the addresses that were asked. */
  get silent(): readonly Target[] {
    return [...this.#targets].flatMap(([name, { addresses, health }]) =>
      health.isDown ? [{ name, addresses }] : [],
    );
  }

  /** What is known of a target stays when its addresses change. */
  #setTargets(targets: readonly Target[]): void {
    const names = new Set(targets.map(({ name }) => name));
    for (const name of this.#targets.keys()) if (!names.has(name)) this.#targets.delete(name);
    for (const { name, addresses } of targets) {
      const known = this.#targets.get(name);
      if (known !== undefined) known.addresses = addresses;
      else {
        const health = new TargetHealth(this.#options.thresholds);
        this.#targets.set(name, { addresses, health });
      }
    }
    const all = new Set([...this.#targets.values()].flatMap(({ addresses }) => addresses));
    for (const ip of this.#slots.keys()) if (!all.has(ip)) this.#slots.delete(ip);
  }

  #ask(to: IpAddress): EchoRequest {
    const payload = this.#ports.randomBytes(EchoSlot.PAYLOAD_BYTES);
    const echo = { identifier: this.#identifier, sequence: this.#sequence, payload };
    const slot = this.#slots.get(to) ?? new EchoSlot();
    this.#slots.set(to, slot);
    slot.ask(echo);
    this.#ports.onOutcome('sent');
    return { to, message: encodeEchoRequest(familyOf(to), echo) };
  }

  #judge(): void {
    for (const { addresses, health } of this.#targets.values()) {
      health.note(addresses.some((ip) => this.#slots.get(ip)?.answered === true));
    }
    const { reach } = this;
    if (reach !== 'doubtful') this.#failed = reach === 'lost';
  }
}

/** What is no echo reply, whoever wrote it, is none of ours. */
function readReply(source: IpAddress, message: Uint8Array) {
  try {
    return decodeEchoReply(familyOf(source), message);
  } catch {
    return undefined;
  }
}
