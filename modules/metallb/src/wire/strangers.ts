import type { MacAddress } from '../net/mac.ts';

/** As long as rule 3 lets questions go unanswered: whoever is asked meanwhile is judged by that, and not forgotten. */
const LASTS_MS = 10_000;
const MAX_STRANGERS = 256;

interface Stranger {
  mac: MacAddress;
  /** Last sign of life: a heartbeat, or a claim by its MAC. */
  seenAt: number;
}

/**
 * Nodes in whose names heartbeats of our cluster come that no key of ours verifies. Anybody can send such frames, so
 * all that follows from them is what network rule 3 grants a node that was never heard (ADR 0006).
 */
export class Strangers {
  readonly #strangers = new Map<string, Stranger>();

  /** @returns whether the node was no stranger before */
  saw(node: string, mac: MacAddress, now: number): boolean {
    const isNew = !this.#strangers.has(node);
    // Invented names can't push out a node that is there.
    if (isNew && this.#strangers.size === MAX_STRANGERS) return false;
    this.#strangers.set(node, { mac, seenAt: now });
    return isNew;
  }

  answered(mac: MacAddress, now: number): void {
    for (const stranger of this.#strangers.values()) {
      if (stranger.mac === mac) stranger.seenAt = now;
    }
  }

  /** It was heard with a key of ours. */
  forget(node: string): void {
    this.#strangers.delete(node);
  }

  /** @returns whether somebody is a stranger no longer */
  expire(now: number): boolean {
    const before = this.#strangers.size;
    for (const [node, { seenAt }] of this.#strangers) {
      if (now - seenAt >= LASTS_MS) this.#strangers.delete(node);
    }
    return this.#strangers.size < before;
  }

  get nodes(): readonly string[] {
    return [...this.#strangers.keys()];
  }

  has(node: string): boolean {
    return this.#strangers.has(node);
  }

  macOf(node: string): MacAddress | undefined {
    return this.#strangers.get(node)?.mac;
  }
}
