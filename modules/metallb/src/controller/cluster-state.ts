import type { ChildLookup, Observed } from '../../hooks/lib/observed.ts';
import { type Child, parseChild } from '../api/child.ts';
import {
  type MetalLoadBalancerClass,
  parseMetalLoadBalancerClass,
} from '../api/metal-load-balancer-class.ts';
import { type Node, parseNode } from '../api/node.ts';
import { keyOf } from '../api/object.ts';
import type { Problem } from '../api/problem.ts';
import { parseService, type Service } from '../api/service.ts';
import { Mirror } from '../store/mirror.ts';
import type { Store } from '../store/store.ts';

/** Who is told what changed, by key. */
export interface ClusterListener {
  readonly onClasses: (names: ReadonlySet<string>) => void;
  readonly onNodes: (names: ReadonlySet<string>) => void;
  readonly onServices: (keys: ReadonlySet<string>) => void;
  /** @param serviceKeys the Services that these children name, before the change or after it */
  readonly onChildren: (keys: ReadonlySet<string>, serviceKeys: ReadonlySet<string>) => void;
  readonly onProblem: (problems: readonly Problem[]) => void;
}

/** What the controller knows of the cluster, with the index from Services to their children. */
export class ClusterState implements ChildLookup {
  readonly classes: Mirror<MetalLoadBalancerClass>;
  readonly nodes: Mirror<Node>;
  readonly services: Mirror<Service>;
  readonly children: Mirror<Child>;
  readonly #serviceOf = new Map<string, string>();
  readonly #childrenOf = new Map<string, Set<string>>();

  constructor(store: Store, listener: ClusterListener) {
    const { onProblem } = listener;
    this.classes = new Mirror(store, {
      kind: 'MetalLoadBalancerClass',
      parse: parseMetalLoadBalancerClass,
      onChange: listener.onClasses,
      onProblem,
    });
    this.nodes = new Mirror(store, {
      kind: 'Node',
      parse: parseNode,
      onChange: listener.onNodes,
      onProblem,
    });
    this.services = new Mirror(store, {
      kind: 'Service',
      parse: parseService,
      onChange: listener.onServices,
      onProblem,
    });
    this.children = new Mirror(store, {
      kind: 'SDNInternalL2LBService',
      parse: parseChild,
      onChange: (keys) => listener.onChildren(keys, this.#index(keys)),
      onProblem,
    });
  }

  /** Everything has been heard at least once: before, absence means nothing. */
  get synced(): boolean {
    return this.#mirrors.every((mirror) => mirror.synced);
  }

  start(): void {
    for (const mirror of this.#mirrors) mirror.start();
  }

  stop(): void {
    for (const mirror of this.#mirrors) mirror.stop();
  }

  service(key: string): Observed<Service> | undefined {
    return observed(this.services, key);
  }

  child(key: string): Observed<Child> | undefined {
    return observed(this.children, key);
  }

  ofService(serviceKey: string): readonly Observed<Child>[] {
    const keys = [...(this.#childrenOf.get(serviceKey) ?? [])];
    return keys.flatMap((key) => this.child(key) ?? []);
  }

  holderOf(key: string) {
    return this.children.object(key);
  }

  get #mirrors() {
    return [this.classes, this.nodes, this.services, this.children];
  }

  /** @returns the Services that these children belong to or belonged to */
  #index(keys: ReadonlySet<string>): ReadonlySet<string> {
    const touched = new Set<string>();
    for (const key of keys) {
      const before = this.#serviceOf.get(key);
      if (before !== undefined) {
        touched.add(before);
        this.#forget(key, before);
      }
      const child = this.children.get(key);
      if (child === undefined) continue;
      const serviceKey = keyOf(child.serviceRef);
      touched.add(serviceKey);
      this.#serviceOf.set(key, serviceKey);
      const siblings = this.#childrenOf.get(serviceKey) ?? new Set();
      this.#childrenOf.set(serviceKey, siblings.add(key));
    }
    return touched;
  }

  #forget(key: string, serviceKey: string): void {
    this.#serviceOf.delete(key);
    const siblings = this.#childrenOf.get(serviceKey);
    siblings?.delete(key);
    if (siblings?.size === 0) this.#childrenOf.delete(serviceKey);
  }
}

function observed<T>(mirror: Mirror<T>, key: string): Observed<T> | undefined {
  const object = mirror.object(key);
  const value = mirror.get(key);
  return object === undefined || value === undefined ? undefined : { object, value };
}
