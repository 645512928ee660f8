import type { Gauge } from 'prom-client';
import type { Metrics } from '../telemetry/metrics.ts';
import type { MetallbPoolUsage } from './service-addresses.ts';

interface PoolGauge {
  readonly gauge: Gauge;
  readonly read: (usage: MetallbPoolUsage) => bigint | number;
}

/** What MetalLB counts of its pools, under its names. The addresses in all are with those of classes. */
export class MetallbMetrics {
  readonly #gauges: readonly PoolGauge[];

  constructor(metrics: Metrics) {
    const ofPool = (name: string, help: string, read: PoolGauge['read']): PoolGauge => ({
      gauge: metrics.gauge({ name, help, labels: ['pool'] }),
      read,
    });
    this.#gauges = [
      ofPool(
        'allocator_addresses_in_use_total',
        'Addresses of a pool that Services have',
        ({ used }) => used,
      ),
      ofPool(
        'allocator_ipv4_addresses_total',
        'IPv4 addresses in a pool',
        ({ families }) => families.IPv4.total,
      ),
      ofPool(
        'allocator_ipv4_addresses_in_use_total',
        'IPv4 addresses of a pool that Services have',
        ({ families }) => families.IPv4.used,
      ),
      ofPool(
        'allocator_ipv6_addresses_total',
        'IPv6 addresses in a pool',
        ({ families }) => families.IPv6.total,
      ),
      ofPool(
        'allocator_ipv6_addresses_in_use_total',
        'IPv6 addresses of a pool that Services have',
        ({ families }) => families.IPv6.used,
      ),
      ofPool(
        'allocator_services_allocated_total',
        'Services that have addresses of a pool',
        ({ servicesAllocated }) => servicesAllocated,
      ),
    ];
  }

  /** @param usage by pool */
  show(usage: ReadonlyMap<string, MetallbPoolUsage>): void {
    for (const { gauge, read } of this.#gauges) {
      // A pool that is gone must not go on being reported.
      gauge.reset();
      for (const [pool, figures] of usage) gauge.set({ pool }, Number(read(figures)));
    }
  }
}
