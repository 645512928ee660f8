import type { Gauge } from 'prom-client';
import type { Metrics } from '../telemetry/metrics.ts';
import type { ClassFigures } from './controller.ts';
import { MetallbMetrics } from './metallb-metrics.ts';
import type { MetallbPoolUsage } from './service-addresses.ts';

/** What the controller counts of itself at the moment. */
export interface ControllerFigures {
  readonly isReady: boolean;
  readonly isLeading: boolean;
  readonly queueDepth: number;
  /** By class. */
  readonly usage: ReadonlyMap<string, ClassFigures>;
  /** By pool of MetalLB's API. */
  readonly metallbUsage: ReadonlyMap<string, MetallbPoolUsage>;
  /** Objects that have no effect in this edition, by kind. */
  readonly refusedByEdition: ReadonlyMap<string, number>;
}

/** The controller's metrics. */
export class ControllerMetrics {
  readonly #ready: Gauge;
  readonly #leading: Gauge;
  readonly #queueDepth: Gauge;
  readonly #total: Gauge;
  readonly #used: Gauge;
  readonly #waiting: Gauge;
  readonly #accepted: Gauge;
  readonly #refusedByEdition: Gauge;
  readonly #metallb: MetallbMetrics;

  constructor(metrics: Metrics) {
    this.#ready = metrics.gauge({
      name: 'controller_ready',
      help: 'Whether the whole cluster has been seen: this controller leads or could take over',
    });
    this.#leading = metrics.gauge({
      name: 'controller_leading',
      help: 'Whether this controller is the one that works; of all replicas exactly one does',
    });
    this.#queueDepth = metrics.gauge({
      name: 'controller_queue_depth',
      help: 'Services, classes and nodes that wait for work',
    });
    const labels = ['class'];
    this.#total = metrics.gauge({
      name: 'allocator_addresses_total',
      help: "Addresses in the pool of a class, or in a pool of MetalLB's API",
      labels: ['class', 'pool'],
    });
    this.#used = metrics.gauge({
      name: 'allocator_addresses_in_use',
      help: 'Addresses of the pool of a class that Services have',
      labels,
    });
    this.#waiting = metrics.gauge({
      name: 'allocator_services_waiting',
      help: 'Services that have fewer IPs of a class than they ask for',
      labels,
    });
    this.#metallb = new MetallbMetrics(metrics);
    this.#accepted = metrics.gauge({
      name: 'class_accepted',
      help: 'Whether a class is in force as it is written now',
      labels,
    });
    this.#refusedByEdition = metrics.gauge({
      name: 'edition_required_objects',
      help: 'Objects that say something of BGP, which has no effect, as this edition has no BGP',
      labels: ['kind'],
    });
  }

  show(figures: ControllerFigures): void {
    const { isReady, isLeading, queueDepth, usage, metallbUsage, refusedByEdition } = figures;
    this.#ready.set(Number(isReady));
    this.#leading.set(Number(isLeading));
    this.#queueDepth.set(queueDepth);
    // A class that is gone must not go on being reported.
    this.#total.reset();
    this.#used.reset();
    this.#waiting.reset();
    this.#accepted.reset();
    this.#refusedByEdition.reset();
    for (const [kind, count] of refusedByEdition) this.#refusedByEdition.set({ kind }, count);
    for (const [name, { total, used, servicesWaiting, isAccepted }] of usage) {
      this.#total.set({ class: name }, Number(total));
      this.#used.set({ class: name }, Number(used));
      this.#waiting.set({ class: name }, servicesWaiting);
      this.#accepted.set({ class: name }, Number(isAccepted));
    }
    for (const [pool, { total }] of metallbUsage) this.#total.set({ pool }, Number(total));
    this.#metallb.show(metallbUsage);
  }
}
