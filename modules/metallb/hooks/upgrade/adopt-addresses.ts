import {
  type AdoptedService,
  type AdoptionView,
  adoptServices,
} from '../../src/migration/adopted-services.ts';
import { generateClasses } from '../../src/migration/generated-classes.ts';
import type { JsonPatchOperation, Operation } from '../../src/store/store.ts';
import { BINDING } from '../lib/bindings.ts';
import { type Hook, snapshotOf } from '../lib/hook.ts';
import { listAt } from '../lib/json.ts';
import { annotationPatch } from './annotation-patch.ts';
import { migrationConfig, OLD_L2, readOldModule, SETTINGS } from './old-module.ts';

const SERVICE_TO_ADOPT_FILTER = `{
  apiVersion: "v1", kind: "Service", metadata: (.metadata | {name, namespace}), spec: {type: .spec.type}
} + if .spec.type == "LoadBalancer" then {
  metadata: (.metadata | {name, namespace, resourceVersion, annotations, finalizers}),
  spec: (.spec | {type, loadBalancerClass}), status
} else {} end`;

/** Writes down what Services of an older module have, so that their class gives them the same. */
export function adoptionOperations(view: AdoptionView): Operation[] {
  return adoptServices(view).flatMap((adopted): Operation[] => {
    const patch = [...annotationPatch(adopted.object, adopted.annotations), ...finalizers(adopted)];
    if (patch.length === 0) return [];
    const { name, namespace } = adopted.object.metadata;
    return [{ do: 'patch', ref: { kind: 'Service', namespace, name }, patch }];
  });
}

function finalizers({ object, droppedFinalizers }: AdoptedService): JsonPatchOperation[] {
  const present = listAt(object, 'metadata', 'finalizers');
  return present
    .map((value, index) => ({ value, path: `/metadata/finalizers/${index}` }))
    .filter(({ value }) => droppedFinalizers.some((name) => name === value))
    .reverse()
    .flatMap(({ value, path }): JsonPatchOperation[] => [
      // Positions shift when somebody else writes.
      { op: 'test', path, value },
      { op: 'remove', path },
    ]);
}

/** Services that MetalLB or an older module served keep their IPs. */
export const hook: Hook = {
  config: migrationConfig('adopt-addresses', 10, [
    SETTINGS,
    OLD_L2.advertisements,
    OLD_L2.pools,
    { ...BINDING.classes, jqFilter: '{apiVersion, kind, metadata: {name: .metadata.name}}' },
    { ...BINDING.services, jqFilter: SERVICE_TO_ADOPT_FILTER },
  ]),
  handle(contexts) {
    const old = readOldModule(contexts);
    const classes = snapshotOf(contexts, BINDING.classes.name);
    return adoptionOperations({
      services: snapshotOf(contexts, BINDING.services.name),
      settings: old.settings,
      generated: generateClasses(old),
      classes: new Set(classes.map(({ metadata }) => metadata.name)),
    });
  },
};
