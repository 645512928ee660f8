import type { IpAddress } from '../net/ip.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import { NowAndThen } from '../time/now-and-then.ts';

const QUIET_MS = 60_000;

/** Who connects to this node's BGP port and is none of its routers: counted each time, told of once a minute at most. */
export class RefusedConnections {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #words = new NowAndThen(QUIET_MS);
  #total = 0;

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  get total(): number {
    return this.#total;
  }

  add(from: IpAddress): void {
    this.#total += 1;
    const untold = this.#words.take('', this.#clock.now());
    if (untold === undefined) return;
    this.#log.warn('BGP connection closed: no BGPPeer of this node has the address', {
      ...{ from, untold },
    });
  }
}
