type Side = 'previous' | 'next';

/**
 * Tells twins apart while two captures read one interface: a frame that both saw counts once, two equal frames on the
 * wire count twice.
 */
export class TwinFrames {
  /** Frames that only one side has shown so far: above zero the previous capture, below zero the next one. */
  readonly #unmatched = new Map<string, number>();

  isFirst(side: Side, frame: Uint8Array): boolean {
    const key = Buffer.from(frame.buffer, frame.byteOffset, frame.length).toString('latin1');
    const before = this.#unmatched.get(key) ?? 0;
    this.#unmatched.set(key, before + (side === 'previous' ? 1 : -1));
    return side === 'previous' ? before >= 0 : before <= 0;
  }
}
