import type { ChildLookup, Observed } from '../../hooks/lib/observed.ts';
import { type Child, parseChild } from '../api/child.ts';
import {
  type MetalLoadBalancerClass,
  parseMetalLoadBalancerClass,
} from '../api/metal-load-balancer-class.ts';
import { type Node, parseNode } from '../api/node.ts';
import { type KubernetesObject, keyOf } from '../api/object.ts';
import { parseService, type Service } from '../api/service.ts';
import type { IpAddress } from '../net/ip.ts';
import { Mirror } from '../store/mirror.ts';
import type { Kind, ObjectRef, Store } from '../store/store.ts';
import { Grouping } from './grouping.ts';
import { type MetallbListener, MetallbState } from './metallb-state.ts';

/** Who is told what changed, by key. */
export interface ClusterListener extends MetallbListener {
  readonly onClasses: (names: ReadonlySet<string>) => void;
  readonly onNodes: (names: ReadonlySet<string>) => void;
  readonly onServices: (keys: ReadonlySet<string>) => void;
  /** @param serviceKeys the Services that these children name or share an IP with, before the change or after it */
  readonly onChildren: (keys: ReadonlySet<string>, serviceKeys: ReadonlySet<string>) => void;
}

/** What the controller knows of the cluster, with the indexes from Services and IPs to children. */
export class ClusterState implements ChildLookup {
  readonly classes: Mirror<MetalLoadBalancerClass>;
  readonly nodes: Mirror<Node>;
  readonly services: Mirror<Service>;
  readonly children: Mirror<Child>;
  readonly metallb: MetallbState;
  readonly #childrenByService = new Grouping();
  readonly #childrenByIp = new Grouping();

  /** @param metallbNamespaces those whose objects of MetalLB's API count, the strongest first */
  constructor(
    store: Store,
    listener: ClusterListener,
    metallbNamespaces: readonly [string, ...string[]],
  ) {
    const { onProblem } = listener;
    this.metallb = new MetallbState(store, listener, metallbNamespaces);
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

  /** Everything has been heard at least once since `start` or `restart`: before, absence means nothing. */
  get synced(): boolean {
    return this.#mirrors.every((mirror) => mirror.synced);
  }

  start(): void {
    for (const mirror of this.#mirrors) mirror.start();
  }

  stop(): void {
    for (const mirror of this.#mirrors) mirror.stop();
  }

  /** Lists everything anew. */
  restart(): void {
    for (const mirror of this.#mirrors) mirror.restart();
  }

  /** Names of classes that exist and could never be understood. */
  get refusedClasses(): ReadonlySet<string> {
    const names = [...this.classes.keys()];
    return new Set(names.filter((name) => this.classes.get(name) === undefined));
  }

  service(key: string): Observed<Service> | undefined {
    return observed(this.services, key);
  }

  child(key: string): Observed<Child> | undefined {
    return observed(this.children, key);
  }

  ofService(serviceKey: string): readonly Observed<Child>[] {
    const keys = [...this.#childrenByService.membersOf(serviceKey)];
    return keys.flatMap((key) => this.child(key) ?? []);
  }

  /** Sharers if more than one. */
  childrenWithIp(ip: IpAddress): readonly Child[] {
    return [...this.#childrenByIp.membersOf(ip)].flatMap((key) => this.children.get(key) ?? []);
  }

  /** The latest version as stored; undefined for what is not watched, too. */
  object(ref: ObjectRef): KubernetesObject | undefined {
    const mirrors: Partial<Record<Kind, Mirror<unknown>>> = {
      MetalLoadBalancerClass: this.classes,
      Node: this.nodes,
      Service: this.services,
      SDNInternalL2LBService: this.children,
      ...this.metallb.byKind,
    };
    return mirrors[ref.kind]?.object(keyOf(ref));
  }

  holderOf(key: string) {
    return this.children.object(key);
  }

  get #mirrors() {
    const { classes, nodes, services, children, metallb } = this;
    return [classes, nodes, services, children, ...Object.values(metallb.byKind)];
  }

  /** @returns the Services that these children belong to or belonged to, and those whose IP they share now or did before */
  #index(keys: ReadonlySet<string>): ReadonlySet<string> {
    const touched = new Set<string>();
    for (const key of keys) {
      const child = this.children.get(key);
      const ip = child?.status.ip;
      const service = child && keyOf(child.serviceRef);
      const ipBefore = this.#childrenByIp.groupOf(key);
      const serviceBefore = this.#childrenByService.groupOf(key);
      this.#childrenByIp.put(key, ip);
      this.#childrenByService.put(key, service);
      for (const each of [serviceBefore, service]) if (each !== undefined) touched.add(each);
      if (ip === ipBefore) continue;
      for (const each of [ipBefore, ip]) {
        for (const sharer of this.#servicesWithIp(each)) touched.add(sharer);
      }
    }
    return touched;
  }

  *#servicesWithIp(ip: string | undefined): Generator<string> {
    for (const key of ip === undefined ? [] : this.#childrenByIp.membersOf(ip)) {
      const service = this.#childrenByService.groupOf(key);
      if (service !== undefined) yield service;
    }
  }
}

function observed<T>(mirror: Mirror<T>, key: string): Observed<T> | undefined {
  const object = mirror.object(key);
  const value = mirror.get(key);
  return object === undefined || value === undefined ? undefined : { object, value };
}
