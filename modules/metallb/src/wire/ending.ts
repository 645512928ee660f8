import type { Clock } from '../time/clock.ts';

/** What the end of a wire process waits for, and what it does. */
export interface EndingPorts {
  readonly clock: Clock;
  /** The cluster asks this node to give its IPs away. */
  isDraining(): boolean;
  /** Others are to have IPs that this node still answers. */
  handsOver(): boolean;
  /** Peers keep this node's IPs with it from now on (network rule 22). */
  sayRestarting(): void;
  exit(): void;
}

export interface EndingOptions {
  /** From the wish to end until the end, at most. */
  readonly graceMs: number;
}

/**
 * A drain and the SIGTERM that follows it come by two ways, and the second may be faster. What the cluster says within
 * this time still counts; nothing is lost meanwhile, as every IP is answered as before.
 */
const SECOND_THOUGHT_MS = 500;
const POLL_MS = 20;
/** Heartbeats that say `restarting` must leave the queue before the process does. */
const LAST_WORDS_MS = 30;

/** How a wire process ends: a drained node leaves once its IPs are with others, any other one is coming back. */
export class Ending {
  readonly #ports: EndingPorts;
  readonly #options: EndingOptions;
  #askedAt: number | undefined;

  constructor(ports: EndingPorts, options: EndingOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /** Idempotent. */
  begin(): void {
    if (this.#askedAt !== undefined) return;
    this.#askedAt = this.#ports.clock.now();
    this.#goOn(this.#askedAt);
  }

  #goOn(askedAt: number): void {
    const { clock, isDraining, handsOver } = this.#ports;
    const waitedMs = clock.now() - askedAt;
    const isOverdue = waitedMs >= this.#options.graceMs;
    const mayEnd = !handsOver() && (isDraining() || waitedMs >= SECOND_THOUGHT_MS);
    if (isOverdue || mayEnd) this.#end();
    else clock.after(POLL_MS, () => this.#goOn(askedAt));
  }

  #end(): void {
    const { clock, isDraining, sayRestarting, exit } = this.#ports;
    if (isDraining()) return exit();
    sayRestarting();
    clock.after(LAST_WORDS_MS, exit);
  }
}
