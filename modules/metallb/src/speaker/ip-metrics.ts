import type { Counter } from 'prom-client';
import type { IpCount } from '../duty/messages.ts';
import type { IpAddress } from '../net/ip.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** What the wire says of each IP, by MetalLB's names; of no more IPs than this node announces. */
export class IpMetrics {
  readonly #asked: Counter;
  readonly #answered: Counter;
  readonly #announced: Counter;
  readonly #counted = new Set<IpAddress>();

  constructor(metrics: Metrics) {
    const counter = (name: string, help: string) =>
      metrics.counter({ name: `layer2_${name}`, help, labels: ['ip'] });
    this.#asked = counter('requests_received', 'ARP and NDP requests for an IP, all answered');
    this.#answered = counter('responses_sent', 'ARP and NDP replies for an IP');
    this.#announced = counter('gratuitous_sent', 'Announcements of an IP that nobody asked for');
  }

  take(counts: readonly IpCount[], isAnnounced: (ip: IpAddress) => boolean): void {
    for (const { ip, answered, announced } of counts) {
      this.#counted.add(ip);
      this.#asked.inc({ ip }, answered);
      this.#answered.inc({ ip }, answered);
      this.#announced.inc({ ip }, announced);
    }
    this.keepOnly(isAnnounced);
  }

  /** Of the others nothing is shown any more. */
  keepOnly(isAnnounced: (ip: IpAddress) => boolean): void {
    for (const ip of this.#counted) {
      if (isAnnounced(ip)) continue;
      this.#counted.delete(ip);
      for (const counter of [this.#asked, this.#answered, this.#announced]) counter.remove({ ip });
    }
  }
}
