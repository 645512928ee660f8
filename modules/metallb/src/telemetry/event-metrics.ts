import type { Counter } from 'prom-client';
import type { Metrics } from './metrics.ts';

/** How many Kubernetes Events a program has told, and how many it has not. */
export class EventMetrics {
  readonly #sent: Counter;
  readonly #dropped: Counter;

  constructor(metrics: Metrics) {
    this.#sent = metrics.counter({
      name: 'events_sent_total',
      help: 'Kubernetes Events created or counted up',
    });
    this.#dropped = metrics.counter({
      name: 'events_dropped_total',
      help: 'Kubernetes Events not told, by reason',
      labels: ['reason'],
    });
  }

  sent(): void {
    this.#sent.inc();
  }

  dropped(reason: string): void {
    this.#dropped.inc({ reason });
  }
}
