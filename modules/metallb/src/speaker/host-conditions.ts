import type { WantedCondition } from '../api/conditions.ts';
import { DATA_PATH_CHECKS, type DataPathFinding } from '../linux/data-path.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { nodeCondition } from './node-condition.ts';

/** What a watch of the host needs from outside. */
export interface HostPorts {
  readonly clock: Clock;
  /** Rejects when it can't look. */
  readonly look: () => Promise<readonly DataPathFinding[]>;
  /** Something else is wrong, or right, than before. */
  readonly onChange: () => void;
  readonly onFailure: (error: unknown) => void;
}

/** Routes and kernel settings change rarely, and nothing tells. */
const LOOK_MS = 60_000;
/** Of what is served: interfaces and pools come one after the other at a start. */
const SETTLE_MS = 2_000;

/** How this host's kernel treats load-balanced traffic, looked at now and then, as conditions of the Node. */
export class HostConditions {
  readonly #ports: HostPorts;
  #findings: readonly DataPathFinding[] = [];
  #timer: Timer | undefined;
  #running = false;
  #isSoon = false;
  /** It can't be said that nothing is wrong before anybody has looked. */
  #looked = false;

  constructor(ports: HostPorts) {
    this.#ports = ports;
  }

  /** Idempotent. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.servesOtherwise();
  }

  /** Idempotent; nothing is told afterwards. */
  stop(): void {
    this.#running = false;
    this.#timer?.cancel();
  }

  /** What is served has changed: looked at soon, once for all changes that come together. */
  servesOtherwise(): void {
    if (!this.#running || this.#isSoon) return;
    this.#isSoon = true;
    this.#lookAfter(SETTLE_MS);
  }

  /** Every condition that a look can show; none before the first look. */
  conditions(): WantedCondition[] {
    if (!this.#looked) return [];
    return DATA_PATH_CHECKS.map((check) =>
      nodeCondition(
        check,
        this.#findings
          .filter((finding) => finding.check === check)
          .map((finding) => `${finding.interface}: ${finding.message}`),
      ),
    );
  }

  #lookAfter(delayMs: number): void {
    this.#timer?.cancel();
    // Never rejects.
    this.#timer = this.#ports.clock.after(delayMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    const { look, onChange, onFailure } = this.#ports;
    this.#isSoon = false;
    try {
      const findings = await look();
      if (!this.#running) return;
      const isNews = !this.#looked || JSON.stringify(findings) !== JSON.stringify(this.#findings);
      this.#findings = findings;
      this.#looked = true;
      if (isNews) onChange();
    } catch (error) {
      if (this.#running) onFailure(error);
    }
    if (this.#running && !this.#isSoon) this.#lookAfter(LOOK_MS);
  }
}
