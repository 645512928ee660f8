import type { IpAddress } from '../net/ip.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';

const QUIET_MS = 60_000;

/** Who connects to this node's BGP port and is none of its routers: counted each time, told of once a minute at most. */
export class RefusedConnections {
  readonly #clock: Clock;
  readonly #log: Logger;
  #total = 0;
  #untold = 0;
  #quietUntil = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  get total(): number {
    return this.#total;
  }

  add(from: IpAddress): void {
    this.#total += 1;
    const now = this.#clock.now();
    if (now < this.#quietUntil) {
      this.#untold += 1;
      return;
    }
    this.#log.warn('BGP connection closed: no BGPPeer of this node has the address', {
      ...{ from, untold: this.#untold },
    });
    this.#untold = 0;
    this.#quietUntil = now + QUIET_MS;
  }
}
