import { isCounted } from '../liveness/peer.ts';
import type { SegmentLiveness } from '../liveness/segment-liveness.ts';

/**
 * A node that others did not hear, though it heard them. Heard again, it comes back like every node that was away: with a
 * hold-down, or loss that comes and goes would carry its IPs to and fro.
 */
export class CutOff {
  readonly #detectionMs: number;
  #begunAt = Number.POSITIVE_INFINITY;
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(detectionMs: number) {
    this.#detectionMs = detectionMs;
  }

  /**
   * Call it after each heartbeat. Nodes that meet are not heard for a moment either: only after a detection time have
   * the others buried this one.
   * @param isAlive what others than the segment say of a node
   * @returns whether it has just ended, because this node is heard
   */
  ends(liveness: SegmentLiveness, isAlive: (node: string) => boolean, now: number): boolean {
    if (liveness.isCutOff(now, isAlive)) {
      this.#begunAt = Math.min(this.#begunAt, now);
      this.#lastAt = now;
      return false;
    }
    const wasBuried = this.#lastAt - this.#begunAt >= this.#detectionMs;
    const isFresh = now - this.#lastAt < this.#detectionMs;
    this.#begunAt = Number.POSITIVE_INFINITY;
    return wasBuried && isFresh && liveness.peers.some(isCounted);
  }
}
