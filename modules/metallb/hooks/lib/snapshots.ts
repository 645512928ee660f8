import { type Child, parseChild } from '../../src/api/child.ts';
import {
  type MetalLoadBalancerClass,
  parseMetalLoadBalancerClass,
} from '../../src/api/metal-load-balancer-class.ts';
import { type Node, parseNode } from '../../src/api/node.ts';
import { type KubernetesObject, keyOf } from '../../src/api/object.ts';
import type { Parsed } from '../../src/api/problem.ts';
import { parseService, type Service } from '../../src/api/service.ts';
import { BINDING } from './bindings.ts';
import { type BindingContext, snapshotOf } from './hook.ts';
import { type ChildLookup, lookupOf, type Observed } from './observed.ts';

export interface State {
  readonly classes: readonly MetalLoadBalancerClass[];
  /** Names of those that can't be read. */
  readonly refusedClasses: ReadonlySet<string>;
  readonly nodes: readonly Node[];
  /** Also those that only their children remember, as undefined. */
  readonly services: ReadonlyMap<string, Observed<Service> | undefined>;
  readonly children: ChildLookup;
}

/** What the snapshots hold. Objects that can't be read are left as they are: their status says why elsewhere. */
export function readState(contexts: readonly BindingContext[]): State {
  const read = <T>(binding: { readonly name: string }, parse: (object: unknown) => Parsed<T>) =>
    snapshotOf(contexts, binding.name).flatMap((object) => observe(object, parse));
  const children: readonly Observed<Child>[] = read(BINDING.children, parseChild);
  const present = new Set(snapshotOf(contexts, BINDING.services.name).map(keyOfObject));
  const services = new Map<string, Observed<Service> | undefined>();
  for (const { value } of children) {
    const key = keyOf(value.serviceRef);
    if (!present.has(key)) services.set(key, undefined);
  }
  for (const service of read(BINDING.services, parseService)) {
    services.set(keyOfObject(service.object), service);
  }
  const classes = read(BINDING.classes, parseMetalLoadBalancerClass).map(({ value }) => value);
  const refusedClasses = new Set(snapshotOf(contexts, BINDING.classes.name).map(keyOfObject));
  for (const { metadata } of classes) refusedClasses.delete(metadata.name);
  return {
    classes,
    refusedClasses,
    nodes: read(BINDING.nodes, parseNode).map(({ value }) => value),
    services,
    children: lookupOf(children, snapshotOf(contexts, BINDING.children.name)),
  };
}

function observe<T>(
  object: KubernetesObject,
  parse: (object: unknown) => Parsed<T>,
): Observed<T>[] {
  const parsed = parse(object);
  return parsed.ok ? [{ object, value: parsed.value }] : [];
}

function keyOfObject({ metadata }: KubernetesObject): string {
  return keyOf(metadata);
}
