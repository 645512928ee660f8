import { CHILD_KIND } from '../../src/api/names.ts';
import type { KubernetesObject } from '../../src/api/object.ts';
import type { Operation } from '../../src/store/store.ts';
import { BINDING } from '../lib/bindings.ts';
import { type Hook, snapshotOf } from '../lib/hook.ts';
import { annotationPatch } from './annotation-patch.ts';
import { migrationConfig } from './old-module.ts';

const KEEP = { 'helm.sh/resource-policy': 'keep' };

/** Helm deletes what it rendered before and renders no longer, unless the object itself says otherwise. */
export function keepOperations(children: readonly KubernetesObject[]): Operation[] {
  return children.filter(isRenderedByHelm).flatMap((object): Operation[] => {
    const patch = annotationPatch(object, KEEP);
    if (patch.length === 0) return [];
    const { name, namespace } = object.metadata;
    return [{ do: 'patch', ref: { kind: CHILD_KIND, namespace, name }, patch }];
  });
}

function isRenderedByHelm({ metadata }: KubernetesObject): boolean {
  return metadata.annotations?.['meta.helm.sh/release-name'] !== undefined;
}

/** Children are templates of Deckhouse's module and none of ours: they survive the upgrade. */
export const hook: Hook = {
  config: migrationConfig('keep-children', 1, [
    {
      ...BINDING.children,
      jqFilter: '{apiVersion, kind, metadata: (.metadata | {name, namespace, annotations})}',
    },
  ]),
  handle: (contexts) => keepOperations(snapshotOf(contexts, BINDING.children.name)),
};
