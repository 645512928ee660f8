import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

const NANOSECONDS_PER_SECOND = 1e9;
const QUANTILES = [50, 99, 100] as const;

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

  /**
   * How late this process's event loop was since the last scrape: what its timers, and so its heartbeats, are late by.
   * @returns stops measuring
   */
  watchEventLoop(): () => void {
    const delay = monitorEventLoopDelay({ resolution: 10 });
    delay.enable();
    const gauge = new Gauge({
      ...this.#configuration({
        name: 'event_loop_delay_seconds',
        help: 'How late the event loop was since the last scrape, by percentile',
        labels: ['percentile'],
      }),
      collect() {
        for (const percentile of QUANTILES) {
          const seconds = delay.percentile(percentile) / NANOSECONDS_PER_SECOND;
          gauge.set({ percentile: String(percentile) }, seconds);
        }
        delay.reset();
      },
    });
    return () => delay.disable();
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
