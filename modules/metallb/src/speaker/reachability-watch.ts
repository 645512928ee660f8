import { allowsInterface } from '../duty/allowed-interface.ts';
import type { Reach } from '../duty/duty.ts';
import { sameRecord } from '../duty/duty-table.ts';
import type { Gateways } from '../linux/gateways.ts';
import type { IcmpSocket, IcmpSocketOptions } from '../linux/icmp-socket.ts';
import type { EchoOutcome } from '../reachability/echo-slot.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { InterfaceProbes, type Unreachable } from './interface-probes.ts';
import type { ReachabilityWish } from './reachability-wishes.ts';

/** How a host's surroundings are probed. */
export interface ReachabilitySight {
  readonly randomBytes: (length: number) => Uint8Array;
  /** @throws when the interface is gone, or what the kernel says */
  readonly openIcmp: (options: IcmpSocketOptions) => IcmpSocket;
  /** Rejects when the routes can't be read. */
  readonly readGateways: () => Promise<Gateways>;
  /** Runs once the messages that were queued before have been read. */
  readonly afterQueued: (run: () => void) => void;
}

export interface ReachabilityPorts extends ReachabilitySight {
  readonly clock: Clock;
  /** Interfaces that are only for classes that name them. */
  readonly excluded: readonly RegExp[];
  /** `reach` reads otherwise now. */
  readonly onReach: () => void;
  /** `findings` reads otherwise now. */
  readonly onFindings: () => void;
  readonly onOutcome: (interfaceName: string, outcome: EchoOutcome) => void;
  readonly onFailure: (error: unknown) => void;
}

/** Too few targets of a class answer on an interface. */
export interface ReachabilityFinding extends Unreachable {
  readonly interface: string;
}

/** Routes change rarely, and nothing tells. */
const GATEWAYS_EVERY_MS = 5_000;
/** A wire that starts anew tells of its segments one after the other. */
const FORGET_AFTER_MS = 60_000;
const OTHERS = '*';

/** What this node reaches from each interface that its classes want probed; nothing is sent where none does. */
export class ReachabilityWatch {
  readonly #ports: ReachabilityPorts;
  readonly #interfaces = new Map<string, { readonly probes: InterfaceProbes; seenAt: number }>();
  #wishes: readonly ReachabilityWish[] = [];
  #segments: ReadonlySet<string> = new Set();
  #gateways: Gateways | undefined;
  #timer: Timer | undefined;
  #reading = false;
  #running = false;
  #lastReach: Readonly<Record<string, Reach>> = {};
  #lastFindings = '[]';

  constructor(ports: ReachabilityPorts) {
    this.#ports = ports;
  }

  /** Idempotent. */
  start(): void {
    this.#running = true;
    this.#follow();
  }

  /** Idempotent; nothing is told afterwards. */
  stop(): void {
    this.#running = false;
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const { probes } of this.#interfaces.values()) probes.stop();
    this.#interfaces.clear();
  }

  /** @param segments interfaces that the wire serves */
  setWishes(wishes: readonly ReachabilityWish[], segments: Iterable<string>): void {
    this.#wishes = wishes;
    this.#segments = new Set(segments);
    this.#follow();
  }

  /** For the wire; `*` stands for interfaces that it has not told of yet. */
  get reach(): Readonly<Record<string, Reach>> {
    const reach: Record<string, Reach> = {};
    if (this.#wishes.some(({ interfaces }) => interfaces.length === 0)) reach[OTHERS] = 'doubtful';
    for (const { interfaces } of this.#wishes)
      for (const name of interfaces) reach[name] = 'doubtful';
    for (const [name, { probes }] of this.#interfaces) reach[name] = probes.reach;
    return reach;
  }

  /** On interfaces that are served. */
  get findings(): readonly ReachabilityFinding[] {
    return [...this.#interfaces]
      .filter(([name]) => this.#segments.has(name))
      .flatMap(([name, { probes }]) =>
        probes.unreachable.map((one) => ({ interface: name, ...one })),
      );
  }

  /** Whether too few targets answer, by interface that is served and probed. */
  get verdicts(): ReadonlyMap<string, boolean> {
    const probed = [...this.#interfaces].filter(([name]) => this.#segments.has(name));
    return new Map(probed.map(([name, { probes }]) => [name, probes.unreachable.length > 0]));
  }

  #follow(): void {
    if (!this.#running) return;
    const now = this.#ports.clock.now();
    for (const name of this.#segments) this.#see(name, now);
    for (const [name, { probes, seenAt }] of this.#interfaces) {
      const wishes = this.#wishesFor(name);
      if (wishes.length > 0 && now - seenAt <= FORGET_AFTER_MS) {
        // Not before it is known what the gateway is.
        if (this.#gateways !== undefined) probes.setWishes(wishes);
        continue;
      }
      probes.stop();
      this.#interfaces.delete(name);
    }
    if (this.#wishes.length > 0) this.#readGateways();
    this.#tell();
  }

  #see(name: string, now: number): void {
    const known = this.#interfaces.get(name);
    if (known !== undefined) known.seenAt = now;
    else if (this.#wishesFor(name).length > 0) {
      this.#interfaces.set(name, { probes: this.#newProbes(name), seenAt: now });
    }
  }

  #wishesFor(name: string): ReachabilityWish[] {
    return this.#wishes.filter(({ interfaces }) =>
      allowsInterface(interfaces, name, this.#ports.excluded),
    );
  }

  #newProbes(name: string): InterfaceProbes {
    const { clock, randomBytes, openIcmp, afterQueued, onOutcome, onFailure } = this.#ports;
    return new InterfaceProbes(name, {
      ...{ clock, randomBytes, openIcmp, afterQueued, onFailure },
      gateways: () => this.#gateways ?? NO_GATEWAYS,
      onRound: () => this.#tell(),
      onOutcome: (outcome) => onOutcome(name, outcome),
    });
  }

  /** Again and again for as long as there is something to probe. */
  #readGateways(): void {
    if (this.#reading || this.#timer !== undefined) return;
    this.#reading = true;
    // Never rejects.
    void this.#takeGateways();
  }

  async #takeGateways(): Promise<void> {
    const { clock, readGateways, onFailure } = this.#ports;
    try {
      this.#gateways = await readGateways();
    } catch (error) {
      if (this.#running) onFailure(error);
      // Other targets can be probed all the same.
      this.#gateways ??= NO_GATEWAYS;
    }
    this.#reading = false;
    if (!this.#running) return;
    this.#timer = clock.after(GATEWAYS_EVERY_MS, () => {
      this.#timer = undefined;
      if (this.#wishes.length > 0) this.#readGateways();
    });
    this.#follow();
  }

  #tell(): void {
    const { reach } = this;
    const findings = JSON.stringify(this.findings);
    const isNewReach = !sameRecord(reach, this.#lastReach);
    const isNewFinding = findings !== this.#lastFindings;
    this.#lastReach = reach;
    this.#lastFindings = findings;
    if (isNewReach) this.#ports.onReach();
    if (isNewFinding) this.#ports.onFindings();
  }
}

const NO_GATEWAYS: Gateways = { IPv4: new Map(), IPv6: new Map() };
