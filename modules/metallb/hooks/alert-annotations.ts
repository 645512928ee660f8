import { parseMetalLoadBalancerClass } from '../src/api/metal-load-balancer-class.ts';
import { CONDITION } from '../src/api/names.ts';
import type { KubernetesObject } from '../src/api/object.ts';
import { parseService, type Service } from '../src/api/service.ts';
import { BINDING, hookConfig } from './lib/bindings.ts';
import { type Classes, chooseClass } from './lib/class-choice.ts';
import { type AlertHook, type Metric, snapshotOf } from './lib/hook.ts';
import { CLASS_FILTER, SERVICE_TO_CHECK_FILTER } from './lib/jq-filters.ts';

const PREFIXES = ['metallb.universe.tf', 'metallb.io'];
const NAMES = ['address-pool', 'loadBalancerIPs'];

/**
 * Annotations of MetalLB on Services that a class serves: nobody reads them there, but for the sharing key. On any
 * other Service they are MetalLB's own API and in their place.
 */
export function unsupportedAnnotations(
  services: readonly KubernetesObject[],
  classes: readonly KubernetesObject[],
): Metric[] {
  const known = knownClasses(classes);
  return services.flatMap((object) => {
    const { name, namespace = '', annotations = {} } = object.metadata;
    const parsed = parseService(object);
    if (!parsed.ok || parsed.value.type !== 'LoadBalancer') return [];
    if (chooseClass(parsed.value, known, undefined).kind === 'not-ours') return [];
    if (isLeftAlone(parsed.value)) return [];
    return PREFIXES.flatMap((prefix) => NAMES.map((key) => `${prefix}/${key}`))
      .filter((annotation) => annotation in annotations)
      .map((annotation) => ({
        name: 'd8_metallb_not_supported_service_annotations_detected',
        labels: { name, namespace, annotation },
        value: 1,
      }));
  });
}

/** By its class: whoever served it before goes on, and reads what is written for it. */
function isLeftAlone({ status }: Service): boolean {
  return status.conditions.some(
    ({ type, reason }) => type === CONDITION.classBound && reason === 'WouldLoseIPs',
  );
}

function knownClasses(objects: readonly KubernetesObject[]): Classes {
  const parsed = objects.map(parseMetalLoadBalancerClass);
  const inForce = new Map(
    parsed.flatMap((each) => (each.ok ? [[each.value.metadata.name, each.value] as const] : [])),
  );
  const names = objects.map(({ metadata }) => metadata.name);
  return { inForce, refused: new Set(names.filter((name) => !inForce.has(name))) };
}

/** Says which Services carry annotations of MetalLB that have no effect. */
export const hook: AlertHook = {
  config: hookConfig('alert-annotations', [
    { ...BINDING.services, jqFilter: SERVICE_TO_CHECK_FILTER },
    { ...BINDING.classes, jqFilter: CLASS_FILTER },
  ]),
  metricGroup: 'D8MetallbNotSupportedServiceAnnotationsDetected',
  measure: (contexts) =>
    unsupportedAnnotations(
      snapshotOf(contexts, BINDING.services.name),
      snapshotOf(contexts, BINDING.classes.name),
    ),
};
