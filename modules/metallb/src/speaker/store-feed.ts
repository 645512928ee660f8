import { type Child, parseChild } from '../api/child.ts';
import type { EndpointSlice } from '../api/endpoint-slice.ts';
import { parseEndpointSlice } from '../api/endpoint-slice.ts';
import {
  type MetalLoadBalancerClass,
  parseMetalLoadBalancerClass,
} from '../api/metal-load-balancer-class.ts';
import { type Node, parseNode } from '../api/node.ts';
import { type KubernetesObject, parseObject } from '../api/object.ts';
import type { Parsed, Problem } from '../api/problem.ts';
import { type PublishedService, parsePublishedService } from '../api/published-service.ts';
import type { IpAddress } from '../net/ip.ts';
import { Mirror } from '../store/mirror.ts';
import type { Kind, Store } from '../store/store.ts';
import type { ClusterView } from './cluster-view.ts';
import { publishedParts } from './published-services.ts';

/** Who is told about the store. */
export interface FeedHandler {
  /** The view has taken in what the store said. Never before all kinds have been listed once. */
  readonly onChange: () => void;
  /** A child of this IP changed. */
  readonly onChildChange: (ip: IpAddress) => void;
  readonly onProblem: (problems: readonly Problem[]) => void;
}

/** Mirrors what duties depend on and passes each change on to the view. */
export class StoreFeed {
  readonly #view: ClusterView;
  readonly #handler: FeedHandler;
  readonly #children: Mirror<Child>;
  readonly #classes: Mirror<MetalLoadBalancerClass>;
  readonly #nodes: Mirror<Node>;
  readonly #slices: Mirror<EndpointSlice>;
  readonly #services: Mirror<PublishedService>;
  /** Of every class, the last object that could be read. */
  readonly #readableClasses = new Map<string, KubernetesObject>();
  #fed = false;

  constructor(store: Store, view: ClusterView, handler: FeedHandler) {
    this.#view = view;
    this.#handler = handler;
    const mirror = <T>(
      kind: Kind,
      parse: (object: unknown) => Parsed<T>,
      feed: (keys: Iterable<string>) => void,
      source: Pick<Store, 'watch'> = store,
    ) =>
      new Mirror(source, {
        kind,
        parse,
        onChange: (keys) => this.#hear(() => feed(keys)),
        onProblem: handler.onProblem,
      });
    this.#children = mirror('SDNInternalL2LBService', parseChild, (keys) =>
      this.#feedChildren(keys),
    );
    this.#slices = mirror('EndpointSlice', parseEndpointSlice, (keys) => this.#feedSlices(keys));
    this.#services = mirror(
      'Service',
      parsePublishedService,
      (keys) => this.#feedServices(keys),
      publishedParts(store),
    );
    this.#nodes = mirror('Node', parseNode, (keys) => this.#feedNodes(keys));
    this.#classes = mirror(
      'MetalLoadBalancerClass',
      (object) => this.#readClass(object),
      (keys) => this.#feedClasses(keys),
    );
  }

  get #mirrors() {
    return [this.#children, this.#slices, this.#services, this.#nodes, this.#classes];
  }

  /** All kinds have been listed once. */
  get synced(): boolean {
    return this.#mirrors.every(({ synced }) => synced);
  }

  /** The highest version of anything heard (network rule 6). */
  get revision(): number {
    return Math.max(...this.#mirrors.map(({ revision }) => revision));
  }

  /** The child as stored: what a patch must be based on. */
  childObject(key: string): KubernetesObject | undefined {
    return this.#children.object(key);
  }

  nodeObject(name: string): KubernetesObject | undefined {
    return this.#nodes.object(name);
  }

  /** The classes in force as they were last readable, for `restoreClasses` of a later process. */
  classObjects(): KubernetesObject[] {
    return [...this.#readableClasses]
      .filter(([name]) => this.#view.policies.has(name))
      .map(([, object]) => object);
  }

  /** Classes of an earlier process: one that is gone or unreadable by now stays in force while children name it. */
  restoreClasses(objects: readonly unknown[]): void {
    for (const object of objects) {
      const parsed = this.#readClass(object);
      if (parsed.ok) this.#view.setClass(parsed.value.metadata.name, parsed.value);
    }
  }

  start(): void {
    for (const mirror of this.#mirrors) mirror.start();
  }

  stop(): void {
    for (const mirror of this.#mirrors) mirror.stop();
  }

  #readClass(object: unknown): Parsed<MetalLoadBalancerClass> {
    const parsed = parseMetalLoadBalancerClass(object);
    const whole = parseObject(object);
    if (parsed.ok && whole.ok) this.#readableClasses.set(parsed.value.metadata.name, whole.value);
    return parsed;
  }

  #hear(feed: () => void): void {
    if (!this.synced) return;
    if (this.#fed) feed();
    else this.#feedAll();
    this.#handler.onChange();
  }

  /** Children first: a class that is gone stays in force only if some child is known to name it. */
  #feedAll(): void {
    this.#fed = true;
    this.#feedChildren(this.#children.keys());
    this.#feedSlices(this.#slices.keys());
    this.#feedServices(this.#services.keys());
    this.#feedNodes(this.#nodes.keys());
    this.#feedClasses(new Set([...this.#readableClasses.keys(), ...this.#classes.keys()]));
  }

  #feedChildren(keys: Iterable<string>): void {
    for (const key of keys) {
      const child = this.#children.get(key);
      this.#view.setChild(key, child);
      if (child?.status.ip !== undefined) this.#handler.onChildChange(child.status.ip);
    }
  }

  #feedSlices(keys: Iterable<string>): void {
    for (const key of keys) this.#view.setSlice(key, this.#slices.get(key));
  }

  #feedServices(keys: Iterable<string>): void {
    for (const key of keys) this.#view.setService(key, this.#services.get(key));
  }

  #feedNodes(keys: Iterable<string>): void {
    for (const key of keys) this.#view.setNode(key, this.#nodes.get(key));
  }

  #feedClasses(keys: Iterable<string>): void {
    for (const key of keys) {
      this.#view.setClass(key, this.#classes.get(key));
      if (!this.#view.policies.has(key)) this.#readableClasses.delete(key);
    }
  }
}
