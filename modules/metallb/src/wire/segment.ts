import type { Duty } from '../duty/duty.ts';
import type { Report, SegmentReport } from '../duty/messages.ts';
import type { Claim } from '../layer2/claim.ts';
import type { LivenessAction } from '../liveness/liveness-action.ts';
import { type Peer, wasHeardAt } from '../liveness/peer.ts';
import type { SegmentLiveness } from '../liveness/segment-liveness.ts';
import type { IpAddress } from '../net/ip.ts';
import type { MacAddress } from '../net/mac.ts';
import { type HeartbeatKeys, type SignedHeartbeat, shortId } from '../packet/heartbeat.ts';
import type { Timer } from '../time/clock.ts';
import { CarefulPace } from './careful-pace.ts';
import { Conditions } from './conditions.ts';
import { ElectionStart } from './election-start.ts';
import { FrameReader } from './frame-reader.ts';
import { ownAddresses } from './heartbeat-frame.ts';
import { HeartbeatSender } from './heartbeat-sender.ts';
import { livenessOf } from './liveness-of-segment.ts';
import { OwnGates } from './own-gates.ts';
import { Place } from './place.ts';
import { Questions } from './questions.ts';
import { Returns } from './returns.ts';
import { SegmentHealth, segmentReport } from './segment-health.ts';
import { SegmentIps } from './segment-ips.ts';
import type { Resumed, SegmentLink, SegmentOptions, SegmentPorts } from './segment-options.ts';
import { isReady, segmentView } from './segment-view.ts';
import { Shadow } from './shadow.ts';
import { StaticPresence } from './static-presence.ts';

/** The frame that says `restarting` saves every connection of this node: worth repeating. */
const LAST_WORDS = 3;

/**
 * One interface's whole part in the service: who is alive here, and when what is due. Decisions are made in the pure
 * folders and in `SegmentIps`; this class carries frames and time to them.
 */
export class Segment {
  #link: SegmentLink;
  readonly #place: Place;
  readonly #ports: SegmentPorts;
  readonly #options: SegmentOptions;
  readonly #liveness: SegmentLiveness;
  readonly #ips: SegmentIps;
  readonly #questions: Questions;
  readonly #sender: HeartbeatSender;
  readonly #reader: FrameReader;
  readonly #presence: StaticPresence;
  readonly #gates: OwnGates;
  readonly #pace: CarefulPace;
  readonly #conditions: Conditions;
  readonly #health: SegmentHealth;
  readonly #returns: Returns;
  readonly #detectionMs: number;
  readonly #electionStart: ElectionStart;
  #lastTurnAt: number;
  #timer: Timer | undefined;
  #wakeAt = Number.POSITIVE_INFINITY;
  #judging = false;
  #carrier = true;
  #stopped = false;
  readonly #shadow: Shadow;

  constructor(link: SegmentLink, ports: SegmentPorts, options: SegmentOptions, resumed?: Resumed) {
    const now = ports.clock.now();
    this.#link = link;
    this.#place = new Place(link, options.excludeInterfaces);
    this.#ports = ports;
    this.#options = options;
    this.#detectionMs = options.heartbeatIntervalMs * options.heartbeatMultiplier;
    this.#shadow = new Shadow(link.name, 2 * this.#detectionMs);
    this.#electionStart = new ElectionStart(this.#detectionMs, now);
    this.#lastTurnAt = now;
    this.#returns = new Returns(ports, this.#detectionMs);
    const past = { resume: resumed !== undefined, returned: this.#returns.before(now) };
    this.#liveness = livenessOf(link, ports, options, past);
    this.#presence = new StaticPresence(options.node, this.#liveness);
    this.#gates = new OwnGates(link.name, ports, this.#liveness, resumed?.failedGates);
    this.#sender = new HeartbeatSender(link.name, ports, options);
    this.#questions = new Questions(link, ports, this.#sender.keyring);
    this.#conditions = new Conditions(link.name, (report) => ports.report(report));
    this.#health = new SegmentHealth(options.node, link.name, this.#conditions, ports.counters);
    const sight = {
      ...{ liveness: this.#liveness, questions: this.#questions, presence: this.#presence },
      keyring: this.#sender.keyring,
      view: () => this.#view(),
      mayElect: () => this.#mayElect,
      isForHere: (duty: Duty) =>
        this.#place.isFor(duty, this.#ports.table().groups.get(duty.group)),
      elected: () => this.#pump(),
    };
    this.#ips = new SegmentIps(link, ports, sight, { ...options, resumed });
    this.#pace = new CarefulPace(this.#ips.announcements, this.#conditions);
    this.#reader = this.#newReader();
    this.#turn();
  }

  #newReader(): FrameReader {
    const cluster = shortId(this.#options.cluster);
    const { keyring } = this.#sender;
    const now = () => this.#ports.clock.now();
    return new FrameReader(
      { mac: this.#link.mac, interface: this.#link.name, cluster, keyring },
      {
        ...this.#ports,
        now,
        isPeer: (mac) => this.#ips.isPeer(mac),
        lookup: this.#ips.lookup,
        onQuestion: (question) => this.#ips.asked(question),
        isSilent: () => this.#liveness.isSilent(now()),
        onForeignFrame: () => this.#liveness.noteForeignFrame(now()),
        onHeartbeat: (heartbeat, mac) => this.#heard(heartbeat, mac),
        onStranger: (node, mac) => this.#sawStranger(node, mac),
        onClaim: (claim) => this.#claimed(claim),
      },
    );
  }

  /** Takes part in elections, or has no carrier to do so. */
  get ready(): boolean {
    return !this.#carrier || (this.#electionStart.begun && this.#liveness.state !== 'starting');
  }

  /** Nothing is left that only this node answers. */
  get handedOver(): boolean {
    return !this.#carrier || (this.#liveness.state === 'leaving' && this.#ips.none);
  }

  /** Until the node that won it is seen. */
  get yields(): boolean {
    return this.#ips.yields;
  }

  /** Whose heartbeats must not be missed. */
  get peerMacs(): MacAddress[] {
    return this.#liveness.peers.map(({ mac }) => mac);
  }

  announcedIps(): IpAddress[] {
    return this.#ips.announced;
  }

  /** Everything announced and everything wrong, for a speaker that has just started. */
  standingReports(): Report[] {
    return [...this.#ips.reports, ...this.#conditions.active()];
  }

  get report(): SegmentReport {
    return segmentReport(this.#link.name, this.#liveness, this.#ports.clock.now());
  }

  /** Any frame of this interface; its bytes are not kept. @param overdue only what can't wait is read */
  receive(bytes: Uint8Array, overdue = false): void {
    if (!this.#runs) return;
    this.#catchUp();
    // A question changes nothing that is due: under a flood of them no timer is touched.
    if (this.#reader.read(bytes, overdue) === 'news') this.#pump();
  }

  /** All that comes is read again. What peers have claimed meanwhile may have been missed: they learn what is ours. */
  keepsUpAgain(): void {
    this.#ips.electAllAndRepeat();
  }

  /** Peers learn at once what this node holds. */
  setKeys(keys: HeartbeatKeys): void {
    const now = this.#ports.clock.now();
    this.#sender.setKeys(keys, now);
    this.#liveness.beatSoon(now);
    this.#pump();
  }

  setAddresses(link: SegmentLink): void {
    this.#link = link;
    this.#questions.setLink(link);
    if (this.#place.setLink(link)) this.#ips.electAll();
  }

  /** Without carrier nobody is served here; with it again, this node comes back as one that was away. */
  setCarrier(carrier: boolean): void {
    if (carrier === this.#carrier) return;
    this.#carrier = carrier;
    this.#timer?.cancel();
    const now = this.#ports.clock.now();
    this.#lastTurnAt = now;
    this.#startAnew('the carrier is gone', now);
    if (carrier) this.#turn();
  }

  setDraining(draining: boolean): void {
    this.#perform(this.#liveness.setDraining(draining), this.#ports.clock.now());
    this.#pump();
  }

  sayRestarting(): void {
    const now = this.#ports.clock.now();
    this.#liveness.setRestarting();
    for (let word = 0; word < LAST_WORDS; word += 1) this.#beat(now);
  }

  /** The duties of these IPs have changed. */
  elect(ips: Iterable<IpAddress>): void {
    if (!this.#runs) return;
    this.#catchUp();
    this.#ips.elect(ips);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#ips.silenceAll('the interface is gone');
    this.#conditions.endAll();
  }

  get #runs(): boolean {
    return this.#carrier && !this.#stopped;
  }

  get #mayElect(): boolean {
    const isOpen = this.#electionStart.isOpen(this.#ports.clock.now());
    return this.#runs && this.#ports.knowsDuties() && isOpen;
  }

  #view() {
    const now = this.#ports.clock.now();
    return segmentView({
      ...{ self: this.#options.node, liveness: this.#liveness, now },
      passive: this.#shadow.at(now) !== undefined,
      ...{ presence: this.#presence, place: this.#place, table: this.#ports.table() },
      failedGates: this.#gates.told.failedGates,
    });
  }

  // --- time ---------------------------------------------------------------------------------------------------

  /** A clock that stood still longer than the detection time: the peers have buried us, whatever we remember. */
  #noticeStandstill(now: number): void {
    if (now - this.#lastTurnAt > this.#detectionMs) this.#startAnew('the process stood still', now);
    this.#lastTurnAt = now;
  }

  #startAnew(reason: string, now: number): void {
    this.#ips.silenceAll(reason);
    this.#liveness.restart(now);
    this.#electionStart.beginAnew(now);
  }

  /** Timers wait while frames or duties pour in, but a heartbeat that waits is a death (network rule 16). */
  #catchUp(): void {
    const now = this.#ports.clock.now();
    this.#noticeStandstill(now);
    if (now >= this.#wakeAt) this.#turn();
  }

  /** What is due is sent at once; who is overdue is judged only after the frames that came meanwhile were read. */
  #turn(): void {
    if (!this.#runs) return;
    const now = this.#ports.clock.now();
    this.#noticeStandstill(now);
    this.#perform(this.#liveness.sendDue(now), now);
    if (this.#judging) return;
    this.#judging = true;
    this.#ports.afterQueuedFrames(() => this.#judge());
  }

  #judge(): void {
    this.#judging = false;
    if (!this.#runs) return;
    const now = this.#ports.clock.now();
    this.#perform(this.#liveness.judgePeers(now), now);
    if (this.#gates.judge()) this.#ips.electAll();
    if (this.#electionStart.begins(this.#mayElect)) this.#ips.electAll();
    this.#askAbsent(now);
    this.#sender.step(now);
    this.#pace.step(this.#liveness, now);
    this.#returns.tell(this.#liveness.holdDown, this.#conditions);
    this.#health.tell({
      ...{ liveness: this.#liveness, strangers: this.#presence.strangers },
      ...{ electionsBegun: this.#electionStart.begun, table: this.#ports.table(), now },
      ...{ withheld: this.#ips.announcements.withheld, shadow: this.#shadow.at(now) },
    });
    this.#pump();
  }

  /** Sends what may be sent and sleeps until there is more to do. */
  #pump(): void {
    if (!this.#runs) return;
    const now = this.#ports.clock.now();
    // Whoever receives nothing announces nothing (network rule 2).
    if (!this.#liveness.deaf) this.#ips.step(now);
    const deadline = Math.min(
      this.#liveness.nextDeadline(now),
      this.#liveness.deaf ? Number.POSITIVE_INFINITY : this.#ips.nextDeadline(),
      this.#presence.nextDeadline(),
      this.#electionStart.nextDeadline(this.#ports.knowsDuties()),
    );
    this.#timer?.cancel();
    this.#wakeAt = now + Math.max(1, deadline - now);
    this.#timer = this.#ports.clock.after(this.#wakeAt - now, () => this.#turn());
  }

  // --- liveness -----------------------------------------------------------------------------------------------

  /** @returns whether it is news, and no recorded one */
  #heard(heartbeat: SignedHeartbeat, mac: MacAddress): boolean {
    const now = this.#ports.clock.now();
    if (heartbeat.node === this.#options.node) return this.#heardOwn(heartbeat, now);
    this.#presence.strangers.forget(heartbeat.node);
    const actions = this.#liveness.receive(heartbeat, mac, now);
    const peer = this.#liveness.peer(heartbeat.node);
    const isNews = peer !== undefined && wasHeardAt(peer, now);
    const isAlive = (name: string) => isReady(name, this.#ports.table());
    const returns = this.#returns.isHeardAgain(this.#liveness, isAlive, now);
    if (returns) this.#startAnew('heard again', now);
    this.#perform(actions, now);
    if (this.#sender.heard(heartbeat, peer, now)) this.#liveness.beatSoon(now);
    if (!isNews || !this.#ips.disputes.settle(heartbeat, now)) return isNews;
    this.#health.isBehind(heartbeat);
    this.#ports.relist();
    return true;
  }

  /** Of a peer that is heard with our key, nobody else's word counts. */
  #sawStranger(node: string, mac: MacAddress): void {
    if (node === this.#options.node || this.#liveness.hears(node)) return;
    if (this.#presence.strangers.saw(node, mac, this.#ports.clock.now())) this.#ips.electAll();
  }

  /** Network rule 9: two of our interfaces on one segment; the earlier name serves, the other is quiet. */
  #heardOwn(heartbeat: SignedHeartbeat, now: number): true {
    const begins = this.#shadow.heard(heartbeat.interface, now);
    if (begins) this.#ips.silenceAll('another interface is on the same segment');
    return true;
  }

  /** Whatever has happened at once is one reason to elect. */
  #perform(actions: readonly LivenessAction[], now: number): void {
    for (const action of actions) this.#performOne(action, now);
    const joined = actions.some((action) => action.do === 'peer-joined');
    if (joined) this.#ips.electAllAndRepeat();
    else if (actions.some((action) => action.do === 'elect')) this.#ips.electAll();
  }

  #performOne(action: LivenessAction, now: number): void {
    switch (action.do) {
      case 'beat':
        return this.#beat(now);
      case 'confirm':
        return this.#questions.confirm(action.peer, this.#ips.wonBy(action.peer.node));
      case 'confirm-kernel':
        return this.#questions.confirmKernel(action.peer);
      case 'solicit':
        return this.#questions.solicit(this.#liveness.peers);
      case 'peer-died':
        return this.#buried(action.peer, action.silentSince, now);
      case 'dropped':
        return this.#startAnew('no peer hears this node', now);
      case 'elect':
      case 'peer-joined':
        return undefined;
    }
  }

  #beat(now: number): void {
    const heartbeat = this.#liveness.compose(now, {
      ...this.#gates.told,
      addresses: ownAddresses(this.#link),
      disputed: this.#ips.disputes.nextPage(now),
    });
    if (this.#ips.disputes.pileUp) this.#liveness.beatSoon(now);
    if (this.#shadow.at(now) === undefined) this.#sender.send(heartbeat, this.#link);
  }

  #buried(peer: Peer, silentSince: number, now: number): void {
    this.#ports.counters.add('peers_died_total', { interface: this.#link.name });
    this.#ips.died(peer, silentSince);
    this.#pace.died(peer, silentSince, now);
  }

  // --- answers to our questions ---------------------------------------------------------------------------------

  #claimed(claim: Claim): void {
    const now = this.#ports.clock.now();
    this.#liveness.kernelAnswered(claim.ip);
    // A peer's answer says that it has taken the IP, not that whoever was asked for it is there.
    if (!this.#ips.isPeer(claim.mac) && this.#presence.answered(claim, now)) this.#ips.electAll();
    this.#questions.answered(claim, this.#liveness, now);
    if (claim.kind === 'announcement') this.#pace.sawAnnouncement(claim, now);
    this.#ips.claimed(claim);
    if (this.#ips.disputes.pileUp) this.#liveness.beatSoon(now);
  }

  /** Network rule 3: whoever should announce and can't be heard is asked for. */
  #askAbsent(now: number): void {
    if (!this.#electionStart.begun) return this.#presence.forgetAll();
    const table = this.#ports.table();
    if (this.#presence.judge(table, now)) this.#ips.electAll();
    this.#presence.watch(this.#ips.winners, table, now);
    for (const ip of this.#presence.due(now)) this.#questions.askAll(ip);
  }
}
