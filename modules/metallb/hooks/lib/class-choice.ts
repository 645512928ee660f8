import type { MetalLoadBalancerClass } from '../../src/api/metal-load-balancer-class.ts';
import type { Service } from '../../src/api/service.ts';

export type ClassChoice =
  | { readonly kind: 'chosen'; readonly chosen: MetalLoadBalancerClass }
  /** The Service asks for a class, or was bound to one, that does not exist: what it has stays. */
  | { readonly kind: 'not-found'; readonly name: string }
  /** It exists and could never be understood: likewise. */
  | { readonly kind: 'refused'; readonly name: string }
  /** Another implementation's Service, or nobody's. */
  | { readonly kind: 'not-ours' };

/** The classes that there are. */
export interface Classes {
  readonly inForce: ReadonlyMap<string, MetalLoadBalancerClass>;
  /** Names of those that exist and could never be understood. */
  readonly refused: ReadonlySet<string>;
}

/**
 * Explicit beats sticky beats default.
 * @param classOfChildren class of the Service's children, undefined when it has none: the binding's second witness,
 *   for when the condition's message is a sentence (ClassNotFound) or somebody overwrote the status
 */
export function chooseClass(
  service: Service,
  { inForce, refused }: Classes,
  classOfChildren: string | undefined,
): ClassChoice {
  const bound = service.boundClass ?? classOfChildren;
  const field = service.loadBalancerClass;
  const name = field ?? service.classAnnotation ?? bound;
  const chosen = name === undefined ? defaultClass(inForce.values()) : inForce.get(name);
  if (chosen !== undefined) return { kind: 'chosen', chosen };
  if (name === undefined) return { kind: 'not-ours' };
  if (refused.has(name)) return { kind: 'refused', name };
  // Only what this module bound once can be ours without its class; any other name is another implementation's.
  return field === undefined || field === bound
    ? { kind: 'not-found', name }
    : { kind: 'not-ours' };
}

/** Where several classes claim to be the default, the oldest is: it was in force when the others came. */
export function defaultClass(
  classes: Iterable<MetalLoadBalancerClass>,
): MetalLoadBalancerClass | undefined {
  return [...classes].filter(({ spec }) => spec.isDefault).sort(compareAge)[0];
}

function compareAge(
  { metadata: a }: MetalLoadBalancerClass,
  { metadata: b }: MetalLoadBalancerClass,
): number {
  const ageA = `${a.creationTimestamp} ${a.name}`;
  const ageB = `${b.creationTimestamp} ${b.name}`;
  return ageA < ageB ? -1 : 1;
}
