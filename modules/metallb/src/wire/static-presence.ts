import type { IpAddress } from '../net/ip.ts';

const ASK_EVERY_MS = 1_000;
/** Network rule 3: unanswered for this long, and no API that knows better. */
const ABSENT_AFTER_MS = 10_000;

interface Asked {
  ip: IpAddress;
  /** Start of the present silence. */
  silentSince: number;
  nextAt: number;
}

/**
 * Nodes of which nothing is known while no heartbeat was ever heard: each is asked once a second for an IP that should
 * be its own, and counts as absent after ten seconds of silence.
 */
export class StaticPresence {
  readonly #asked = new Map<string, Asked>();

  /** Ask about this node from now on, by one of the IPs it should announce. */
  watch(node: string, ip: IpAddress, now: number): void {
    const asked = this.#asked.get(node);
    if (asked === undefined) this.#asked.set(node, { ip, silentSince: now, nextAt: now });
    else asked.ip = ip;
  }

  forgetAll(): void {
    this.#asked.clear();
  }

  /** Somebody answered for this IP. @returns whether a node counts as present again */
  answered(ip: IpAddress, now: number): boolean {
    let changed = false;
    for (const [node, asked] of this.#asked) {
      if (asked.ip !== ip) continue;
      changed ||= this.isAbsent(node, now);
      asked.silentSince = now;
    }
    return changed;
  }

  isAbsent(node: string, now: number): boolean {
    const asked = this.#asked.get(node);
    return asked !== undefined && now - asked.silentSince >= ABSENT_AFTER_MS;
  }

  /** Nodes to ask now. */
  due(now: number): { node: string; ip: IpAddress }[] {
    const due: { node: string; ip: IpAddress }[] = [];
    for (const [node, asked] of this.#asked) {
      if (now < asked.nextAt) continue;
      asked.nextAt = now + ASK_EVERY_MS;
      due.push({ node, ip: asked.ip });
    }
    return due;
  }

  nextDeadline(): number {
    return Math.min(
      Number.POSITIVE_INFINITY,
      ...[...this.#asked.values()].map(({ nextAt }) => nextAt),
    );
  }
}
