import { isRecord } from '../api/fields.ts';
import { ANNOTATION, CONDITION, METALLB_ANNOTATION, METALLB_PREFIXES } from '../api/names.ts';
import type { KubernetesObject } from '../api/object.ts';
import type { Store, WatchEvent } from '../store/store.ts';

const READ_ANNOTATIONS = [
  ...METALLB_PREFIXES.map((prefix) => `${prefix}${METALLB_ANNOTATION.allocatedFromPool}`),
  ANNOTATION.forceAddress,
];

const OWNERS: ReadonlySet<unknown> = new Set([CONDITION.classBound, CONDITION.metallbPool]);

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
  const { namespace, name, uid, resourceVersion, creationTimestamp, labels, annotations } =
    metadata;
  const isPublished = isRecord(spec) && spec['type'] === 'LoadBalancer';
  const read = pickTexts(annotations, READ_ANNOTATIONS);
  return {
    ...{ apiVersion, kind },
    metadata: {
      ...(namespace !== undefined && { namespace }),
      ...{ name, uid, resourceVersion, creationTimestamp },
      // Advertisements select by labels: of thousands of Services that nobody announces, none is needed.
      ...(isPublished && labels !== undefined && { labels }),
      ...(read !== undefined && { annotations: read }),
    },
    spec: pick(spec, ['type', 'loadBalancerClass', 'externalTrafficPolicy', 'healthCheckNodePort']),
    status: withOwner(pick(status, ['loadBalancer', 'conditions'])),
  };
}

/** Of the conditions, those that say who serves it. */
function withOwner(status: unknown): unknown {
  if (!isRecord(status) || !Array.isArray(status['conditions'])) return status;
  const { conditions, ...rest } = status;
  const owners = conditions.filter(
    (condition) => isRecord(condition) && OWNERS.has(condition['type']),
  );
  return owners.length === 0 ? rest : { ...rest, conditions: owners };
}

function pickTexts(
  texts: Readonly<Record<string, string>> | undefined,
  names: readonly string[],
): Readonly<Record<string, string>> | undefined {
  const picked = names.flatMap((name): [string, string][] => {
    const value = texts?.[name];
    return value === undefined ? [] : [[name, value]];
  });
  return picked.length === 0 ? undefined : Object.fromEntries(picked);
}

/** What is not even an object stays as it is: the parser says what is wrong. */
function pick(value: unknown, fields: readonly string[]): unknown {
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    fields.flatMap((field) => (field in value ? [[field, value[field]]] : [])),
  );
}
