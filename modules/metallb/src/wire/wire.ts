import { dutyDigest } from '../duty/digest.ts';
import type { DutyTable } from '../duty/duty.ts';
import type { Touched } from '../duty/duty-table.ts';
import type { Report } from '../duty/messages.ts';
import type { Link } from '../linux/link.ts';
import type { IpAddress } from '../net/ip.ts';
import type { MacAddress } from '../net/mac.ts';
import type { HeartbeatKeys } from '../packet/heartbeat.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { MissingInterfaces } from './missing-interfaces.ts';
import { MissingSubnets } from './missing-subnets.ts';
import { Overloads } from './overloads.ts';
import {
  type Entries,
  RestartMemory,
  type ResumedInterface,
  type ResumeState,
} from './restart-memory.ts';
import type { KeptReturns, ReturnsPorts } from './returns.ts';
import { Segment } from './segment.ts';
import type { SegmentLink, SegmentOptions, SegmentPorts } from './segment-options.ts';
import { isUsableLink } from './usable-link.ts';

/** Frames of one interface; closing is for ever. */
export interface FrameSocket {
  send(frame: Uint8Array): void;
  /** Let through what concerns these pools, `first-last` each. */
  setPools(pools: readonly string[]): void;
  close(): void;
}

/** What comes of an open interface. */
export interface FrameSocketListener {
  /** @param overdue all else has waited for long: read what can't wait, and no other frame */
  readonly onFrame: (frame: Uint8Array, overdue: boolean) => void;
  /** More frames come than can be read, or no longer. */
  readonly onOverload: (overloaded: boolean) => void;
  /** Whose heartbeats must not be missed. */
  readonly peers: () => readonly MacAddress[];
}

export interface WirePorts
  extends Omit<
    SegmentPorts,
    | 'send'
    | 'join'
    | 'leave'
    | 'table'
    | 'knowsDuties'
    | 'digestOf'
    | 'keepAnnounced'
    | 'keepGates'
    | keyof ReturnsPorts
  > {
  openSocket(
    link: SegmentLink,
    pools: readonly string[],
    listener: FrameSocketListener,
  ): Promise<FrameSocket>;
  /** Multicast membership of the solicited-node groups of the IPs answered on an interface. */
  joinGroup(interfaceName: string, ip: IpAddress): void;
  leaveGroup(interfaceName: string, ip: IpAddress): void;
  readonly clock: Clock;
  /** How often this node came back to the segment of an interface, across boots. */
  readonly returns: {
    of(interfaceName: string): KeptReturns | undefined;
    keep(interfaceName: string, returns: KeptReturns): void;
  };
  /** The table as far as the speaker has told it. */
  table(): DutyTable;
  /** Keeps this for the next process, should this one end. */
  remember(entries: Entries): void;
}

interface OpenInterface {
  readonly socket: FrameSocket;
  readonly segment: Segment;
  link: SegmentLink;
  carrier: boolean;
}

/**
 * The controller prefers other nodes as soon as this one drains, and they take their IPs at once. Only what is left
 * after this time is given to whoever comes next in line: leaving earlier would move IPs twice.
 */
const DRAIN_WAIT_MS = 500;

/** All segments of this node: opened and closed as links and classes come and go, each on its own. */
export class Wire {
  readonly #ports: WirePorts;
  #options: SegmentOptions;
  readonly #memory: RestartMemory;
  readonly #open = new Map<string, OpenInterface>();
  readonly #opening = new Set<string>();
  #links: readonly Link[] = [];
  #pools: readonly string[] = [];
  /** Runs, or has run, since this node drains. */
  #drainWait: Timer | undefined;
  #leaves = false;
  #tableKnown = false;
  readonly #missing: MissingInterfaces;
  readonly #overloads: Overloads;
  readonly #missingSubnets: MissingSubnets;

  constructor(ports: WirePorts, options: SegmentOptions) {
    this.#ports = ports;
    this.#options = options;
    const remember = (entries: Entries) => ports.remember(entries);
    this.#missing = new MissingInterfaces(options.node, (report) => ports.report(report));
    this.#overloads = new Overloads((report) => ports.report(report));
    this.#missingSubnets = new MissingSubnets(options, (report) => ports.report(report));
    this.#memory = new RestartMemory(remember, (run) => ports.afterQueuedFrames(run));
  }

  /** Goes on with what the process before announced, before links or duties are known here. Resolves when it answers. */
  async resume({ pools, interfaces }: ResumeState): Promise<void> {
    this.#pools = pools;
    await Promise.all(interfaces.map((entry) => this.#openLink(entry.link, entry)));
  }

  /** The file of heartbeat keys has changed. */
  setKeys(keys: HeartbeatKeys): void {
    this.#options = { ...this.#options, keys };
    for (const { segment } of this.#open.values()) segment.setKeys(keys);
  }

  setLinks(links: readonly Link[]): void {
    this.#links = links;
    this.#missingSubnets.setLinks(links, this.#ports.table());
    for (const [name, entry] of this.#open) {
      const link = links.find((candidate) => candidate.name === name);
      if (link === undefined || link.mac !== entry.link.mac || !link.up) this.#close(name);
      else this.#refresh(entry, link);
    }
    this.#openMissing();
  }

  #refresh(entry: OpenInterface, link: Link): void {
    entry.link = link;
    this.#memory.setLink(link);
    entry.segment.setAddresses(link);
    if (link.carrier === entry.carrier) return;
    entry.carrier = link.carrier;
    this.#ports.log('carrier changed', { interface: link.name, carrier: link.carrier });
    entry.segment.setCarrier(link.carrier);
  }

  #close(name: string): void {
    const entry = this.#open.get(name);
    this.#open.delete(name);
    entry?.segment.stop();
    entry?.socket.close();
    this.#overloads.set(name, false);
    this.#memory.forgetLink(name);
    this.#ports.counters.removeGaugesOf(name);
    this.#ports.log('interface closed', { interface: name });
  }

  #openMissing(): void {
    const { excludeInterfaces } = this.#options;
    const groups = [...this.#ports.table().groups.values()];
    if (this.#links.length > 0) this.#missing.look(groups, this.#links, excludeInterfaces);
    for (const link of this.#links) {
      const known = this.#open.has(link.name) || this.#opening.has(link.name);
      if (!known && isUsableLink(link, excludeInterfaces, groups)) void this.#openLink(link);
    }
  }

  /** Never rejects. */
  #openLink(link: SegmentLink, resumed?: ResumedInterface): Promise<void> {
    const { name } = link;
    this.#opening.add(name);
    let segment: Segment | undefined;
    return this.#ports
      .openSocket(link, this.#pools, {
        onFrame: (frame, overdue) => segment?.receive(frame, overdue),
        onOverload: (overloaded) => {
          this.#overloads.set(name, overloaded);
          if (!overloaded) segment?.keepsUpAgain();
        },
        peers: () => segment?.peerMacs ?? [],
      })
      .then((socket) => {
        segment = new Segment(link, this.#segmentPorts(name, socket), this.#options, resumed);
        this.#opened({ socket, segment, link, carrier: true });
      })
      .catch((error: unknown) => {
        this.#ports.log("can't open the interface", { interface: name, error });
      })
      .finally(() => void this.#opening.delete(name));
  }

  /** What has changed while the socket was being opened is taken in now. */
  #opened(entry: OpenInterface): void {
    const { name, mac } = entry.link;
    this.#open.set(name, entry);
    this.#memory.setLink(entry.link);
    this.#memory.setPools(this.#pools);
    this.#ports.log('interface opened', { interface: name, mac });
    entry.socket.setPools(this.#pools);
    entry.segment.setDraining(this.#leaves);
    if (this.#links.length > 0) this.setLinks(this.#links);
  }

  #segmentPorts(name: string, socket: FrameSocket): SegmentPorts {
    return {
      ...this.#ports,
      send: (frame) => socket.send(frame),
      join: (ip) => this.#ports.joinGroup(name, ip),
      leave: (ip) => this.#ports.leaveGroup(name, ip),
      table: () => this.#ports.table(),
      knowsDuties: () => this.#tableKnown,
      digestOf: (ip) => this.#digestOf(ip),
      keepAnnounced: (ip, announced) => this.#memory.setAnnounced(name, ip, announced),
      keptReturns: () => this.#ports.returns.of(name),
      keepReturns: (returns) => this.#ports.returns.keep(name, returns),
      keepGates: (failed) => this.#memory.setGates(name, failed),
    };
  }

  #digestOf(ip: IpAddress): string {
    const { duties, groups } = this.#ports.table();
    const duty = duties.get(ip);
    return duty === undefined ? '0'.repeat(16) : dutyDigest(duty, groups.get(duty.group));
  }

  /** The duty table has changed. */
  tableChanged(touched: Touched): void {
    this.#tableKnown = true;
    const { pools, duties } = this.#ports.table();
    if (touched.pools || this.#pools !== pools) this.#setPools(pools);
    if (touched.groups.size > 0) this.#openMissing();
    this.#considerLeaving();
    const isForAll = touched.groups.size > 0 || touched.dataplane;
    const ips = isForAll ? new Set([...duties.keys(), ...touched.ips]) : touched.ips;
    if (this.#links.length > 0) this.#missingSubnets.look(ips, this.#ports.table());
    for (const { segment } of this.#open.values()) segment.elect(ips);
  }

  #setPools(pools: readonly string[]): void {
    this.#pools = pools;
    this.#memory.setPools(pools);
    for (const { socket } of this.#open.values()) socket.setPools(pools);
  }

  // --- leaving --------------------------------------------------------------------------------------------------

  #considerLeaving(): void {
    const { draining } = this.#ports.table();
    if (draining) {
      this.#drainWait ??= this.#ports.clock.after(DRAIN_WAIT_MS, () => this.#setLeaving(true));
    } else if (this.#drainWait !== undefined) {
      this.#drainWait.cancel();
      this.#drainWait = undefined;
      this.#setLeaving(false);
    }
  }

  #setLeaving(leaving: boolean): void {
    this.#leaves = leaving;
    for (const { segment } of this.#open.values()) segment.setDraining(leaving);
  }

  /** Others are to have IPs that this node still answers: all of a drained node's, or those that it has lost. */
  get handsOver(): boolean {
    const segments = [...this.#open.values()].map(({ segment }) => segment);
    if (!this.#ports.table().draining) return segments.some(({ yields }) => yields);
    return !this.#leaves || segments.some(({ handedOver }) => !handedOver);
  }

  /** SIGTERM: the process goes, the node stays (network rule 22). */
  sayRestarting(): void {
    for (const { segment } of this.#open.values()) segment.sayRestarting();
  }

  // --- what others are told -------------------------------------------------------------------------------------

  /** Duties are known, and every segment takes part in elections: a rolling update may go on to the next node. */
  get ready(): boolean {
    const segments = [...this.#open.values()].map(({ segment }) => segment);
    return this.#tableKnown && this.#opening.size === 0 && segments.every(({ ready }) => ready);
  }

  report(): Report {
    const segments = [...this.#open.values()].map(({ segment }) => segment.report);
    return { type: 'segments', segments };
  }

  /** Everything announced and everything wrong now, for a speaker that has just started. */
  standingReports(): Report[] {
    const ofSegments = [...this.#open.values()].map(({ segment }) => segment.standingReports());
    const missing = [...this.#missing.active(), ...this.#missingSubnets.active()];
    return [...ofSegments.flat(), ...missing, ...this.#overloads.active()];
  }
}
