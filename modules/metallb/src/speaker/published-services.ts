import { isRecord } from '../api/fields.ts';
import type { KubernetesObject } from '../api/object.ts';
import type { Store, WatchEvent } from '../store/store.ts';

/** A store that tells of objects only what `parsePublishedService` reads: of thousands of Services, most is for others. */
export function publishedParts(store: Store): Pick<Store, 'watch'> {
  return {
    watch: (options, onEvent) => store.watch(options, (event) => onEvent(reduce(event))),
  };
}

function reduce(event: WatchEvent): WatchEvent {
  switch (event.type) {
    case 'listed':
      return { ...event, objects: event.objects.map(essence) };
    case 'changed':
    case 'deleted':
      return { ...event, object: essence(event.object) };
    case 'bookmark':
    case 'lost':
      return event;
  }
}

function essence({ apiVersion, kind, metadata, spec, status }: KubernetesObject): KubernetesObject {
  const { namespace, name, uid, resourceVersion, creationTimestamp } = metadata;
  return {
    ...{ apiVersion, kind },
    metadata: {
      ...(namespace !== undefined && { namespace }),
      ...{ name, uid, resourceVersion, creationTimestamp },
    },
    spec: pick(spec, ['externalTrafficPolicy', 'healthCheckNodePort']),
    status: pick(status, ['loadBalancer']),
  };
}

/** What is not even an object stays as it is: the parser says what is wrong. */
function pick(value: unknown, fields: readonly string[]): unknown {
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    fields.flatMap((field) => (field in value ? [[field, value[field]]] : [])),
  );
}
