import type { IpCount } from '../duty/messages.ts';
import type { IpAddress } from '../net/ip.ts';

/**
 * What was said of each IP since the speaker was last told. Only what it has yet to be told is kept: no more than the IPs
 * that this node is a candidate for, however long it runs.
 */
export class IpCounts {
  readonly #untold = new Map<IpAddress, { -readonly [Field in keyof IpCount]: IpCount[Field] }>();

  answered(ip: IpAddress): void {
    this.#of(ip).answered += 1;
  }

  /** Unasked. */
  announced(ip: IpAddress): void {
    this.#of(ip).announced += 1;
  }

  /** @param limit the others are told next time, with what is added meanwhile */
  take(limit: number): IpCount[] {
    const taken: IpCount[] = [];
    for (const [ip, count] of this.#untold) {
      if (taken.length === limit) break;
      taken.push(count);
      this.#untold.delete(ip);
    }
    return taken;
  }

  #of(ip: IpAddress) {
    const known = this.#untold.get(ip);
    if (known !== undefined) return known;
    const count = { ip, answered: 0, announced: 0 };
    this.#untold.set(ip, count);
    return count;
  }
}
