import type { Counter, Gauge } from 'prom-client';
import type { Metrics } from './metrics.ts';

/** The value of a metric in another process, cumulative since that process started when it is a counter. */
export interface ForeignValue {
  /** Without the prefix `metallb_`. */
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * Shows metrics of a process that serves no HTTP as this process's own. Counters go on growing when the other process
 * restarts and begins at zero.
 */
export class MirroredMetrics {
  readonly #metrics: Metrics;
  readonly #help: string;
  readonly #counters = new Map<string, Counter>();
  readonly #gauges = new Map<string, Gauge>();
  readonly #lastValues = new Map<string, number>();

  /** @param help stands beside every metric */
  constructor(metrics: Metrics, help: string) {
    this.#metrics = metrics;
    this.#help = help;
  }

  /** @param all that the other process shows at the moment: a gauge that is not among it is not shown any more */
  update(all: readonly ForeignValue[]): void {
    for (const gauge of this.#gauges.values()) gauge.reset();
    for (const foreign of all) this.#take(foreign);
  }

  #take(foreign: ForeignValue): void {
    const { name, labels, value } = foreign;
    const options = { name, help: this.#help, labels: Object.keys(labels) };
    if (foreign.type === 'gauge') {
      const gauge = this.#gauges.get(name) ?? this.#metrics.gauge(options);
      this.#gauges.set(name, gauge);
      gauge.set(labels, value);
      return;
    }
    const counter = this.#counters.get(name) ?? this.#metrics.counter(options);
    this.#counters.set(name, counter);
    counter.inc(labels, this.#growth(`${name} ${JSON.stringify(labels)}`, value));
  }

  #growth(key: string, value: number): number {
    const last = this.#lastValues.get(key) ?? 0;
    this.#lastValues.set(key, value);
    return value >= last ? value - last : value;
  }
}
