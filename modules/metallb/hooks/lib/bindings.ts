import {
  CHILD_API_VERSION,
  CHILD_KIND,
  CLASS_API_VERSION,
  CLASS_KIND,
} from '../../src/api/names.ts';
import type { HookConfig, KubernetesBinding } from './hook.ts';

type BindingKind = Pick<KubernetesBinding, 'name' | 'apiVersion' | 'kind'>;

/** The objects that hooks of this module read; the names are those of the snapshots. */
export const BINDING = {
  classes: { name: 'classes', apiVersion: CLASS_API_VERSION, kind: CLASS_KIND },
  nodes: { name: 'nodes', apiVersion: 'v1', kind: 'Node' },
  services: { name: 'services', apiVersion: 'v1', kind: 'Service' },
  children: { name: 'children', apiVersion: CHILD_API_VERSION, kind: CHILD_KIND },
} as const satisfies Record<string, BindingKind>;

/** All bindings in one group, so that the hook always sees them together; one queue, so that no two hooks race. */
export function discoveryConfig(bindings: readonly BindingKind[]): HookConfig {
  const shared = { group: 'discovery', queue: '/modules/metallb/discovery' };
  return {
    configVersion: 'v1',
    kubernetes: bindings.map((binding) => ({ ...binding, ...shared })),
  };
}
