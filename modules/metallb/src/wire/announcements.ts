import type { Probing } from '../duty/duty.ts';
import type { Report } from '../duty/messages.ts';
import { AddressProbes } from '../layer2/address-probes.ts';
import { announcement } from '../layer2/announcement.ts';
import { type Announcement, Announcer } from '../layer2/announcer.ts';
import { Askers } from '../layer2/askers.ts';
import type { Claim } from '../layer2/claim.ts';
import { type ConflictAction, ConflictWatch } from '../layer2/conflict-watch.ts';
import { Pacing } from '../layer2/pacing.ts';
import { familyOf, type IpAddress } from '../net/ip.ts';
import type { MacAddress } from '../net/mac.ts';
import type { SegmentLink, SegmentOptions, SegmentPorts } from './segment-options.ts';

/**
 * Pace of a taker whose predecessor may have been shut for its own burst (network rule 19). Dynamic ARP Inspection counts
 * to 15 in a second: a handful of IPs can still be told at once.
 */
const REDUCED = { ratePerSecond: 10, burst: 4 };

type ConflictReport = Extract<Report, { type: 'conflict' }>;

/** All that this node says unasked on one segment, and what foreign hosts say against it. */
export class Announcements {
  readonly #ports: SegmentPorts;
  readonly #link: SegmentLink;
  readonly #pacing: Pacing;
  readonly #announcer: Announcer;
  readonly #probes: AddressProbes;
  readonly #conflicts: ConflictWatch;
  /** IPs that a foreign host had before they were announced; told when they are free at last. */
  readonly #vetoed = new Set<IpAddress>();
  /** Conflicts that were told and are not over. */
  readonly #open = new Map<IpAddress, ConflictReport>();
  readonly askers = new Askers();

  readonly #isPeer: (mac: MacAddress) => boolean;
  readonly #onProbed: (ip: IpAddress) => void;
  readonly #ask: (ip: IpAddress) => void;
  readonly #onVetoed: (ip: IpAddress) => void;

  /**
   * @param isPeer whether a node of the cluster has this address here, our own included
   * @param isStranger whether a node with another heartbeat key has it: its claim vetoes nothing, but is a conflict
   * @param mayTake whether an IP that was asked for in full, and that nobody has, may be announced
   * @param onProbed an IP has been found free of foreign hosts, and is announced
   * @param onVetoed an IP is not announced, since a foreign host has it
   * @param ask the segment who has an IP
   */
  constructor(
    link: SegmentLink,
    ports: SegmentPorts,
    options: SegmentOptions & {
      isPeer: (mac: MacAddress) => boolean;
      isStranger: (mac: MacAddress) => boolean;
      mayTake: (ip: IpAddress) => boolean;
      onProbed: (ip: IpAddress) => void;
      onVetoed: (ip: IpAddress) => void;
      ask: (ip: IpAddress) => void;
    },
  ) {
    const now = ports.clock.now();
    const rates = {
      firstRoundPerSecond: options.announcePerSecond,
      backgroundPerSecond: options.backgroundPerSecond,
    };
    const { mac } = link;
    const { isPeer, isStranger, mayTake } = options;
    const isMember = (address: MacAddress) => isPeer(address) || isStranger(address);
    this.#ports = ports;
    this.#link = link;
    this.#pacing = new Pacing(rates, now);
    const random = () => ports.random();
    this.#announcer = new Announcer(this.#pacing, random, { mac });
    const judgements = { isPeer: isMember, mayTake };
    this.#probes = new AddressProbes(this.#pacing, random, { mac, ...judgements });
    this.#conflicts = new ConflictWatch(this.#pacing, isPeer);
    this.#isPeer = isPeer;
    this.#onProbed = options.onProbed;
    this.#onVetoed = options.onVetoed;
    this.#ask = options.ask;
  }

  /** Announce from now on, or once it has been asked for. */
  begin(ip: IpAddress, probing: Probing, now: number): void {
    this.startAnswering(ip);
    this.#probes.cancel(ip);
    if (probing === 'none') this.repeat(ip, now);
    else this.#probes.begin(ip, probing, now);
  }

  /** The whole burst (again), to everybody and to whoever asked last. */
  repeat(ip: IpAddress, now: number): void {
    if (this.isProbed(ip)) return;
    this.#announce(ip, now);
    this.#announcer.remind(ip, this.askers.of(ip), now);
  }

  #announce(ip: IpAddress, now: number): void {
    this.#announcer.announce(ip, now);
    this.#conflicts.watch(ip, now);
  }

  /**
   * A person wants the IP announced whoever else has it (network rule 21), or only a node of ours has it: no more
   * probes, and a foreign host that vetoed it is one to defend it against.
   */
  force(ip: IpAddress, now: number): void {
    if (!this.isProbed(ip)) return;
    this.#probes.cancel(ip);
    this.#vetoed.delete(ip);
    this.repeat(ip, now);
    this.#onProbed(ip);
    const veto = this.#open.get(ip);
    if (veto === undefined) return;
    const actions = this.#conflicts.observe({ kind: 'reply', ip, mac: veto.mac }, now);
    // Nothing to do: that host has turned out to be a node of ours.
    this.#perform(actions.length > 0 ? actions : [{ kind: 'over', ip }]);
  }

  /** Say no more; answering is another matter. */
  end(ip: IpAddress): void {
    this.#announcer.withdraw(ip);
    this.#probes.cancel(ip);
    if (this.#vetoed.delete(ip)) this.#perform([{ kind: 'over', ip }]);
    this.#perform(this.#conflicts.forget(ip));
  }

  /** Multicast membership lasts as long as the IP is answered, in whoever's name. */
  startAnswering(ip: IpAddress): void {
    if (familyOf(ip) === 'IPv6') this.#ports.join(ip);
  }

  stopAnswering(ip: IpAddress): void {
    if (familyOf(ip) === 'IPv6') this.#ports.leave(ip);
  }

  /** When everybody was last told; -∞ for never. */
  lastSentAt(ip: IpAddress): number {
    return this.#announcer.lastSentAt(ip);
  }

  /** It has not been found free of foreign hosts; it may be answered. */
  isProbed(ip: IpAddress): boolean {
    return this.#probes.state(ip) !== undefined;
  }

  isOptimistic(ip: IpAddress): boolean {
    return this.#probes.state(ip) === 'optimistic';
  }

  /** It is ours, and yet not answered: not before it is known to be free, or not ours to take after all. */
  isSilent(ip: IpAddress): boolean {
    const state = this.#probes.state(ip);
    return state !== undefined && state !== 'optimistic';
  }

  /** Nobody has these, and yet they are not ours to take. */
  get withheld(): readonly IpAddress[] {
    return this.#probes.withheld;
  }

  /** The host that has it before us has turned out to be a node of ours, which we did not hear. */
  isVetoedByPeer(ip: IpAddress): boolean {
    const veto = this.#vetoed.has(ip) ? this.#open.get(ip) : undefined;
    return veto !== undefined && this.#isPeer(veto.mac);
  }

  /** In full, before the first answer. */
  isAskedInFull(ip: IpAddress): boolean {
    const state = this.#probes.state(ip);
    return state === 'full' || state === 'withheld';
  }

  reducePace(now: number): void {
    this.#pacing.slowDown(REDUCED, now);
  }

  restorePace(): void {
    this.#pacing.restore();
  }

  /** A foreign host's claim to an IP that we announce. */
  observe(claim: Claim, now: number): void {
    if (this.#probes.observe(claim, now)) {
      this.#vetoed.add(claim.ip);
      this.#tell({ ip: claim.ip, mac: claim.mac, vetoed: true });
      this.#onVetoed(claim.ip);
      return;
    }
    if (!this.isProbed(claim.ip)) this.#perform(this.#conflicts.observe(claim, now));
  }

  /** @returns whether the segment was asked who has the IP: not faster than it is told of anything */
  tryAsk(ip: IpAddress, now: number): boolean {
    const mayAsk = this.#pacing.tryTake('background', now);
    if (mayAsk) this.#ask(ip);
    return mayAsk;
  }

  #perform(actions: readonly ConflictAction[]): void {
    for (const action of actions) {
      if (action.kind === 'defend') this.#defend(action.ip);
      else if (action.kind === 'ask') this.#ask(action.ip);
      else if (action.kind === 'over') this.#tellOver(action.ip);
      else this.#tell({ ip: action.ip, mac: action.mac, vetoed: false });
    }
  }

  /** One announcement and no more (RFC 5227 §2.4 (c)). */
  #defend(ip: IpAddress): void {
    for (const frame of announcement(ip, this.#link.mac)) this.#say({ ip, frame });
  }

  #tell(conflict: Pick<ConflictReport, 'ip' | 'mac' | 'vetoed'>): void {
    const report = { type: 'conflict', interface: this.#link.name, ...conflict } as const;
    this.#open.set(conflict.ip, report);
    this.#ports.report(report);
  }

  #tellOver(ip: IpAddress): void {
    this.#open.delete(ip);
    this.#ports.report({ type: 'conflict-over', ip, interface: this.#link.name });
  }

  /** For a speaker that has just started. */
  get openConflicts(): readonly ConflictReport[] {
    return [...this.#open.values()];
  }

  /** Sends what is due and allowed. */
  step(now: number): void {
    const round = this.#probes.step(now);
    for (const frame of round.frames) this.#ports.send(frame);
    for (const ip of round.clear) {
      this.#announce(ip, now);
      this.#onProbed(ip);
      if (this.#vetoed.delete(ip)) this.#perform([{ kind: 'over', ip }]);
    }
    this.#perform(this.#conflicts.step(now));
    for (const said of this.#announcer.step(now)) this.#say(said);
  }

  #say({ ip, frame }: Announcement): void {
    const { counters } = this.#ports;
    this.#ports.send(frame);
    counters.add('announcements_total', { interface: this.#link.name });
    counters.ofIps.announced(ip);
  }

  nextDeadline(): number {
    return Math.min(
      this.#announcer.nextDeadline() ?? Number.POSITIVE_INFINITY,
      this.#probes.nextDeadline() ?? Number.POSITIVE_INFINITY,
      this.#conflicts.nextDeadline() ?? Number.POSITIVE_INFINITY,
    );
  }
}
