import type { Counter, Gauge } from 'prom-client';
import { BGP_RESOURCES } from '../admission/review-bgp.ts';
import { isAllowed, type Verdict } from '../admission/verdict.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** Anybody in the cluster may ask about anything: what a metric is labelled with must be few. */
const RESOURCES: ReadonlySet<string> = new Set([
  ...['metalloadbalancerclasses', 'services'],
  ...[...BGP_RESOURCES.keys()].map((name) => name.slice(0, name.indexOf('.'))),
]);

/** Metrics of the validating webhook. */
export class WebhookMetrics {
  readonly #reviews: Counter;
  readonly #expiry: Gauge;

  constructor(metrics: Metrics) {
    this.#reviews = metrics.counter({
      name: 'admission_reviews_total',
      help: 'Writes that were judged',
      labels: ['resource', 'verdict'],
    });
    this.#expiry = metrics.gauge({
      name: 'webhook_certificate_expiry_timestamp_seconds',
      help: 'When the certificate that the webhook serves with expires',
    });
  }

  count(resource: string, verdict: Verdict): void {
    const known = RESOURCES.has(resource) ? resource : 'other';
    const warned = verdict.warnings.length > 0 ? 'warned' : 'allowed';
    this.#reviews.inc({ resource: known, verdict: isAllowed(verdict) ? warned : 'refused' });
  }

  showExpiry(epochMs: number): void {
    this.#expiry.set(epochMs / 1_000);
  }
}
