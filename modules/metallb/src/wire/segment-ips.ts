import { LRUCache } from 'lru-cache';
import type { Duty } from '../duty/duty.ts';
import type { Report } from '../duty/messages.ts';
import type { SegmentView } from '../election/view.ts';
import type { Lookup, Question } from '../layer2/answer.ts';
import type { Claim } from '../layer2/claim.ts';
import type { Keyring } from '../liveness/keyring.ts';
import { isCounted, type Peer } from '../liveness/peer.ts';
import type { SegmentLiveness } from '../liveness/segment-liveness.ts';
import type { IpAddress } from '../net/ip.ts';
import type { MacAddress } from '../net/mac.ts';
import { Announcements } from './announcements.ts';
import { Answers } from './answers.ts';
import { DisputeSettlement } from './dispute-settlement.ts';
import { type Elect, ElectionQueue } from './election-queue.ts';
import { type ElectionInput, IpRoles, type Transition } from './ip-roles.ts';
import { mayTake } from './may-take.ts';
import { MoveReports } from './move-reports.ts';
import type { Questions } from './questions.ts';
import type { Resumed, SegmentLink, SegmentOptions, SegmentPorts } from './segment-options.ts';
import { StandIns } from './stand-ins.ts';
import type { StaticPresence } from './static-presence.ts';
import { YieldedIps } from './yielded-ips.ts';

const MAX_CLAIMS = 10_000;
/** Whom we have answered since then, the winner's last rounds still reach. */
const CLAIM_LASTS_MS = 1_500;

/** What the elections of a segment look at. */
export interface SegmentSight {
  readonly liveness: SegmentLiveness;
  readonly questions: Questions;
  readonly presence: StaticPresence;
  readonly keyring: Keyring;
  view(): SegmentView;
  mayElect(): boolean;
  /** Whether a duty may be served on this interface. */
  isForHere(duty: Duty): boolean;
  /** There may be something to announce. */
  elected(): void;
}

/** The IPs that this node serves on one segment: elected, announced, answered, handed over and disputed here. */
export class SegmentIps {
  readonly announcements: Announcements;
  readonly disputes: DisputeSettlement;
  readonly #link: SegmentLink;
  readonly #ports: SegmentPorts;
  readonly #sight: SegmentSight;
  readonly #roles: IpRoles;
  readonly #moves: MoveReports;
  readonly #answers: Answers;
  readonly #standIns: StandIns;
  /** The last announcement by another node of each of our IPs. */
  readonly #claims = new LRUCache<IpAddress, { readonly mac: MacAddress; readonly at: number }>({
    ...{ maxSize: MAX_CLAIMS, sizeCalculation: () => 1 },
  });
  readonly #yielded = new YieldedIps();
  readonly #elections: ElectionQueue;
  /** Whoever is announcer after the elections tells everybody again. */
  #repeats = false;

  /** @param resumed what the wire process before announced here */
  constructor(
    link: SegmentLink,
    ports: SegmentPorts,
    sight: SegmentSight,
    options: SegmentOptions & { readonly resumed: Resumed | undefined },
  ) {
    const { liveness, questions, presence, keyring } = sight;
    const { node } = options;
    const resumed = options.resumed?.announced ?? [];
    this.#link = link;
    this.#ports = ports;
    this.#sight = sight;
    this.#roles = new IpRoles(node, (duty) => sight.isForHere(duty), resumed);
    const isPeer = (mac: MacAddress) => this.isPeer(mac);
    const isStranger = (mac: MacAddress) => presence.has(mac);
    const judgements = {
      ...{ isPeer, isStranger },
      mayTake: (ip: IpAddress) => mayTake(ip, ports.table(), liveness.peers),
      onProbed: (ip: IpAddress) => this.#probed(ip),
      onVetoed: (ip: IpAddress) => this.#keep(ip),
      ask: (ip: IpAddress) => questions.whoHas(ip),
    };
    this.announcements = new Announcements(link, ports, { ...options, ...judgements });
    this.disputes = new DisputeSettlement(link.name, ports, {
      isAnnouncer: (ip) => this.#roles.get(ip).kind === 'announcing',
      elect: (ip) => this.#elect()(ip),
      withdraw: (ip, reason) => this.#silence(ip, reason),
      repeat: (ip, now) => this.announcements.repeat(ip, now),
    });
    this.#moves = new MoveReports({ node, interface: link.name }, ports, (name) =>
      liveness.peer(name),
    );
    this.#standIns = new StandIns(node, {
      ...{ roles: this.#roles, liveness, clock: ports.clock, dutyWaitMs: options.dutyWaitMs },
      table: () => ports.table(),
      electionInput: () => this.#electionInput(),
      elect: (ips) => this.elect(ips),
    });
    const begin = () => (sight.mayElect() ? this.#elect() : undefined);
    this.#elections = new ElectionQueue(ports, begin, () => this.#sliceElected());
    const { announcements } = this;
    const { mac } = link;
    const sources = { mac, roles: this.#roles, liveness, announcements, questions, keyring };
    this.#answers = new Answers(sources, ports, options);
    for (const ip of resumed) {
      announcements.begin(ip, 'none', ports.clock.now());
      ports.keepAnnounced(ip, true);
    }
  }

  get announced(): IpAddress[] {
    return [...this.#roles.ips()].filter((ip) => this.#isAnnounced(ip));
  }

  /** Nothing is answered any more. */
  get none(): boolean {
    return this.#elections.isEmpty && [...this.#roles.active].length === 0;
  }

  /** Something is answered until its successor is seen, or will be as soon as it is elected. */
  get yields(): boolean {
    if (!this.#elections.isEmpty) return true;
    return [...this.#roles.active].some(([, { kind }]) => kind === 'yielding');
  }

  get reports(): Report[] {
    return [...this.#moves.all, ...this.announcements.openConflicts];
  }

  readonly lookup: Lookup = (ip) => this.#answers.lookup(ip);

  asked(question: Question): void {
    this.#standIns.asked(question);
    this.#answers.asked(question);
  }

  /** Winner of the last election of each IP. */
  get winners(): Iterable<[IpAddress, string]> {
    return this.#roles.winners;
  }

  wonBy(node: string): Iterable<IpAddress> {
    return this.#roles.wonBy(node);
  }

  /** Our own address, or one of the cluster's other nodes here. */
  isPeer(mac: MacAddress): boolean {
    return mac === this.#link.mac || this.#sight.liveness.peerWithMac(mac) !== undefined;
  }

  // --- election -----------------------------------------------------------------------------------------------

  electAll(): void {
    this.#elections.add(this.#ports.table().duties.keys(), this.#roles.ips());
  }

  /** Network rule 20: who stays announcer tells the segment so, whatever another one told before. */
  electAllAndRepeat(): void {
    this.#repeats = true;
    this.electAll();
  }

  /** Soon; the first of many at once. */
  elect(ips: Iterable<IpAddress>): void {
    this.#elections.add(ips);
  }

  #sliceElected(): void {
    if (this.#repeats && this.#elections.isEmpty) {
      this.#repeats = false;
      const now = this.#ports.clock.now();
      for (const ip of this.announced) this.announcements.repeat(ip, now);
    }
    this.#sight.elected();
  }

  #elect(): Elect {
    const input = this.#electionInput();
    const electRole = this.#roles.elections(input);
    return (ip) => {
      const duty = input.table.duties.get(ip);
      this.#standIns.meet(ip, duty);
      const transition = electRole(ip);
      if (transition !== undefined) this.#apply(transition);
      if (duty !== undefined) {
        this.#settleProbing(duty);
        this.#tellResumed(duty);
      }
      if (transition !== undefined) this.#keep(ip);
    };
  }

  #electionInput(): ElectionInput {
    const { liveness } = this.#sight;
    return {
      table: this.#ports.table(),
      view: this.#sight.view(),
      state: liveness.state,
      isRestarting: (node) => liveness.peer(node)?.phase === 'restarting',
      isHearsay: (node) => liveness.isHearsay(node),
      latecomers: this.#standIns.latecomers(),
    };
  }

  /** What is due is done, sent, or waits for its turn. */
  step(now: number): void {
    this.#standIns.step(now);
    // A leaver does not ask: until all hosts have been told, clients come to it (network rule 24).
    if (this.#sight.liveness.state !== 'leaving')
      this.#yielded.ask(now, (ip) => this.announcements.tryAsk(ip, now));
    this.announcements.step(now);
  }

  nextDeadline(): number {
    return Math.min(this.#standIns.nextDeadline(), this.announcements.nextDeadline());
  }

  // --- roles ----------------------------------------------------------------------------------------------------

  #keep(ip: IpAddress): void {
    this.#ports.keepAnnounced(ip, this.#isAnnounced(ip));
  }

  #isAnnounced(ip: IpAddress): boolean {
    return this.#roles.get(ip).kind === 'announcing' && !this.announcements.isSilent(ip);
  }

  #apply(transition: Transition): void {
    const { ip, duty, before, after } = transition;
    if (after.kind === 'announcing') return this.#begin(transition);
    if (after.kind === 'yielding') return this.#yield(ip, after.to);
    const covers = after.kind === 'covering';
    if (before.kind !== 'silent') {
      const reason = covers ? `${after.node} is restarting` : 'lost the election';
      this.#fallSilent(ip, duty === undefined ? 'no duty any more' : reason);
    }
    if (covers) this.announcements.startAnswering(ip);
  }

  /** What the wire process before began: the speaker must know, since another node may have had it meanwhile. */
  #tellResumed(duty: Duty): void {
    const { ip } = duty;
    if (!this.#isAnnounced(ip) || this.announcements.isOptimistic(ip) || this.#moves.has(ip))
      return;
    this.#moves.announced(duty, { ip, from: undefined, isFirst: false });
  }

  /**
   * The winner may have been seen already, when it knew before us that it wins. What was not yet found free nobody was
   * told of: that is left, since the winner asks for it, too, and may be vetoed.
   */
  #yield(ip: IpAddress, to: string): void {
    if (this.announcements.isProbed(ip)) return this.#silence(ip, `left to ${to}`);
    const now = this.#ports.clock.now();
    const isSeen = this.#hasAnnouncedOver(ip, to, now);
    this.announcements.end(ip);
    this.#yielded.add(ip, now);
    if (isSeen) this.#silence(ip, `handed over to ${to}`);
  }

  #hasAnnouncedOver(ip: IpAddress, node: string, now: number): boolean {
    const claim = this.#claims.get(ip);
    if (claim === undefined || claim.mac !== this.#sight.liveness.peer(node)?.mac) return false;
    return claim.at > this.announcements.lastSentAt(ip) && now - claim.at < CLAIM_LASTS_MS;
  }

  #begin(transition: Transition): void {
    const { ip, duty, before } = transition;
    this.#yielded.delete(ip);
    const probing = before.kind === 'silent' ? this.#standIns.probingOf(duty) : 'none';
    this.announcements.begin(ip, probing, this.#ports.clock.now());
    if (probing !== 'none') return;
    const goesOn = before.kind === 'yielding' && this.#moves.has(ip);
    if (duty !== undefined && !goesOn) this.#moves.announced(duty, transition);
  }

  /**
   * Only what is known to be free, or forced, counts as announced: the IP stays fresh to whoever takes it over before,
   * and to this node when its wire starts anew.
   */
  #probed(ip: IpAddress): void {
    const duty = this.#ports.table().duties.get(ip);
    if (duty !== undefined) this.#moves.announced(duty, { ip, from: undefined, isFirst: false });
    this.#keep(ip);
  }

  /**
   * A duty may be forced while its IP is asked for, or after a foreign host has vetoed it; and the store may say that
   * what was doubtful is so.
   */
  #settleProbing(duty: Duty): void {
    const { ip } = duty;
    const now = this.#ports.clock.now();
    if (duty.forced || this.announcements.isVetoedByPeer(ip))
      return this.announcements.force(ip, now);
    const probing = this.#standIns.probingOf(duty);
    if (probing === 'full' || !this.announcements.isAskedInFull(ip)) return;
    this.announcements.begin(ip, probing, now);
    if (probing === 'none') this.#probed(ip);
  }

  #standBack(ip: IpAddress): void {
    this.#silence(ip, 'somebody else has it');
    this.#elect()(ip);
  }

  #fallSilent(ip: IpAddress, reason: string): void {
    this.#yielded.delete(ip);
    this.announcements.end(ip);
    this.announcements.stopAnswering(ip);
    this.disputes.silenced(ip);
    this.#moves.withdrawn(ip, reason);
    this.#ports.keepAnnounced(ip, false);
  }

  silenceAll(reason: string): void {
    for (const ip of this.#roles.silenceAll()) this.#fallSilent(ip, reason);
  }

  #silence(ip: IpAddress, reason: string): void {
    this.#roles.silence(ip);
    this.#fallSilent(ip, reason);
  }

  /** A node that announced some of them is gone. */
  died(peer: Peer, silentSince: number): void {
    this.#moves.died(peer.node, silentSince);
  }

  // --- what others say ----------------------------------------------------------------------------------------

  /** A frame says that `claim.mac` has an IP. */
  claimed(claim: Claim): void {
    const now = this.#ports.clock.now();
    const peer = this.#sight.liveness.peerWithMac(claim.mac);
    const asks = this.announcements.isAskedInFull(claim.ip);
    if (asks && this.#standIns.isLeftTo(peer, claim.ip)) return this.#standBack(claim.ip);
    this.#standIns.sawClaim(claim, peer);
    const role = this.#roles.get(claim.ip);
    if (role.kind === 'yielding') return this.#handOver(claim, role.to, now);
    if (role.kind !== 'announcing') return;
    if (peer !== undefined && claim.kind === 'announcement') {
      this.#claims.set(claim.ip, { mac: claim.mac, at: now });
    }
    // Nobody disputes what this node does not answer.
    if (peer === undefined || this.announcements.isSilent(claim.ip)) {
      return this.announcements.observe(claim, now);
    }
    this.disputes.claimed(claim.ip, now);
  }

  /**
   * Any peer that counts ends it, by an announcement: a reply is told to one host, and while the winner may still
   * announce, only that shows that all others know it too. Of a winner that is not heard, its MAC is known at best.
   */
  #handOver({ ip, mac, kind }: Claim, to: string, now: number): void {
    const { liveness, presence } = this.#sight;
    const peer = liveness.peerWithMac(mac);
    if (peer === undefined || !isCounted(peer)) {
      if (presence.mayBe(to, mac)) this.#silence(ip, `handed over to ${to}`);
    } else if (kind === 'announcement' || !this.#yielded.mayBeAnnounced(ip, now)) {
      this.#silence(ip, `handed over to ${peer.node}`);
    }
  }
}
