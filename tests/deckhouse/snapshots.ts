import type { Api } from '../../lab/kubernetes/api.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { jqOutputs } from './conversions.ts';
import type { ObjectBinding } from './hook-config.ts';
import { resourceOf } from './resources.ts';

/** What a hook sees of each object of a binding. */
export type Snapshot = readonly object[];

/** The snapshots of all bindings of a hook, as the API server has the objects now. */
export async function takeSnapshots(
  api: Api,
  bindings: readonly ObjectBinding[],
): Promise<Record<string, Snapshot>> {
  const snapshots: Record<string, Snapshot> = {};
  for (const binding of bindings) {
    snapshots[binding.name] = asSnapshot(binding, await objectsOf(api, binding));
  }
  return snapshots;
}

async function objectsOf(api: Api, binding: ObjectBinding): Promise<KubernetesObject[]> {
  const { apiVersion, kind } = binding;
  const { collection } = await resourceOf(api, apiVersion, kind);
  const { items } = (await api.get(collection)) as { items: KubernetesObject[] };
  // A list does not repeat them for each item.
  return items.map((object) => ({ ...object, apiVersion, kind }));
}

/**
 * Those that the binding selects, by namespace and name: with a jqFilter only what it leaves of them, as addon-operator keeps
 * no whole objects of batch hooks. No output of the filter is null, several are an array.
 */
export function asSnapshot(
  { names, namespaces, jqFilter }: ObjectBinding,
  objects: readonly KubernetesObject[],
): Snapshot {
  const selected = objects
    .filter(({ metadata }) => names?.includes(metadata.name) ?? true)
    .filter(({ metadata: { namespace = '' } }) => namespaces?.includes(namespace) ?? true)
    .sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  if (jqFilter === undefined) return selected.map((object) => ({ object }));
  const results = jqOutputs(`.[] | [${jqFilter}]`, selected) as unknown[][];
  return results.map((outputs) => ({
    filterResult: outputs.length > 1 ? outputs : (outputs[0] ?? null),
  }));
}

function sortKey({ metadata: { namespace = '', name } }: KubernetesObject): string {
  return `${namespace}/${name}`;
}
