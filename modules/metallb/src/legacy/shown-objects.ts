import { isRecord } from '../api/fields.ts';
import { type KubernetesObject, keyOf } from '../api/object.ts';
import type { Problem } from '../api/problem.ts';
import { readYaml } from '../manifests/yaml-documents.ts';
import { convertConfig } from '../migration/convert-config.ts';
import { PlainScalar } from '../migration/plain-scalar.ts';

/** What a version of a ConfigMap says in MetalLB's API, as an API server would have it. */
export interface ShownObjects {
  readonly objects: readonly KubernetesObject[];
  readonly problems: readonly Problem[];
}

/** The objects of a ConfigMap of MetalLB 0.12 or older that programs read. Pools have the names that Services know. */
export function shownObjects(configMap: KubernetesObject): ShownObjects {
  const { namespace = '' } = configMap.metadata;
  const source = `ConfigMap/${keyOf(configMap.metadata)}`;
  const config = readConfig(configMap, source);
  if ('problems' in config) return { objects: [], problems: config.problems };
  const { objects, problems } = convertConfig(config.value, {
    ...{ source, namespace, reader: 'programs' },
  });
  const shown = objects.map(({ apiVersion, kind, metadata, spec }) => ({
    ...{ apiVersion, kind, spec },
    metadata: { ...metadata, ...stampsOf(configMap, `${kind}-${metadata.name}`) },
  }));
  return { objects: shown, problems };
}

/** The same for every reader: nodes compare versions. */
function stampsOf({ metadata }: KubernetesObject, suffix: string) {
  const { uid, resourceVersion, creationTimestamp } = metadata;
  return { uid: `${uid}-${suffix}`, resourceVersion, creationTimestamp };
}

function readConfig(
  { data }: KubernetesObject,
  object: string,
): { readonly value: unknown } | { readonly problems: readonly Problem[] } {
  const text = isRecord(data) ? data['config'] : undefined;
  const wrong = (expected: string) => ({
    problems: [{ object, field: 'data.config', value: undefined, expected }],
  });
  if (typeof text !== 'string') return wrong("expected MetalLB's configuration as YAML");
  const [document, ...others] = readYaml(text, (written) => new PlainScalar(written));
  const [problem] = [document, ...others].flatMap((one) => one?.problems ?? []);
  // The text itself may hold a password.
  const unreadable = (expected: string) => ({
    problems: [{ object, field: 'data.config', value: '(not shown)', expected }],
  });
  if (problem !== undefined) return unreadable(`line ${problem.line}: ${problem.message}`);
  if (others.length > 0) return unreadable('expected one YAML document');
  return { value: document?.value ?? {} };
}
