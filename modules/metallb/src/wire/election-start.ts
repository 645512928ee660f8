/**
 * No election before its time: a restarted wire keeps what it had until it has heard who is there, and knows its duties.
 */
export class ElectionStart {
  readonly #waitMs: number;
  #notBefore: number;
  #begun = false;

  constructor(waitMs: number, now: number) {
    this.#waitMs = waitMs;
    this.#notBefore = now + waitMs;
  }

  /** Elections have been held since this node last began anew. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Whom this node knew is worth nothing now. */
  beginAnew(now: number): void {
    this.#notBefore = now + this.#waitMs;
    this.#begun = false;
  }

  isOpen(now: number): boolean {
    return now >= this.#notBefore;
  }

  /** @returns whether they begin now: all that there is wants to be elected */
  begins(mayElect: boolean): boolean {
    const begins = mayElect && !this.#begun;
    this.#begun ||= begins;
    return begins;
  }

  nextDeadline(knowsDuties: boolean): number {
    return this.#begun || !knowsDuties ? Number.POSITIVE_INFINITY : this.#notBefore;
  }
}
