import {
  loadBalancerClass,
  type NamespacedName,
  namespacedName,
  namespaces,
  oneOf,
  text,
} from './kinds.ts';

/** What `controller` and `node` must know alike about MetalLB's API: which objects count, and which Services they serve. */
export const METALLB_SETTINGS = {
  lbClass: loadBalancerClass({
    description:
      "spec.loadBalancerClass of the Services that MetalLB's API serves, unless a MetalLoadBalancerClass has that name; empty: Services without one that no default MetalLoadBalancerClass takes",
    default: '',
  }),
  metallbNamespaces: namespaces({
    description:
      "namespaces whose objects of MetalLB's API count; what the speakers tell is written to the first, which wins where two pools have one name",
    default: 'metallb-system',
  }),
  legacyConfigMap: namespacedName({
    description:
      "NAMESPACE/NAME of a ConfigMap of MetalLB 0.12 or older, which counts beside the objects of MetalLB's API; empty: none",
    default: '',
  }),
  edition: text({
    description: 'the edition of Deckhouse that this is; BGP needs EE, FE or CSE-Pro',
    default: 'CE',
  }),
  metallbPoolPolicy: oneOf({
    description:
      "what becomes of an IP that a pool of MetalLB's API does not hold any more: the Service keeps it and its conditions say so, or it gets another, as with MetalLB",
    default: 'Keep',
    words: ['Keep', 'Reassign'],
  }),
} as const;

/** The namespaces that are named, and that of the ConfigMap, whose objects could not count elsewhere. */
export function watchedNamespaces({
  metallbNamespaces,
  legacyConfigMap,
}: {
  readonly metallbNamespaces: readonly [string, ...string[]];
  readonly legacyConfigMap: NamespacedName | undefined;
}): readonly [string, ...string[]] {
  const added = legacyConfigMap?.namespace;
  return added === undefined || metallbNamespaces.includes(added)
    ? metallbNamespaces
    : [...metallbNamespaces, added];
}
