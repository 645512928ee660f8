import { isRecord } from '../api/fields.ts';
import { LABEL } from '../api/names.ts';
import type { KubernetesObject } from '../api/object.ts';
import type { NewObject } from '../store/store.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * The object after `kubectl apply` of a manifest: what the manifest says counts, what it said at the last apply and says
 * no longer goes, all else stays. Lists are replaced as a whole.
 */
export function applyManifest(existing: KubernetesObject, wanted: NewObject): NewObject {
  const before = lastApplied(existing);
  const { metadata, status: _, ...rest } = wanted;
  const merged = mergeFields(existing, rest, before);
  return {
    ...wanted,
    ...merged,
    metadata: {
      ...existing.metadata,
      labels: mergeText(existing, wanted, before, 'labels'),
      annotations: mergeText(existing, wanted, before, 'annotations'),
    },
    status: existing.status,
  };
}

/** The object after its file in a directory of manifests was replaced: only what the controller wrote stays. */
export function replaceManifest(existing: KubernetesObject, wanted: NewObject): NewObject {
  const member = existing.metadata.labels?.[LABEL.member];
  const labels = {
    ...(member !== undefined && { [LABEL.member]: member }),
    ...wanted.metadata.labels,
  };
  return {
    ...wanted,
    metadata: { ...wanted.metadata, labels },
    status: wanted.status ?? existing.status,
  };
}

function lastApplied({ metadata }: KubernetesObject): unknown {
  try {
    return JSON.parse(metadata.annotations?.[LAST_APPLIED] ?? '{}');
  } catch {
    // Somebody else's text under kubectl's name: nothing is known to have been applied.
    return {};
  }
}

function mergeText(
  existing: KubernetesObject,
  wanted: NewObject,
  before: unknown,
  field: 'labels' | 'annotations',
): Readonly<Record<string, string>> {
  const appliedMetadata = isRecord(before) ? before['metadata'] : undefined;
  const applied = isRecord(appliedMetadata) ? appliedMetadata[field] : undefined;
  const merged = mergeFields(existing.metadata[field] ?? {}, wanted.metadata[field] ?? {}, applied);
  const { [LAST_APPLIED]: _, ...rest } = merged as Readonly<Record<string, string>>;
  return rest;
}

function mergeFields(
  existing: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, unknown>>,
  before: unknown,
): Record<string, unknown> {
  const applied: Readonly<Record<string, unknown>> = isRecord(before) ? before : {};
  const kept = Object.entries(existing).filter(([name]) => name in wanted || !(name in applied));
  const merged = Object.fromEntries(kept);
  for (const [name, value] of Object.entries(wanted)) {
    const present = merged[name];
    merged[name] =
      isRecord(present) && isRecord(value) ? mergeFields(present, value, applied[name]) : value;
  }
  return merged;
}
