/** One answer is enough. */
const AT_ONCE = 4;

/** A few of many at once, others at each call: whoever may be asked, when reception must be proven. */
export class Turns {
  #next = 0;

  take<One>(all: readonly One[]): One[] {
    const first = all.length === 0 ? 0 : this.#next % all.length;
    this.#next = first + AT_ONCE;
    return [...all, ...all].slice(first, first + Math.min(AT_ONCE, all.length));
  }
}
