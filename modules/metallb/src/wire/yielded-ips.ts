import type { IpAddress } from '../net/ip.ts';

/** Of a winner; its rounds come within 2 s, and may wait for their turn. */
const BURST_OVER_MS = 3_000;
const ASK_EVERY_MS = 1_000;

/** IPs that this node has lost and answers until their winners are seen. Times are the clock's milliseconds. */
export class YieldedIps {
  readonly #waiting = new Map<IpAddress, { readonly since: number; askAt: number }>();
  /** Not before, so that a crowd of IPs is not looked through for each frame. */
  #nextAskAt = Number.POSITIVE_INFINITY;

  add(ip: IpAddress, now: number): void {
    const askAt = now + BURST_OVER_MS;
    this.#waiting.set(ip, { since: now, askAt });
    this.#nextAskAt = Math.min(this.#nextAskAt, askAt);
  }

  delete(ip: IpAddress): void {
    this.#waiting.delete(ip);
  }

  /** The winner's burst may not be over: only an announcement shows that all hosts know it. */
  mayBeAnnounced(ip: IpAddress, now: number): boolean {
    const waiting = this.#waiting.get(ip);
    return waiting === undefined || now - waiting.since < BURST_OVER_MS;
  }

  /**
   * A winner may have announced long before this node took what it yields now, and has no reason to do so again: its
   * answer shows as much.
   * @param tryAsk whether the segment could be asked who has the IP
   */
  ask(now: number, tryAsk: (ip: IpAddress) => boolean): void {
    if (now < this.#nextAskAt) return;
    let next = Number.POSITIVE_INFINITY;
    for (const [ip, waiting] of this.#waiting) {
      if (now >= waiting.askAt && tryAsk(ip)) waiting.askAt = now + ASK_EVERY_MS;
      next = Math.min(next, waiting.askAt);
    }
    this.#nextAskAt = next;
  }
}
