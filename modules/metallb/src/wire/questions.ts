import {
  confirmationProbe,
  encodeNdpFrame,
  probe,
  UNSPECIFIED_IPV4,
} from '../layer2/announcement.ts';
import type { Claim } from '../layer2/claim.ts';
import type { Keyring } from '../liveness/keyring.ts';
import type { Peer } from '../liveness/peer.ts';
import type { SegmentLiveness } from '../liveness/segment-liveness.ts';
import { familyOf, type IpAddress, ipFromBytes, solicitedNodeGroup } from '../net/ip.ts';
import { type MacAddress, multicastMac } from '../net/mac.ts';
import { Confirmation } from './confirmation.ts';
import { linkLocalOf } from './heartbeat-frame.ts';
import { KnownHosts } from './known-hosts.ts';
import type { SegmentLink, SegmentPorts } from './segment-options.ts';
import { Turns } from './turns.ts';

/** All that this node asks on one segment: whether a suspect lives, whether it hears anything, who is absent. */
export class Questions {
  readonly hosts = new KnownHosts();
  readonly #confirmation: Confirmation;
  readonly #ports: Pick<SegmentPorts, 'send' | 'clock' | 'randomBytes'>;
  readonly #turns = new Turns();
  #link: SegmentLink;

  constructor(
    link: SegmentLink,
    ports: Pick<SegmentPorts, 'send' | 'clock' | 'randomBytes'>,
    keyring: Pick<Keyring, 'accepted'>,
  ) {
    this.#link = link;
    this.#ports = ports;
    this.#confirmation = new Confirmation(keyring, (length) => ports.randomBytes(length));
  }

  setLink(link: SegmentLink): void {
    this.#link = link;
  }

  /** Ask for a proof of life, by one IP per family of those that the suspect should announce (network rule 1). */
  confirm(peer: Peer, ips: Iterable<IpAddress>): void {
    const asked = new Set<string>();
    for (const ip of ips) {
      const family = familyOf(ip);
      if (asked.has(family)) continue;
      asked.add(family);
      const nonce = this.#confirmation.ask(peer.node, ip, family, this.#ports.clock.now());
      const question = { ip, own: this.#link.mac, sender: this.#sender(ip), nonce };
      this.#ports.send(confirmationProbe({ ...question, to: peer.mac }));
      this.#ports.send(confirmationProbe({ ...question, to: undefined }));
      if (asked.size === 2) return;
    }
  }

  /** A claim may be the answer of whoever was asked about this IP. */
  answered({ ip, mac, proof }: Claim, liveness: SegmentLiveness, now: number): void {
    const answer = this.#confirmation.check(ip, proof);
    if (answer === undefined) return;
    // Without proof, only the suspect's own address can be a sign of its life.
    if (answer.proven || liveness.peer(answer.node)?.mac === mac) {
      liveness.answered(answer.node, answer.proven, now);
    }
  }

  /** Ask a restarting node's kernel for its own addresses. */
  confirmKernel(peer: Peer): void {
    for (const ip of peer.addresses) this.#ask(ip, peer.mac);
  }

  /** Make some known hosts and peers send us a frame: proof that we receive (network rule 2). */
  solicit(peers: readonly Peer[]): void {
    for (const { ip, mac } of this.hosts.some()) this.#ask(ip, mac);
    const some = this.#turns.take(peers);
    for (const { addresses, mac } of some) for (const ip of addresses) this.#ask(ip, mac);
  }

  /** Ask everybody for an IP, as a host that would like to have it does. */
  askAll(ip: IpAddress): void {
    this.#ports.send(probe(ip, this.#link.mac));
  }

  /** Ask everybody who has an IP that this node has: an answer must not reach its clients, as one to `::` would. */
  whoHas(ip: IpAddress): void {
    if (familyOf(ip) === 'IPv4') return this.askAll(ip);
    const group = solicitedNodeGroup(ip);
    this.#solicitNeighbor(ip, multicastMac(group), ipFromBytes(group));
  }

  #ask(ip: IpAddress, to: MacAddress): void {
    const own = this.#link.mac;
    if (familyOf(ip) === 'IPv6') return this.#solicitNeighbor(ip, to, ip);
    this.#ports.send(
      confirmationProbe({ ip, own, sender: UNSPECIFIED_IPV4, to, nonce: new Uint8Array(16) }),
    );
  }

  #solicitNeighbor(target: IpAddress, to: MacAddress, destination: IpAddress): void {
    const own = this.#link.mac;
    const message = {
      kind: 'neighbor-solicitation',
      target,
      sourceLinkLayerAddress: own,
    } as const;
    const ends = { source: this.#sender(target), destination };
    this.#ports.send(encodeNdpFrame(message, { own, to, ...ends }));
  }

  /** ARP needs none of our addresses, and giving one would fill caches; NDP must come from one. */
  #sender(ip: IpAddress): IpAddress {
    if (familyOf(ip) === 'IPv4') return UNSPECIFIED_IPV4;
    return linkLocalOf(this.#link);
  }
}
