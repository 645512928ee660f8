import { ANNOTATION } from '../src/api/names.ts';
import type { KubernetesObject } from '../src/api/object.ts';
import { BINDING, hookConfig } from './lib/bindings.ts';
import { type AlertHook, type Metric, snapshotOf } from './lib/hook.ts';
import { MODULE_CONFIG_FILTER, SERVICE_TO_CHECK_FILTER } from './lib/jq-filters.ts';
import { listAt, valueAt } from './lib/json.ts';

/** From this version of the settings on, layer2 pools are classes. */
const VERSION_WITH_CLASSES = 2;
/** On a Service: which pool of MetalLB it asks for, or which one its IP is from. */
const POOL_ANNOTATIONS = ['address-pool', 'ip-allocated-from-pool'].flatMap((key) => [
  `metallb.universe.tf/${key}`,
  `metallb.io/${key}`,
]);

/** What the settings of the module hold that an upgrade has left behind or will stumble over. */
export function outdatedSettings(
  moduleConfigs: readonly KubernetesObject[],
  services: readonly KubernetesObject[],
): Metric[] {
  return moduleConfigs.flatMap(({ spec }) => {
    const version = valueAt(spec, 'version');
    if (typeof version !== 'number') return [];
    const pools = listAt(spec, 'settings', 'addressPools');
    const layer2 = pools.filter((pool) => valueAt(pool, 'protocol') === 'layer2');
    if (version >= VERSION_WITH_CLASSES) return layer2.map(obsoletePool);
    const hasBgp = pools.some((pool) => valueAt(pool, 'protocol') === 'bgp');
    return [
      ...(hasBgp ? [] : [alert('d8_metallb_update_mc_version_required')]),
      ...(hasBgp && layer2.length > 0 ? [alert('d8_metallb_not_only_layer2_pools')] : []),
      ...services.filter(isOrphaned).map(orphan),
    ];
  });
}

function obsoletePool(pool: unknown): Metric {
  const name = String(valueAt(pool, 'name') ?? '');
  return alert('d8_metallb_obsolete_layer2_pools_are_used', { name });
}

/** Neither a class nor a pool says where its IPs are to come from. */
function isOrphaned({ metadata, spec }: KubernetesObject): boolean {
  const { annotations = {} } = metadata;
  return (
    valueAt(spec, 'type') === 'LoadBalancer' &&
    valueAt(spec, 'loadBalancerClass') === undefined &&
    [ANNOTATION.class, ...POOL_ANNOTATIONS].every((key) => !(key in annotations))
  );
}

function orphan({ metadata: { name, namespace = '' } }: KubernetesObject): Metric {
  return alert('d8_metallb_orphaned_loadbalancer_detected', { name, namespace });
}

function alert(name: string, labels: Metric['labels'] = {}): Metric {
  return { name, labels, value: 1 };
}

/** Says what of the module's settings is obsolete. Only for Deckhouse: elsewhere there is no ModuleConfig to watch. */
export const hook: AlertHook = {
  config: hookConfig('alert-module-config', [
    { ...BINDING.moduleConfigs, jqFilter: MODULE_CONFIG_FILTER },
    { ...BINDING.services, jqFilter: SERVICE_TO_CHECK_FILTER },
  ]),
  metricGroup: 'D8MetallbModuleConfig',
  measure: (contexts) =>
    outdatedSettings(
      snapshotOf(contexts, BINDING.moduleConfigs.name),
      snapshotOf(contexts, BINDING.services.name),
    ),
};
