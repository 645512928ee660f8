import type { IpAddress } from '../../modules/metallb/src/net/ip.ts';
import { AnnouncedRoutes } from '../../modules/metallb/src/speaker/announced-routes.ts';
import { ClusterView } from '../../modules/metallb/src/speaker/cluster-view.ts';
import { StoreFeed } from '../../modules/metallb/src/speaker/store-feed.ts';
import { MemoryStore } from '../../modules/metallb/src/store/memory-store.ts';
import type { NewObject } from '../../modules/metallb/src/store/store.ts';
import { ip } from './addresses.ts';
import { addressPool } from './announced-objects.ts';
import {
  assignedChild,
  balancerClass,
  balancerNode,
  METALLB,
  publishedService,
  sliceOf,
} from './cluster.ts';
import { FakeClock } from './fake-clock.ts';

export const IP = ip('203.0.113.1');
const READY = { addresses: ['10.244.0.1'], conditions: { ready: true } };

export function bgp(kind: string, name: string, spec: object = {}, namespace = 'metallb-system') {
  return { apiVersion: 'metallb.io/v1beta1', kind, metadata: { name, namespace }, spec };
}

/** What node n1 announces, from a store. */
export class RoutesFixture {
  readonly store = new MemoryStore(new FakeClock());
  readonly view = new ClusterView({ ...METALLB, hasBgp: true });
  /** IPs that kube-proxy does not serve yet, and the healthCheckNodePorts that are to say when it does. */
  readonly held = new Map<IpAddress, readonly number[]>();
  readonly routes = new AnnouncedRoutes('n1', this.view, (ip, ports) => this.#holds(ip, ports));
  readonly #feed: StoreFeed;

  private constructor(...objects: readonly NewObject[]) {
    for (const object of [balancerNode('n1'), addressPool('public'), ...objects]) this.put(object);
    this.#feed = new StoreFeed(this.store, this.view, {
      onChange: () => undefined,
      onStatusChange: () => undefined,
      onProblem: () => undefined,
      onConfiguration: () => undefined,
    });
    this.#feed.start();
  }

  static async of(...objects: readonly NewObject[]): Promise<RoutesFixture> {
    const fixture = new RoutesFixture(...objects);
    await fixture.store.start();
    return fixture;
  }

  put(object: NewObject): void {
    this.store.put(object);
  }

  async change(object: NewObject): Promise<void> {
    this.put(object);
    await turn();
  }

  async remove(service: string): Promise<void> {
    this.store.remove({ kind: 'Service', namespace: 'default', name: service });
    await turn();
  }

  #holds(address: IpAddress, ports: readonly number[]): boolean {
    if (!this.held.has(address)) return false;
    this.held.set(address, ports);
    return true;
  }

  /** Names of advertisements by IP, of what is another than at the last call. */
  take(isWithdrawn = false): Record<string, string[]> {
    const { changes } = this.routes.take(isWithdrawn);
    return Object.fromEntries(
      [...changes].map(([address, all]) => [address, all.map(({ name }) => name)]),
    );
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
export const served = (...endpoints: object[]) => sliceOf('web', endpoints);
export const onN2 = { ...READY, nodeName: 'n2' };

export const bgpClass = (spec: object = {}) =>
  balancerClass('ingress', {}, { type: 'BGP', ...spec });
export const child = () => assignedChild('web', IP, { policy: 'Cluster' });
export const published = (spec: object = {}) => publishedService('web', [IP], spec);
