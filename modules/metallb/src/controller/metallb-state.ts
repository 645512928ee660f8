import { type IpAddressPool, parseIpAddressPool } from '../api/ip-address-pool.ts';
import { type L2Advertisement, parseL2Advertisement } from '../api/l2-advertisement.ts';
import { parseMetalLoadBalancerPool } from '../api/metal-load-balancer-pool.ts';
import { type Namespace, parseNamespace } from '../api/namespace.ts';
import type { Problem } from '../api/problem.ts';
import { ListedPools } from '../metallb/listed-pools.ts';
import { Mirror } from '../store/mirror.ts';
import type { Store } from '../store/store.ts';

/** Who is told what changed of MetalLB's API, by key. */
export interface MetallbListener {
  readonly onPools: () => void;
  readonly onAdvertisements: () => void;
  readonly onNamespaces: (names: ReadonlySet<string>) => void;
  readonly onProblem: (problems: readonly Problem[]) => void;
}

/** What the controller knows of MetalLB's API. */
export class MetallbState {
  readonly ipAddressPools: Mirror<IpAddressPool>;
  readonly metalLoadBalancerPools: Mirror<IpAddressPool>;
  readonly advertisements: Mirror<L2Advertisement>;
  readonly namespaces: Mirror<Namespace>;
  readonly #watched: readonly string[];
  #pools: ListedPools | undefined;

  /** @param watched namespaces whose objects count */
  constructor(store: Store, listener: MetallbListener, watched: readonly string[]) {
    this.#watched = watched;
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
      onChange: listener.onAdvertisements,
      onProblem,
    });
    this.namespaces = new Mirror(store, {
      kind: 'Namespace',
      parse: parseNamespace,
      onChange: listener.onNamespaces,
      onProblem,
    });
  }

  get byKind() {
    return {
      IPAddressPool: this.ipAddressPools,
      MetalLoadBalancerPool: this.metalLoadBalancerPools,
      L2Advertisement: this.advertisements,
      Namespace: this.namespaces,
    };
  }

  /** The pools that count. */
  get pools(): ListedPools {
    this.#pools ??= new ListedPools(
      {
        IPAddressPool: this.ipAddressPools.values(),
        MetalLoadBalancerPool: this.metalLoadBalancerPools.values(),
      },
      this.#watched,
    );
    return this.#pools;
  }

  labelsOfNamespace(name: string): Readonly<Record<string, string>> {
    return this.namespaces.get(name)?.labels ?? {};
  }
}
