import { dutyDigest } from '../duty/digest.ts';
import type { DutyTable } from '../duty/duty.ts';
import type { Touched } from '../duty/duty-table.ts';
import type { Report } from '../duty/messages.ts';
import type { Link } from '../linux/link.ts';
import type { IpAddress } from '../net/ip.ts';
import type { ResumeState } from './resume-state.ts';
import { Segment } from './segment.ts';
import type { SegmentOptions, SegmentPorts } from './segment-options.ts';
import { isUsableLink } from './usable-link.ts';

/** Frames of one interface; closing is for ever. */
export interface FrameSocket {
  send(frame: Uint8Array): void;
  /** Let through what concerns these pools, `first-last` each. */
  setPools(pools: readonly string[]): void;
  close(): void;
}

export interface WirePorts
  extends Omit<SegmentPorts, 'send' | 'join' | 'leave' | 'table' | 'digestOf'> {
  openSocket(
    link: Link,
    pools: readonly string[],
    onFrame: (frame: Uint8Array) => void,
  ): Promise<FrameSocket>;
  /** Multicast membership of the solicited-node groups of the IPs answered on an interface. */
  joinGroup(interfaceName: string, ip: IpAddress): void;
  leaveGroup(interfaceName: string, ip: IpAddress): void;
  /** The table as far as the speaker has told it. */
  table(): DutyTable;
  log(message: string, facts: object): void;
}

export interface WireOptions extends SegmentOptions {
  readonly excludeInterfaces: readonly RegExp[];
}

interface OpenInterface {
  socket: FrameSocket;
  segment: Segment;
  link: Link;
}

/** All segments of this node: opened and closed as links and classes come and go, each on its own. */
export class Wire {
  readonly #ports: WirePorts;
  readonly #options: WireOptions;
  readonly #open = new Map<string, OpenInterface>();
  readonly #opening = new Set<string>();
  readonly #startedAt: number;
  #links: readonly Link[] = [];
  #resume: ResumeState | undefined;
  #pools: readonly string[] = [];
  #tableKnown = false;

  constructor(ports: WirePorts, options: WireOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#startedAt = ports.clock.now();
  }

  /** Go on with what the process before announced; to be called before the first links are known. */
  resume(state: ResumeState): void {
    this.#resume = state;
    this.#pools = state.pools;
  }

  setLinks(links: readonly Link[]): void {
    this.#links = links;
    for (const [name, entry] of this.#open) {
      const link = links.find((candidate) => candidate.name === name);
      if (link === undefined || link.mac !== entry.link.mac || !link.up) this.#close(name);
      else this.#refresh(entry, link);
    }
    this.#openMissing();
  }

  #refresh(entry: OpenInterface, link: Link): void {
    entry.segment.setAddresses(link);
    if (link.carrier !== entry.link.carrier) {
      this.#ports.log('carrier changed', { interface: link.name, carrier: link.carrier });
      entry.segment.setCarrier(link.carrier);
    }
    entry.link = link;
  }

  #close(name: string): void {
    const entry = this.#open.get(name);
    this.#open.delete(name);
    entry?.segment.stop();
    entry?.socket.close();
    this.#ports.log('interface closed', { interface: name });
  }

  #openMissing(): void {
    for (const link of this.#links) {
      const wanted = this.#isResumed(link) || this.#isUsable(link);
      if (!wanted || this.#open.has(link.name) || this.#opening.has(link.name)) continue;
      this.#opening.add(link.name);
      void this.#openLink(link).finally(() => this.#opening.delete(link.name));
    }
  }

  #isUsable(link: Link): boolean {
    return isUsableLink(link, this.#options.excludeInterfaces, this.#ports.table().groups.values());
  }

  #isResumed(link: Link): boolean {
    return link.up && !this.#tableKnown && this.#resume?.interfaces[link.name] !== undefined;
  }

  async #openLink(link: Link): Promise<void> {
    let segment: Segment | undefined;
    try {
      const socket = await this.#ports.openSocket(link, this.#pools, (frame) =>
        segment?.receive(frame),
      );
      segment = this.#newSegment(link, socket);
      this.#open.set(link.name, { socket, segment, link });
      socket.setPools(this.#pools);
      if (!link.carrier) segment.setCarrier(false);
      segment.setDraining(this.#ports.table().draining);
      this.#ports.log('interface opened', { interface: link.name, mac: link.mac });
    } catch (error) {
      this.#ports.log("can't open the interface", { interface: link.name, error });
    }
  }

  #newSegment(link: Link, socket: FrameSocket): Segment {
    const ports: SegmentPorts = {
      ...this.#ports,
      send: (frame) => socket.send(frame),
      join: (ip) => this.#ports.joinGroup(link.name, ip),
      leave: (ip) => this.#ports.leaveGroup(link.name, ip),
      table: () => this.#ports.table(),
      digestOf: (ip) => this.#digestOf(ip),
    };
    const resumed = this.#isFresh() ? this.#resume?.interfaces[link.name] : undefined;
    return new Segment(link, ports, this.#options, resumed);
  }

  /** What was announced before is only good for the first moments of this process. */
  #isFresh(): boolean {
    const { heartbeatIntervalMs, heartbeatMultiplier } = this.#options;
    return this.#ports.clock.now() - this.#startedAt < heartbeatIntervalMs * heartbeatMultiplier;
  }

  #digestOf(ip: IpAddress): string {
    const { duties, groups } = this.#ports.table();
    const duty = duties.get(ip);
    return duty === undefined ? '0'.repeat(16) : dutyDigest(duty, groups.get(duty.group));
  }

  /** The duty table has changed. */
  tableChanged(touched: Touched): void {
    this.#tableKnown = true;
    const { pools, draining, duties } = this.#ports.table();
    if (touched.pools || this.#pools !== pools) this.#setPools(pools);
    if (touched.groups.size > 0) this.#openMissing();
    const ips = touched.groups.size > 0 ? new Set([...duties.keys(), ...touched.ips]) : touched.ips;
    for (const { segment } of this.#open.values()) {
      segment.setDraining(draining);
      segment.elect(ips);
    }
  }

  #setPools(pools: readonly string[]): void {
    this.#pools = pools;
    for (const { socket } of this.#open.values()) socket.setPools(pools);
  }

  /** What the next process would need if this one ended now. */
  resumeState(): ResumeState {
    const interfaces: Record<string, readonly IpAddress[]> = {};
    for (const [name, { segment }] of this.#open) interfaces[name] = segment.announcedIps();
    return { pools: this.#pools, interfaces };
  }

  reports(): Report[] {
    return [...this.#open.values()].map(({ segment }) => segment.peersReport());
  }

  /** Everything announced and everything wrong now, for a speaker that has just started. */
  standingReports(): Report[] {
    return [...this.#open.values()].flatMap(({ segment }) => segment.standingReports());
  }

  /** Nothing is left that only this node answers. */
  get handedOver(): boolean {
    return [...this.#open.values()].every(({ segment }) => segment.handedOver);
  }

  /** SIGTERM: the process goes, the node stays (network rule 22). */
  sayRestarting(): void {
    for (const { segment } of this.#open.values()) segment.sayRestarting();
  }

  stop(): void {
    for (const name of [...this.#open.keys()]) this.#close(name);
  }
}
