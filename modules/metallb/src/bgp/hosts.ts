import type { BgpPeer } from '../api/bgp-peer.ts';
import type { Node } from '../api/node.ts';
import { keyOf } from '../api/object.ts';
import { familyOf, type IpAddress, type IpFamily, ipToBigInt } from '../net/ip.ts';
import type { IpRange } from '../net/range.ts';

/** An address that routers must go on to find where it is. */
export interface Host {
  readonly ip: IpAddress;
  /** Whose it is, as in `InternalIP of Node n1`. */
  readonly words: string;
}

interface Entry {
  readonly value: bigint;
  readonly host: Host;
}

/** Addresses by their order: whether a prefix covers any costs no more beside a thousand nodes. */
export class Hosts {
  readonly #sorted: Readonly<Record<IpFamily, readonly Entry[]>>;

  constructor(hosts: readonly Host[]) {
    const sorted = (family: IpFamily) =>
      hosts
        .filter(({ ip }) => familyOf(ip) === family)
        .map((host) => ({ value: ipToBigInt(host.ip), host }))
        .sort((a, b) => (a.value < b.value ? -1 : 1));
    this.#sorted = { IPv4: sorted('IPv4'), IPv6: sorted('IPv6') };
  }

  /** The first one with an address in the range. */
  within({ family, first, last }: IpRange): Host | undefined {
    const entries = this.#sorted[family];
    let [low, high] = [0, entries.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((entries[middle]?.value ?? last) < first) low = middle + 1;
      else high = middle;
    }
    const found = entries[low];
    return found !== undefined && found.value <= last ? found.host : undefined;
  }
}

/** Without these no route is worth anything: the nodes that it leads to, and the routers that are told of it. */
export function hostsOf(peers: Iterable<BgpPeer>, nodes: Iterable<Node>): Hosts {
  const routers = [...peers].flatMap(({ metadata, spec: { neighbor } }): Host[] =>
    'address' in neighbor
      ? [{ ip: neighbor.address, words: `address of BGPPeer ${keyOf(metadata)}` }]
      : [],
  );
  const ofNodes = [...nodes].flatMap(({ metadata, internalIps }): Host[] =>
    internalIps.map((ip) => ({ ip, words: `InternalIP of Node ${metadata.name}` })),
  );
  return new Hosts([...routers, ...ofNodes]);
}
