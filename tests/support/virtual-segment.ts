import { dutyDigest } from '../../modules/metallb/src/duty/digest.ts';
import type { Duty, DutyTable, Group, Member, Reach } from '../../modules/metallb/src/duty/duty.ts';
import type { Report } from '../../modules/metallb/src/duty/messages.ts';
import { probe } from '../../modules/metallb/src/layer2/announcement.ts';
import { classifyClaim } from '../../modules/metallb/src/layer2/claim.ts';
import type { IpAddress } from '../../modules/metallb/src/net/ip.ts';
import { BROADCAST_MAC, type MacAddress } from '../../modules/metallb/src/net/mac.ts';
import { decodeArp, encodeArp } from '../../modules/metallb/src/packet/arp.ts';
import {
  decodeEthernet,
  ETHER_TYPE_ARP,
  ETHER_TYPE_IPV6,
  encodeEthernet,
} from '../../modules/metallb/src/packet/ethernet.ts';
import { heartbeatKey } from '../../modules/metallb/src/packet/heartbeat.ts';
import { Counters } from '../../modules/metallb/src/wire/counters.ts';
import type { KeptReturns } from '../../modules/metallb/src/wire/returns.ts';
import { Segment } from '../../modules/metallb/src/wire/segment.ts';
import type { SegmentOptions } from '../../modules/metallb/src/wire/segment-options.ts';
import { ip, mac } from './addresses.ts';
import { dutyOf } from './duty-arbitraries.ts';
import { FakeClock } from './fake-clock.ts';

const SECRET = Buffer.alloc(32, 7);
const CLIENT_MAC = mac('02:00:00:00:00:c1');

const ETHER_TYPE_AT = 12;
const IPV6_NEXT_HEADER_AT = 20;
const NEXT_HEADER_UDP = 17;

/** What passed a virtual segment, and who sent it. */
export interface Sent {
  readonly at: number;
  readonly from: string;
  readonly frame: Uint8Array;
}

interface Station {
  readonly name: string;
  readonly mac: MacAddress;
  segment: Segment;
  readonly reports: Report[];
  readonly counters: Counters;
  relists: number;
  frozen: boolean;
  queued: Uint8Array[];
  readonly joined: Set<IpAddress>;
}

const OPTIONS: Omit<SegmentOptions, 'node'> = {
  cluster: 'test',
  keys: [heartbeatKey(SECRET)],
  heartbeatGroup: ip('ff02::1'),
  heartbeatIntervalMs: 100,
  heartbeatMultiplier: 3,
  holdDownMs: 1_000,
  holdDownMaxMs: 8_000,
  restartGraceMs: 30_000,
  dutyWaitMs: 0,
  announcePerSecond: 1_000,
  backgroundPerSecond: 500,
  excludeInterfaces: [],
};

/** Whole wire segments of several nodes on one virtual bridge, in virtual time, with real frames between them. */
export class VirtualSegment {
  readonly clock = new FakeClock({ earlyMs: 0.5 });
  readonly stations = new Map<string, Station>();
  readonly sent: Sent[] = [];
  /** What a host's neighbour cache holds after each frame. */
  readonly cache = new Map<IpAddress, MacAddress>();
  readonly duties = new Map<IpAddress, Duty>();
  readonly groups = new Map<string, Group>();
  /** What a node knows other than the rest. */
  readonly known = new Map<string, Partial<DutyTable>>();
  readonly draining = new Set<string>();
  /** Nodes whose kube-proxy has not synced since boot. */
  readonly dataplaneFailed = new Set<string>();
  /** Of each node, on the segment; of others nothing is asked. */
  readonly reach = new Map<string, Reach>();
  /** Nodes whose kernel is gone too. */
  readonly powerOff = new Set<string>();
  /** How often each node came back, as its disk keeps it. */
  readonly returns = new Map<string, KeptReturns>();
  readonly #cuts = new Set<string>();
  /** Frames that the bridge drops, by content. */
  drops: (frame: Uint8Array, from: string, to: string) => boolean = () => false;
  #seed = 1;

  table(node: string): DutyTable {
    const reach = this.reach.get(node);
    const pools = ['192.0.2.0-192.0.2.255', '2001:db8::-2001:db8::ffff'];
    return {
      duties: this.duties,
      groups: this.groups,
      pools,
      draining: this.draining.has(node),
      dataplaneFailed: this.dataplaneFailed.has(node),
      reachability: reach === undefined ? {} : { eth0: reach },
      revision: 1,
      ...this.known.get(node),
    };
  }

  group(...members: (string | Member)[]): void {
    const all = members.map((member) =>
      typeof member === 'string'
        ? ({ node: member, excluded: false, ready: 'unknown' } as const)
        : member,
    );
    this.groups.set('g', { id: 'g', interfaces: [], members: all });
  }

  duty(address: string, preferredNode: string, more: Partial<Duty> = {}): void {
    const duty = dutyOf(address, { group: 'g', preferredNode, probing: 'none', ...more });
    this.duties.set(duty.ip, duty);
  }

  /** The interface of a station. */
  link(name: string) {
    const index = Number(name.replace(/\D/g, ''));
    const octet = index.toString(16).padStart(2, '0');
    return {
      name: 'eth0',
      mac: mac(`02:00:00:00:00:${octet}`),
      addresses: [ip(`10.9.0.${index}`)],
      linkLocal: ip(`fe80::${index}`),
      subnets: [`10.9.0.${index}/24`],
    };
  }

  start(
    name: string,
    resumed?: readonly IpAddress[],
    options: Partial<SegmentOptions> = {},
  ): Station {
    const station: Omit<Station, 'segment'> = {
      name,
      mac: this.link(name).mac,
      reports: [],
      counters: new Counters(),
      relists: 0,
      frozen: false,
      queued: [],
      joined: new Set(),
    };
    const segment = new Segment(
      this.link(name),
      this.#ports(station),
      { ...OPTIONS, ...options, node: name },
      resumed && { announced: resumed, failedGates: { dataplane: false, reachability: false } },
    );
    const whole = Object.assign(station, { segment });
    this.stations.set(name, whole);
    return whole;
  }

  #ports(station: Omit<Station, 'segment'>) {
    const { name } = station;
    return {
      clock: this.#clockOf(station),
      counters: station.counters,
      random: () => this.#random(),
      randomBytes: (length: number) =>
        Uint8Array.from({ length }, () => Math.floor(this.#random() * 256)),
      send: (frame: Uint8Array) => this.transmit(name, Uint8Array.from(frame)),
      join: (address: IpAddress) => void station.joined.add(address),
      leave: (address: IpAddress) => void station.joined.delete(address),
      report: (report: Report) => void station.reports.push(report),
      relist: () => {
        station.relists += 1;
      },
      table: () => this.table(name),
      knowsDuties: () => true,
      digestOf: (address: IpAddress) => {
        const { duties, groups } = this.table(name);
        const duty = duties.get(address);
        return duty === undefined ? '0'.repeat(16) : dutyDigest(duty, groups.get(duty.group));
      },
      afterQueuedFrames: (run: () => void) => void this.#clockOf(station).after(0, run),
      keepAnnounced: () => undefined,
      log: () => undefined,
      keptReturns: () => this.returns.get(name),
      keepReturns: (returns: KeptReturns) => void this.returns.set(name, returns),
      keepGates: () => undefined,
    };
  }

  /** A frozen or dead process runs no timer until it is thawed. */
  #clockOf(station: Omit<Station, 'segment'>) {
    const run = (work: () => void): void => {
      if (station.frozen) void this.clock.after(1, () => run(work));
      else work();
    };
    return {
      now: () => this.clock.now(),
      epochMs: () => this.clock.epochMs(),
      after: (delayMs: number, work: () => void) => this.clock.after(delayMs, () => run(work)),
    };
  }

  #random(): number {
    this.#seed = (this.#seed * 48_271) % 2_147_483_647;
    return this.#seed / 2_147_483_647;
  }

  /** Network between two stations, one way. */
  cut(from: string, to: string): void {
    this.#cuts.add(`${from}>${to}`);
  }

  unplug(name: string): void {
    for (const other of [...this.stations.keys(), 'client']) {
      this.cut(name, other);
      this.cut(other, name);
    }
  }

  heal(): void {
    this.#cuts.clear();
  }

  /** The process is gone without a word. */
  kill(name: string): void {
    const station = this.stations.get(name);
    if (station === undefined) throw new Error(`no node ${name}`);
    station.frozen = true;
    this.stations.delete(name);
  }

  /** The kernel of a node answers for the node's own address, whatever its processes do. */
  #kernelAnswers(question: Uint8Array): void {
    const frame = decodeEthernet(question);
    if (frame.etherType !== ETHER_TYPE_ARP) return;
    const request = decodeArp(frame.payload);
    const index = /^10\.9\.0\.(\d+)$/.exec(request.targetIp)?.[1];
    if (index === undefined || request.operation !== 'request' || this.powerOff.has(`n${index}`))
      return;
    const own = mac(`02:00:00:00:00:${Number(index).toString(16).padStart(2, '0')}`);
    const arp = {
      operation: 'reply' as const,
      ...{ senderHardwareAddress: own, senderIp: request.targetIp },
      ...{
        targetHardwareAddress: frame.source,
        targetIp: request.senderIp,
        trailer: new Uint8Array(0),
      },
    } as const;
    const reply = { destination: frame.source, source: own, etherType: ETHER_TYPE_ARP };
    this.transmit(`n${index}`, encodeEthernet({ ...reply, payload: encodeArp(arp) }));
  }

  transmit(from: string, frame: Uint8Array): void {
    this.#kernelAnswers(frame);
    this.sent.push({ at: this.clock.now(), from, frame });
    if (!this.#cuts.has(`${from}>client`)) this.#clientHears(frame);
    const reached = [...this.stations.values()].filter(
      ({ name }) =>
        name !== from && !this.#cuts.has(`${from}>${name}`) && !this.drops(frame, from, name),
    );
    void this.clock.after(0, () => {
      for (const station of reached) this.#deliver(station, frame);
    });
  }

  #deliver(station: Station, frame: Uint8Array): void {
    if (station.frozen) station.queued.push(frame);
    else station.segment.receive(frame);
  }

  #clientHears(bytes: Uint8Array): void {
    const frame = decodeEthernet(bytes);
    const claim = classifyClaim(frame);
    const forClient =
      frame.destination === CLIENT_MAC ||
      Number.parseInt(frame.destination.slice(0, 2), 16) % 2 === 1;
    if (claim !== undefined && forClient) this.cache.set(claim.ip, claim.mac);
  }

  thaw(name: string): void {
    const station = this.stations.get(name);
    if (station === undefined) throw new Error(`no node ${name}`);
    station.frozen = false;
    for (const frame of station.queued.splice(0)) station.segment.receive(frame);
  }

  /** Asks everybody for an IP, as a host with a cold cache does. @returns who answered, by MAC */
  ask(address: string): MacAddress[] {
    const from = this.sent.length;
    const question = probe(ip(address), CLIENT_MAC);
    this.transmit('client', question);
    this.clock.advance(5);
    const replies = this.sent.slice(from).flatMap(({ frame, from: sender }) => {
      const decoded = decodeEthernet(frame);
      const claim = classifyClaim(decoded);
      const answers = claim?.ip === ip(address) && sender !== 'client';
      return answers &&
        (decoded.destination === CLIENT_MAC || decoded.destination !== BROADCAST_MAC)
        ? [claim.mac]
        : [];
    });
    return [...new Set(replies)];
  }

  /** A host's frame, so that nodes know somebody who can prove that they receive. */
  hostSpeaks(): void {
    this.transmit('client', probe(ip('192.0.2.99'), CLIENT_MAC));
  }

  run(ms: number): void {
    this.clock.advance(ms);
  }
}

/** For what `drops` decides. */
export function isHeartbeat(frame: Uint8Array): boolean {
  const etherType = Buffer.from(frame).readUInt16BE(ETHER_TYPE_AT);
  return etherType === ETHER_TYPE_IPV6 && frame[IPV6_NEXT_HEADER_AT] === NEXT_HEADER_UDP;
}
