import type { Lab } from './lab.ts';
import { batch, portName } from './network.ts';

/** Segments of their own, on which all nodes of a lab and nobody else meet. */
export class WideNetwork {
  readonly #lab: Lab;
  readonly segments: readonly string[];

  constructor(lab: Lab, count: number) {
    this.#lab = lab;
    this.segments = Array.from({ length: count }, (_, index) => `wide${index}`);
  }

  /** Interfaces of the segments' names on each node, without addresses but IPv6's link-local ones. */
  async lay(): Promise<void> {
    const { nodes } = this.#lab;
    const inSwitch = this.segments.flatMap((segment) => [
      `link add ${segment} type bridge stp_state 0 mcast_snooping 0 nf_call_iptables 0 nf_call_ip6tables 0 nf_call_arptables 0`,
      `link set ${segment} addrgenmode none`,
      `link set ${segment} up`,
      ...nodes.flatMap((node) => this.#cable(node, segment)),
    ]);
    await batch(this.#lab.namespace('sw'), inSwitch);
    for (const node of nodes) {
      const ups = this.segments.map((segment) => `link set ${segment} up`);
      await batch(this.#lab.namespace(node), ups);
    }
  }

  #cable(node: string, segment: string): string[] {
    const port = portName(node, segment);
    return [
      `link add ${port} type veth peer name ${segment} netns ${this.#lab.namespace(node)}`,
      `link set ${port} addrgenmode none`,
      `link set ${port} master ${segment}`,
      `link set ${port} up`,
    ];
  }

  async remove(): Promise<void> {
    const links = this.segments.flatMap((segment) => [
      ...this.#lab.nodes.map((node) => portName(node, segment)),
      segment,
    ]);
    await batch(
      this.#lab.namespace('sw'),
      links.map((link) => `link delete ${link}`),
    );
  }
}
