import type { Lab } from './lab.ts';
import { batch, portName } from './network.ts';

export interface WideWish {
  readonly node: string;
  /** Interfaces that the node gets. */
  readonly interfaces: number;
  /** Those of them where it meets all others. */
  readonly shared: number;
}

/** Segments of their own for a node with many interfaces, which have no addresses but IPv6's link-local ones. */
export class WideNetwork {
  readonly #lab: Lab;
  /** Each node's interfaces, by the names of their segments. */
  readonly interfaces: ReadonlyMap<string, readonly string[]>;

  constructor(lab: Lab, { node, interfaces, shared }: WideWish) {
    this.#lab = lab;
    const all = Array.from({ length: interfaces }, (_, index) => `wide${index}`);
    const ofOthers = all.slice(0, shared);
    this.interfaces = new Map(lab.nodes.map((name) => [name, name === node ? all : ofOthers]));
  }

  get #segments(): Set<string> {
    return new Set([...this.interfaces.values()].flat());
  }

  async lay(): Promise<void> {
    const bridges = [...this.#segments].flatMap((segment) => [
      `link add ${segment} type bridge stp_state 0 mcast_snooping 0 nf_call_iptables 0 nf_call_ip6tables 0 nf_call_arptables 0`,
      `link set ${segment} addrgenmode none`,
      `link set ${segment} up`,
    ]);
    await batch(this.#lab.namespace('sw'), bridges);
    for (const [node, names] of this.interfaces) {
      await batch(
        this.#lab.namespace('sw'),
        names.flatMap((name) => this.#cable(node, name)),
      );
      await batch(
        this.#lab.namespace(node),
        names.map((name) => `link set ${name} up`),
      );
    }
  }

  #cable(node: string, name: string): string[] {
    const port = portName(node, name);
    return [
      `link add ${port} type veth peer name ${name} netns ${this.#lab.namespace(node)}`,
      `link set ${port} addrgenmode none`,
      `link set ${port} master ${name}`,
      `link set ${port} up`,
    ];
  }

  async remove(): Promise<void> {
    const ports = [...this.interfaces].flatMap(([node, names]) =>
      names.map((name) => portName(node, name)),
    );
    await batch(
      this.#lab.namespace('sw'),
      [...ports, ...this.#segments].map((link) => `link delete ${link}`),
    );
  }
}
