import type { Echo } from '../packet/icmp-echo.ts';

/** What becomes of requests; `refused` are replies that nobody was asked for, or that somebody made up. */
export const ECHO_OUTCOMES = ['sent', 'answered', 'late', 'refused'] as const;
export type EchoOutcome = (typeof ECHO_OUTCOMES)[number];

/** The last two requests to one address. Only who has read a request knows its payload. */
export class EchoSlot {
  static readonly PAYLOAD_BYTES = 16;
  #current: Echo | undefined;
  #before: Echo | undefined;
  #answered = false;

  ask(echo: Echo): void {
    this.#before = this.#answered ? undefined : this.#current;
    this.#current = echo;
    this.#answered = false;
  }

  /** The last request has been answered. */
  get answered(): boolean {
    return this.#answered;
  }

  receive(echo: Echo): EchoOutcome {
    if (this.#before !== undefined && isSame(echo, this.#before)) {
      this.#before = undefined;
      return 'late';
    }
    if (this.#answered || this.#current === undefined || !isSame(echo, this.#current)) {
      return 'refused';
    }
    this.#answered = true;
    return 'answered';
  }
}

function isSame(a: Echo, b: Echo): boolean {
  return (
    a.sequence === b.sequence &&
    a.payload.length === b.payload.length &&
    a.payload.every((byte, index) => byte === b.payload[index])
  );
}
