import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { EventLoopDelay } from './event-loop-delay.ts';

interface MetricOptions {
  /** Without the prefix `metallb_`. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

/** The metrics of one program; every name gets the prefix `metallb_`. */
export class Metrics {
  readonly #registry = new Registry();

  counter(options: MetricOptions): Counter {
    return new Counter(this.#configuration(options));
  }

  gauge(options: MetricOptions): Gauge {
    return new Gauge(this.#configuration(options));
  }

  histogram(options: MetricOptions & { readonly buckets: readonly number[] }): Histogram {
    return new Histogram({ ...this.#configuration(options), buckets: [...options.buckets] });
  }

  /** Shows how late this process's event loop is. */
  showEventLoop(delay: EventLoopDelay): void {
    const gauge = new Gauge({
      ...this.#configuration({
        name: 'event_loop_delay_seconds',
        help: 'How late the event loop was within the last minute or two, by percentile',
        labels: ['percentile'],
      }),
      collect() {
        for (const { percentile, seconds } of delay.figures()) gauge.set({ percentile }, seconds);
      },
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** In the text format of Prometheus. */
  render(): Promise<string> {
    return this.#registry.metrics();
  }

  #configuration({ name, help, labels = [] }: MetricOptions) {
    return { name: `metallb_${name}`, help, labelNames: [...labels], registers: [this.#registry] };
  }
}
