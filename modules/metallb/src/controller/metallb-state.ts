import { type ConfigurationState, parseConfigurationState } from '../api/configuration-state.ts';
import { type IpAddressPool, parseIpAddressPool } from '../api/ip-address-pool.ts';
import { type L2Advertisement, parseL2Advertisement } from '../api/l2-advertisement.ts';
import { parseMetalLoadBalancerPool } from '../api/metal-load-balancer-pool.ts';
import { type Namespace, parseNamespace } from '../api/namespace.ts';
import { keyOf } from '../api/object.ts';
import type { Problem } from '../api/problem.ts';
import { parseServiceL2Status, type ServiceL2Status } from '../api/service-l2-status.ts';
import { ListedPools } from '../metallb/listed-pools.ts';
import { Mirror } from '../store/mirror.ts';
import type { Store } from '../store/store.ts';
import { Grouping } from './grouping.ts';

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
  readonly l2Statuses: Mirror<ServiceL2Status>;
  readonly configurationStates: Mirror<ConfigurationState>;
  /** Namespaces whose objects count, the strongest first. */
  readonly watched: readonly [string, ...string[]];
  readonly #l2StatusesByService = new Grouping();
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
    this.l2Statuses = new Mirror(store, {
      kind: 'ServiceL2Status',
      parse: parseServiceL2Status,
      onChange: (keys) => {
        const services = [...keys].flatMap((key) => {
          const service = this.serviceOfL2Status(key);
          this.#l2StatusesByService.put(key, service);
          return service ?? [];
        });
        listener.onServices(new Set(services));
      },
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
      ServiceL2Status: this.l2Statuses,
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
    this.#advertisementsInForce ??= [...this.advertisements.values()]
      .filter(({ metadata }) => this.watched.includes(metadata.namespace ?? ''))
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    return this.#advertisementsInForce;
  }

  /** `namespace/name` of the Service that a ServiceL2Status is about. */
  serviceOfL2Status(key: string): string | undefined {
    const { serviceName: name, serviceNamespace: namespace } =
      this.l2Statuses.get(key)?.status ?? {};
    return name === undefined ? undefined : keyOf({ namespace, name });
  }

  get servicesWithL2Statuses(): Iterable<string> {
    return this.#l2StatusesByService.groups;
  }

  l2StatusesOf(serviceKey: string): Iterable<string> {
    return this.#l2StatusesByService.membersOf(serviceKey);
  }

  labelsOfNamespace(name: string): Readonly<Record<string, string>> {
    return this.namespaces.get(name)?.labels ?? {};
  }
}
