import type { EventSink, RecordedEvent } from '../store/event-sink.ts';
import { formatTimestamp } from '../time/clock.ts';
import type { ApiClient } from './api-client.ts';

/** Who tells: stands in every Event. */
export interface EventSource {
  /** e.g. `metallb-controller` */
  readonly component: string;
  /** The pod or node that it runs on. */
  readonly host: string;
}

/** RFC 7396 */
const MERGE_PATCH = 'application/merge-patch+json';
/** Where Events about objects without a namespace go, as the kubelet's do. */
const NAMESPACE_OF_CLUSTER_SCOPED = 'default';
/** Nobody waits for an Event, but the next one does. */
const TIMEOUT_MS = 10_000;

/** Events of the core API, which `kubectl describe` shows. */
export class KubeEventSink implements EventSink {
  readonly #api: ApiClient;
  readonly #source: EventSource;

  constructor(api: ApiClient, source: EventSource) {
    this.#api = api;
    this.#source = source;
  }

  async create(event: RecordedEvent): Promise<void> {
    const { subject, name, type, reason, message } = event;
    const { component, host } = this.#source;
    const body = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace: namespaceOf(event) },
      involvedObject: subject,
      type,
      reason,
      message,
      source: { component, host },
      reportingComponent: component,
      reportingInstance: host,
      firstTimestamp: formatTimestamp(event.firstEpochMs),
      ...seriesOf(event),
    };
    const path = collectionOf(event);
    await this.#api.request({ method: 'POST', path, body, timeoutMs: TIMEOUT_MS });
  }

  async repeat(event: RecordedEvent): Promise<void> {
    const path = `${collectionOf(event)}/${encodeURIComponent(event.name)}`;
    const patch = { method: 'PATCH', contentType: MERGE_PATCH, body: seriesOf(event) } as const;
    await this.#api.request({ ...patch, path, timeoutMs: TIMEOUT_MS });
  }
}

function seriesOf({ count, lastEpochMs }: RecordedEvent): object {
  return { count, lastTimestamp: formatTimestamp(lastEpochMs) };
}

function namespaceOf({ subject }: RecordedEvent): string {
  return subject.namespace ?? NAMESPACE_OF_CLUSTER_SCOPED;
}

function collectionOf(event: RecordedEvent): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespaceOf(event))}/events`;
}
