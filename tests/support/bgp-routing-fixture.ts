import { BgpRouting, type BgpRoutingPorts } from '../../modules/metallb/src/speaker/bgp-routing.ts';
import { ClusterView } from '../../modules/metallb/src/speaker/cluster-view.ts';
import { StoreFeed } from '../../modules/metallb/src/speaker/store-feed.ts';
import { MemoryStore } from '../../modules/metallb/src/store/memory-store.ts';
import type { Kind, NewObject } from '../../modules/metallb/src/store/store.ts';
import { createLogger } from '../../modules/metallb/src/telemetry/logger.ts';
import { ip } from './addresses.ts';
import { addressPool, announcedService } from './announced-objects.ts';
import { balancerNode, METALLB, sliceOf } from './cluster.ts';
import { FakeClock } from './fake-clock.ts';
import { NO_WAYS, UNSEEN_LINKS } from './host-sight.ts';

export const IP = ip('203.0.113.1');
const READY = { nodeName: 'n2', addresses: ['10.244.0.1'], conditions: { ready: true } };
export const metallb = (
  kind: string,
  name: string,
  spec: object,
  version = 'v1beta1',
): NewObject => ({
  apiVersion: `metallb.io/${version}`,
  ...{ kind, metadata: { name, namespace: 'metallb-system' }, spec },
});
/** Its Secret is missing, so that nobody opens a connection. */
export const peer = (name: string, spec: object = {}) =>
  metallb(
    'BGPPeer',
    name,
    {
      ...{ myASN: 64_500, peerASN: 64_501, peerAddress: '172.16.1.1' },
      ...{ passwordSecret: { name: 'router' }, ...spec },
    },
    'v1beta2',
  );
/** A kube-proxy that has everything. */
const SERVING = { holds: () => false, servesNothing: () => false };

export async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** What a node tells routers, from a store; nobody listens. */
export class RoutingFixture {
  readonly clock = new FakeClock();
  readonly store = new MemoryStore(this.clock);
  readonly log: string[] = [];
  readonly routing: BgpRouting;
  readonly feed: StoreFeed;
  memories = 0;
  readonly wantsBfdd: boolean[] = [];
  readonly #view = new ClusterView({ ...METALLB, hasBgp: true });

  constructor(objects: readonly NewObject[], ports: Partial<BgpRoutingPorts> = {}) {
    const common = [balancerNode('n1'), addressPool('public'), announcedService('web', [IP])];
    const slice = sliceOf('web', [READY]);
    for (const object of [...common, slice, ...objects]) this.store.put(object);
    const destination = { write: (line: string) => this.log.push(line) };
    const { clock, store } = this;
    this.routing = new BgpRouting('n1', {
      ...{
        clock,
        store,
        view: this.#view,
        random: () => 0,
        forwardsOn: false,
        bgpListenPort: 0,
        lookUpRoutes: NO_WAYS,
        dataplane: SERVING,
        onServed: () => undefined,
        ...ports,
      },
      statusNamespace: 'metallb-system',
      onConditions: ports.onConditions ?? (() => undefined),
      log: createLogger({ program: 'speaker', level: 'info', destination }),
      bfdd: {
        connect: () => ({ close: () => undefined }),
        setWanted: (wanted) => this.wantsBfdd.push(wanted),
      },
      links: UNSEEN_LINKS,
      onMemory: () => {
        this.memories += 1;
      },
    });
    this.feed = new StoreFeed(store, this.#view, {
      onChange: () => this.routing.update(),
      onStatusChange: () => undefined,
      onProblem: () => undefined,
      onConfiguration: () => undefined,
    });
  }

  async start(): Promise<this> {
    this.feed.start();
    await this.store.start();
    await settled();
    return this;
  }

  async change(object: NewObject): Promise<void> {
    this.store.put(object);
    await settled();
  }

  get told(): unknown[] {
    return this.store.list('ServiceBGPStatus' satisfies Kind).map(({ status }) => status);
  }

  get announced(): string[] {
    return [...this.routing.memory.routes.keys()];
  }
}
