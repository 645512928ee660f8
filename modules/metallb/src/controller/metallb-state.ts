import { type ConfigurationState, parseConfigurationState } from '../api/configuration-state.ts';
import { type IpAddressPool, parseIpAddressPool } from '../api/ip-address-pool.ts';
import { type L2Advertisement, parseL2Advertisement } from '../api/l2-advertisement.ts';
import { parseMetalLoadBalancerPool } from '../api/metal-load-balancer-pool.ts';
import { type Namespace, parseNamespace } from '../api/namespace.ts';
import { keyOf } from '../api/object.ts';
import type { Problem } from '../api/problem.ts';
import { parseServiceBgpStatus, type ServiceBgpStatus } from '../api/service-bgp-status.ts';
import { parseServiceL2Status, type ServiceL2Status } from '../api/service-l2-status.ts';
import { type ServiceOfNode, serviceOfBgpStatus } from '../metallb/bgp-status.ts';
import { counted } from '../metallb/counted-objects.ts';
import { ListedPools } from '../metallb/listed-pools.ts';
import { Mirror } from '../store/mirror.ts';
import type { Store } from '../store/store.ts';
import { BgpState } from './bgp-state.ts';
import { Grouping } from './grouping.ts';

type ToldKind = 'ServiceL2Status' | 'ServiceBGPStatus';

/** Who is told what changed of MetalLB's API, by key. */
export interface MetallbListener {
  readonly onPools: () => void;
  readonly onAdvertisements: () => void;
  readonly onNamespaces: (names: ReadonlySet<string>) => void;
  /** Speakers told something of IPs of these Services. */
  readonly onServices: (keys: ReadonlySet<string>) => void;
  readonly onConfigurationStates: (keys: ReadonlySet<string>) => void;
  readonly onProblem: (problems: readonly Problem[]) => void;
}

/** What the controller knows of MetalLB's API. */
export class MetallbState {
  readonly ipAddressPools: Mirror<IpAddressPool>;
  readonly metalLoadBalancerPools: Mirror<IpAddressPool>;
  readonly advertisements: Mirror<L2Advertisement>;
  readonly namespaces: Mirror<Namespace>;
  readonly bgp: BgpState;
  readonly l2Statuses: Mirror<ServiceL2Status>;
  readonly bgpStatuses: Mirror<ServiceBgpStatus>;
  readonly configurationStates: Mirror<ConfigurationState>;
  /** Namespaces whose objects count, the strongest first. */
  readonly watched: readonly [string, ...string[]];
  /** What nodes told, as `Kind/namespace/name`. */
  readonly #toldByService = new Grouping();
  #pools: ListedPools | undefined;
  #advertisementsInForce: readonly L2Advertisement[] | undefined;

  constructor(store: Store, listener: MetallbListener, watched: readonly [string, ...string[]]) {
    this.watched = watched;
    const { onProblem } = listener;
    const onPools = (keys: ReadonlySet<string>) => {
      if (keys.size > 0) this.#pools = undefined;
      listener.onPools();
    };
    this.ipAddressPools = new Mirror(store, {
      kind: 'IPAddressPool',
      parse: parseIpAddressPool,
      onChange: onPools,
      onProblem,
    });
    this.metalLoadBalancerPools = new Mirror(store, {
      kind: 'MetalLoadBalancerPool',
      parse: parseMetalLoadBalancerPool,
      onChange: onPools,
      onProblem,
    });
    this.advertisements = new Mirror(store, {
      kind: 'L2Advertisement',
      parse: parseL2Advertisement,
      onChange: (keys) => {
        if (keys.size > 0) this.#advertisementsInForce = undefined;
        listener.onAdvertisements();
      },
      onProblem,
    });
    this.namespaces = new Mirror(store, {
      kind: 'Namespace',
      parse: parseNamespace,
      onChange: listener.onNamespaces,
      onProblem,
    });
    this.bgp = new BgpState(store, listener, watched);
    const onTold = (kind: ToldKind) => (keys: ReadonlySet<string>) => {
      const services = [...keys].flatMap((key) => {
        const service = this.serviceOfTold(kind, key);
        this.#toldByService.put(`${kind}/${key}`, service);
        return service ?? [];
      });
      listener.onServices(new Set(services));
    };
    this.l2Statuses = new Mirror(store, {
      kind: 'ServiceL2Status',
      parse: parseServiceL2Status,
      onChange: onTold('ServiceL2Status'),
      onProblem,
    });
    this.bgpStatuses = new Mirror(store, {
      kind: 'ServiceBGPStatus',
      parse: parseServiceBgpStatus,
      onChange: onTold('ServiceBGPStatus'),
      onProblem,
    });
    this.configurationStates = new Mirror(store, {
      kind: 'ConfigurationState',
      parse: parseConfigurationState,
      onChange: listener.onConfigurationStates,
      onProblem,
    });
  }

  get byKind() {
    return {
      IPAddressPool: this.ipAddressPools,
      MetalLoadBalancerPool: this.metalLoadBalancerPools,
      L2Advertisement: this.advertisements,
      Namespace: this.namespaces,
      ...this.bgp.byKind,
      ServiceL2Status: this.l2Statuses,
      ServiceBGPStatus: this.bgpStatuses,
      ConfigurationState: this.configurationStates,
    };
  }

  /** The pools that count. */
  get pools(): ListedPools {
    this.#pools ??= new ListedPools(
      {
        IPAddressPool: this.ipAddressPools.values(),
        MetalLoadBalancerPool: this.metalLoadBalancerPools.values(),
      },
      this.watched,
    );
    return this.#pools;
  }

  /** Those that count, by name. */
  get advertisementsInForce(): readonly L2Advertisement[] {
    this.#advertisementsInForce ??= counted(this.advertisements.values(), this.watched);
    return this.#advertisementsInForce;
  }

  /** `namespace/name` of the Service that the status of a node is about. */
  serviceOfTold(kind: ToldKind, key: string): string | undefined {
    if (kind === 'ServiceBGPStatus') {
      const service = this.serviceOfRoute(key);
      return service && keyOf(service);
    }
    const { serviceName: name, serviceNamespace: namespace } =
      this.l2Statuses.get(key)?.status ?? {};
    return name === undefined ? undefined : keyOf({ namespace, name });
  }

  /** What a ServiceBGPStatus of ours is about. */
  serviceOfRoute(key: string): ServiceOfNode | undefined {
    const status = this.bgpStatuses.get(key);
    return status && serviceOfBgpStatus(status);
  }

  /** Services of which nodes have told something. */
  get servicesTold(): Iterable<string> {
    return this.#toldByService.groups;
  }

  /** What nodes have told of a Service, as `Kind/namespace/name`. */
  toldOf(serviceKey: string): Iterable<string> {
    return this.#toldByService.membersOf(serviceKey);
  }

  labelsOfNamespace(name: string): Readonly<Record<string, string>> {
    return this.namespaces.get(name)?.labels ?? {};
  }
}
