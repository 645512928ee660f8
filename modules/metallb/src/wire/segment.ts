import type { AnnouncedReport, NodeConditionReport, Report } from '../duty/messages.ts';
import type { SegmentView } from '../election/view.ts';
import type { Answer, Asker } from '../layer2/answer.ts';
import { isCounted, type Peer } from '../liveness/peer.ts';
import { proofOfLife } from '../liveness/proof.ts';
import { type LivenessAction, SegmentLiveness } from '../liveness/segment-liveness.ts';
import type { IpAddress } from '../net/ip.ts';
import type { MacAddress } from '../net/mac.ts';
import { encodeHeartbeat, type Heartbeat, shortId } from '../packet/heartbeat.ts';
import type { Timer } from '../time/clock.ts';
import { TokenBucket } from '../time/token-bucket.ts';
import { Announcements } from './announcements.ts';
import { BurstMemory } from './burst-memory.ts';
import { Conditions } from './conditions.ts';
import { Disputes, settle } from './disputes.ts';
import { FrameReader } from './frame-reader.ts';
import { linkLocalFromMac, wrapHeartbeat } from './heartbeat-frame.ts';
import { IpRoles, reasonFor, recentMoves, type Transition } from './ip-roles.ts';
import { Questions } from './questions.ts';
import type { SegmentLink, SegmentOptions, SegmentPorts } from './segment-options.ts';
import { StaticPresence } from './static-presence.ts';

const NO_FAILED_GATES = { dataplane: false, reachability: false };
/** Signing costs a hash; nobody honest asks more often. */
const PROOFS_PER_SECOND = 500;

/**
 * One interface's whole part in the service: who is alive here, who announces what, and the frames that say so.
 * What it decides is decided in the pure folders; this class carries the words between them.
 */
export class Segment {
  #link: SegmentLink;
  readonly #ports: SegmentPorts;
  readonly #options: SegmentOptions;
  readonly #liveness: SegmentLiveness;
  readonly #roles: IpRoles;
  readonly #announcements: Announcements;
  readonly #questions: Questions;
  readonly #reader: FrameReader;
  readonly #disputes = new Disputes();
  readonly #absence = new StaticPresence();
  readonly #bursts = new BurstMemory();
  readonly #conditions: Conditions;
  readonly #proofs: TokenBucket;
  readonly #detectionMs: number;
  /** Announced IPs with what was reported about them. */
  readonly #reported = new Map<IpAddress, AnnouncedReport>();
  /** No election before: a restarted wire keeps what it had until it has heard who is there. */
  #electionsFrom: number;
  #electionsBegun = false;
  readonly #deaths = new Map<string, number>();
  #lastTurnAt: number;
  #timer: Timer | undefined;
  #judging = false;
  #carrier = true;
  #stopped = false;
  /** Another interface of ours is on the same segment and has the earlier name: it answers alone. */
  #passiveUntil = Number.NEGATIVE_INFINITY;

  /** @param resumed what the wire process before announced here, when it was gone for less than a detection time */
  constructor(
    link: SegmentLink,
    ports: SegmentPorts,
    options: SegmentOptions,
    resumed?: readonly IpAddress[],
  ) {
    const now = ports.clock.now();
    this.#link = link;
    this.#ports = ports;
    this.#options = options;
    this.#detectionMs = options.heartbeatIntervalMs * options.heartbeatMultiplier;
    this.#electionsFrom = now + this.#detectionMs;
    this.#lastTurnAt = now;
    this.#liveness = this.#newLiveness(now, resumed !== undefined);
    this.#roles = new IpRoles(options.node, link.name, resumed ?? []);
    this.#announcements = new Announcements(link, ports, {
      ...options,
      isPeer: (mac) => this.#isPeer(mac),
    });
    this.#questions = new Questions(link, ports, options);
    this.#conditions = new Conditions(link.name, (report) => ports.report(report));
    this.#proofs = new TokenBucket({ ratePerSecond: PROOFS_PER_SECOND, burst: 50, now });
    this.#reader = this.#newReader();
    for (const ip of resumed ?? []) this.#announcements.begin(ip, false, now);
    this.#turn();
  }

  #newLiveness(now: number, resume: boolean): SegmentLiveness {
    const { node, keys, holdDownMs, holdDownMaxMs, restartGraceMs } = this.#options;
    return new SegmentLiveness(
      {
        ...{ node, holdDownMs, holdDownMaxMs, restartGraceMs, resume },
        interface: this.#link.name,
        cluster: shortId(this.#options.cluster),
        intervalMs: this.#options.heartbeatIntervalMs,
        multiplier: this.#options.heartbeatMultiplier,
        heldKeys: keys.map(({ id }) => id),
        newIncarnation: () => Buffer.from(this.#ports.randomBytes(8)).toString('hex'),
        random: () => this.#ports.random(),
      },
      now,
    );
  }

  #newReader(): FrameReader {
    const { node, cluster, keys } = this.#options;
    return new FrameReader(
      { mac: this.#link.mac, interface: this.#link.name, node, cluster: shortId(cluster), keys },
      {
        counters: this.#ports.counters,
        send: (frame) => this.#ports.send(frame),
        lookup: (ip, asker) => this.#lookup(ip, asker),
        isSilent: () => this.#liveness.isSilent(this.#ports.clock.now()),
        afterQueuedFrames: (run) => this.#ports.afterQueuedFrames(run),
        onForeignFrame: () => this.#liveness.noteForeignFrame(this.#ports.clock.now()),
        onHeartbeat: (heartbeat, mac) => this.#heard(heartbeat, mac),
        onClaim: (claim) => {
          this.#claimed(claim.ip, claim.mac, claim.proof);
          if (!this.#isPeer(claim.mac)) this.#claimedByStranger(claim);
        },
      },
    );
  }

  get handedOver(): boolean {
    return this.#liveness.state !== 'leaving' || [...this.#roles.active].length === 0;
  }

  announcedIps(): IpAddress[] {
    return [...this.#roles.active].flatMap(([ip, { kind }]) => (kind === 'announcing' ? [ip] : []));
  }

  announcedReports(): Report[] {
    return [...this.#reported.values()];
  }

  /** Any frame of this interface; its bytes are not kept. */
  receive(bytes: Uint8Array): void {
    if (this.#stopped || !this.#carrier) return;
    this.#noticeStandstill(this.#ports.clock.now());
    this.#reader.read(bytes);
    this.#pump();
  }

  /** A clock that stood still longer than the detection time: the peers have buried us, whatever we remember. */
  #noticeStandstill(now: number): void {
    if (now - this.#lastTurnAt > this.#detectionMs) this.#startAnew(now);
    this.#lastTurnAt = now;
  }

  #startAnew(now: number): void {
    this.#silenceAll('the process stood still');
    this.#liveness.restart(now);
    this.#electionsFrom = now + this.#detectionMs;
    this.#electionsBegun = false;
  }

  #silenceAll(reason: string): void {
    for (const ip of this.#roles.silenceAll()) this.#fallSilent(ip, reason);
  }

  setAddresses(link: SegmentLink): void {
    this.#link = link;
    this.#questions.setLink(link);
  }

  /** Without carrier nobody is served here; with it again, this node comes back as one that was away. */
  setCarrier(carrier: boolean): void {
    if (carrier === this.#carrier) return;
    this.#carrier = carrier;
    const now = this.#ports.clock.now();
    this.#lastTurnAt = now;
    this.#timer?.cancel();
    this.#startAnew(now);
    if (carrier) this.#turn();
  }

  setDraining(draining: boolean): void {
    this.#perform(this.#liveness.setDraining(draining), this.#ports.clock.now());
    this.#pump();
  }

  sayRestarting(): void {
    const now = this.#ports.clock.now();
    this.#perform(this.#liveness.setRestarting(), now);
    // The one frame that saves every connection of this node is worth repeating.
    for (let repeat = 0; repeat < 2; repeat += 1) this.#perform([{ do: 'beat' }], now);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    for (const [ip] of [...this.#roles.active]) this.#fallSilent(ip, 'the interface is gone');
  }

  // --- time ---------------------------------------------------------------------------------------------------

  /** What is due is sent at once; who is overdue is judged only after the frames that came meanwhile were read. */
  #turn(): void {
    if (this.#stopped || !this.#carrier) return;
    const now = this.#ports.clock.now();
    this.#noticeStandstill(now);
    if (now >= this.#passiveUntil) this.#perform(this.#liveness.sendDue(now), now);
    if (!this.#judging) {
      this.#judging = true;
      this.#ports.afterQueuedFrames(() => this.#judge());
    }
  }

  #judge(): void {
    this.#judging = false;
    if (this.#stopped || !this.#carrier) return;
    const now = this.#ports.clock.now();
    this.#perform(this.#liveness.judgePeers(now), now);
    if (!this.#electionsBegun && now >= this.#electionsFrom) {
      this.#electionsBegun = true;
      this.#electAll();
    }
    this.#askAbsent(now);
    this.#tellConditions();
    this.#pump();
  }

  /** Sends what may be sent and sleeps until there is more to do. */
  #pump(): void {
    if (this.#stopped || !this.#carrier) return;
    const now = this.#ports.clock.now();
    if (!this.#liveness.deaf) this.#announcements.step(now);
    const deadline = Math.min(
      this.#liveness.nextDeadline(now),
      this.#liveness.deaf ? Number.POSITIVE_INFINITY : this.#announcements.nextDeadline(),
      this.#absence.nextDeadline(),
      this.#electionsBegun ? Number.POSITIVE_INFINITY : this.#electionsFrom,
    );
    this.#timer?.cancel();
    this.#timer = this.#ports.clock.after(Math.max(1, deadline - now), () => this.#turn());
  }

  // --- liveness -----------------------------------------------------------------------------------------------

  #heard(heartbeat: Heartbeat, mac: MacAddress): void {
    const now = this.#ports.clock.now();
    if (heartbeat.node === this.#options.node) return this.#heardOwn(heartbeat, now);
    this.#perform(this.#liveness.receive(heartbeat, mac, now), now);
    for (const disputed of heartbeat.disputed) this.#settle(disputed.ip, heartbeat);
  }

  /** Network rule 9: two of our interfaces on one segment; the earlier name serves, the other is quiet. */
  #heardOwn(heartbeat: Heartbeat, now: number): void {
    if (heartbeat.interface >= this.#link.name) return;
    if (now >= this.#passiveUntil) this.#silenceAll('another interface is on the same segment');
    this.#passiveUntil = now + 2 * this.#detectionMs;
  }

  #perform(actions: readonly LivenessAction[], now: number): void {
    for (const action of actions) this.#performOne(action, now);
  }

  #performOne(action: LivenessAction, now: number): void {
    switch (action.do) {
      case 'beat':
        return this.#beat(now);
      case 'confirm':
        return this.#questions.confirm(action.peer, this.#roles.wonBy(action.peer.node));
      case 'confirm-kernel':
        return this.#questions.confirmKernel(action.peer);
      case 'solicit':
        return this.#questions.solicit(this.#liveness.peers);
      case 'peer-died':
        return this.#buried(action.peer, action.silentSince, now);
      case 'peer-joined':
        return this.#joined(now);
      case 'dropped':
        return this.#startAnew(now);
      case 'elect':
        return this.#electAll();
    }
  }

  #beat(now: number): void {
    if (now < this.#passiveUntil) return;
    const { mac, linkLocal, addresses } = this.#link;
    const ipv4 = addresses.find((ip) => !ip.includes(':'));
    const heartbeat = this.#liveness.compose(now, {
      failedGates: NO_FAILED_GATES,
      revision: this.#ports.table().revision,
      addresses: [ipv4, linkLocal].filter((ip) => ip !== undefined),
      disputed: this.#disputes.nextPage(now, (ip) => this.#ports.digestOf(ip)),
    });
    const group = this.#options.heartbeatGroup;
    const source = group.includes(':') ? (linkLocal ?? linkLocalFromMac(mac)) : ipv4;
    if (source === undefined) return;
    const bytes = encodeHeartbeat(heartbeat, this.#options.keys[0]);
    this.#ports.send(wrapHeartbeat(bytes, { mac, source, group }));
  }

  #buried(peer: Peer, silentSince: number, now: number): void {
    this.#ports.counters.add('peers_died_total', { interface: this.#link.name });
    this.#deaths.set(peer.node, silentSince);
    if (!this.#bursts.wasBursting(peer.mac, silentSince)) return;
    // Its switch port may have been shut for its own announcements: the next one goes slowly.
    this.#announcements.reducePace(now);
    this.#conditions.set(
      'PacingReduced',
      true,
      `${peer.node} fell silent right after announcing; announcing slowly`,
    );
  }

  /** Network rule 20: who stays announcer tells the segment so, whatever the other one told before. */
  #joined(now: number): void {
    this.#electAll();
    for (const ip of this.announcedIps()) this.#announcements.repeat(ip, now);
  }

  // --- election -----------------------------------------------------------------------------------------------

  /** The duties of these IPs have changed. */
  elect(ips: Iterable<IpAddress>): void {
    if (this.#carrier && !this.#stopped && this.#ports.clock.now() >= this.#electionsFrom)
      this.#electNow(ips);
    this.#pump();
  }

  #electAll(): void {
    if (this.#ports.clock.now() < this.#electionsFrom) return;
    this.#electNow(new Set([...this.#ports.table().duties.keys(), ...this.#roles.ips()]));
  }

  #electNow(ips: Iterable<IpAddress>): void {
    const input = {
      table: this.#ports.table(),
      view: this.#view(),
      state: this.#liveness.state,
      isRestarting: (node: string) => this.#liveness.peer(node)?.phase === 'restarting',
    };
    const transitions = this.#roles.elect(ips, input);
    for (const transition of transitions) this.#apply(transition);
    if (transitions.length > 0) this.#ports.announcedChanged();
  }

  #view(): SegmentView {
    const now = this.#ports.clock.now();
    const mode = this.#liveness.neverHeard ? 'static' : 'heard';
    const state = this.#liveness.state;
    const takesPart = state === 'eligible' || state === 'holding-down';
    const present = takesPart && now >= this.#passiveUntil && !this.#liveness.isCutOff(now);
    return {
      mode,
      node: (name) => {
        if (name === this.#options.node) return { present, state, failedGates: NO_FAILED_GATES };
        const peer = this.#liveness.peer(name);
        if (peer !== undefined) return peerView(peer);
        const absent = this.#absence.isAbsent(name, now);
        return absent
          ? { present: false, state: 'starting', failedGates: NO_FAILED_GATES }
          : undefined;
      },
    };
  }

  #apply(transition: Transition): void {
    const { ip, duty, before, after } = transition;
    const now = this.#ports.clock.now();
    if (after.kind === 'announcing') {
      const fresh = before.kind === 'silent' && duty?.fresh === true;
      this.#announcements.begin(ip, fresh, now);
      if (before.kind !== 'yielding' || this.#reported.get(ip) === undefined)
        this.#reportAnnounced(transition, now);
      return;
    }
    if (after.kind === 'yielding') this.#announcements.end(ip);
    else if (before.kind !== 'silent')
      this.#fallSilent(ip, after.kind === 'covering' ? 'covering' : 'lost the election');
  }

  #reportAnnounced({ duty, from, ip }: Transition, now: number): void {
    if (duty === undefined) return;
    const predecessor =
      from ?? (duty.lastAnnouncer === this.#options.node ? undefined : duty.lastAnnouncer);
    const silentSince = predecessor === undefined ? undefined : this.#deaths.get(predecessor);
    const died =
      silentSince !== undefined && this.#liveness.peer(predecessor ?? '')?.phase === 'dead';
    const darkMs = died ? now - silentSince : undefined;
    const epochMs = this.#ports.clock.epochMs();
    const unchanged = predecessor === undefined && duty.lastAnnouncer === this.#options.node;
    const report: AnnouncedReport = {
      ...{
        type: 'announced',
        ip,
        interface: this.#link.name,
        sinceEpochMs: epochMs,
        from: predecessor,
        darkMs,
        unchanged,
      },
      reason: this.#reason(duty, predecessor, died),
      recentMoves: recentMoves(duty, epochMs),
    };
    this.#reported.set(ip, report);
    this.#ports.counters.add('takeovers_total', {
      interface: this.#link.name,
      reason: report.reason,
    });
    this.#ports.report(report);
  }

  #reason(duty: Transition['duty'] & object, predecessor: string | undefined, died: boolean) {
    const peer = predecessor === undefined ? undefined : this.#liveness.peer(predecessor);
    return reasonFor({
      ...{ duty, self: this.#options.node, diedBefore: died },
      leavesBefore: peer?.state === 'leaving' || peer?.state === 'restarting',
    });
  }

  #fallSilent(ip: IpAddress, reason: string): void {
    this.#announcements.end(ip);
    this.#announcements.stopAnswering(ip);
    this.#disputes.settled(ip);
    if (this.#reported.delete(ip)) {
      this.#ports.report({ type: 'withdrawn', ip, interface: this.#link.name, reason });
    }
  }

  // --- claims and answers -------------------------------------------------------------------------------------

  #isPeer(mac: MacAddress): boolean {
    return mac === this.#link.mac || this.#liveness.peerWithMac(mac) !== undefined;
  }

  /** Somebody says that an IP is at `mac`. */
  #claimed(ip: IpAddress, mac: MacAddress, proof: Uint8Array | undefined): void {
    const now = this.#ports.clock.now();
    this.#answeredQuestion(ip, mac, proof, now);
    const peer = this.#liveness.peerWithMac(mac);
    if (peer === undefined) return;
    this.#bursts.saw(mac, now);
    const role = this.#roles.get(ip);
    if (role.kind === 'yielding' && isCounted(peer)) {
      this.#roles.silence(ip);
      this.#fallSilent(ip, `handed over to ${peer.node}`);
      this.#ports.announcedChanged();
    } else if (role.kind === 'announcing') {
      this.#dispute(ip, now);
    }
  }

  #answeredQuestion(
    ip: IpAddress,
    mac: MacAddress,
    proof: Uint8Array | undefined,
    now: number,
  ): void {
    this.#liveness.kernelAnswered(ip, now);
    if (this.#absence.answered(ip, now)) this.#electAll();
    const answer = this.#questions.check(ip, proof);
    if (answer === undefined) return;
    // Without proof, only the suspect's own address can be a sign of its life.
    if (answer.proven || this.#liveness.peer(answer.node)?.mac === mac) {
      this.#liveness.answered(answer.node, answer.proven, now);
    }
  }

  #claimedByStranger(claim: Parameters<Announcements['observe']>[0]): void {
    if (this.#roles.get(claim.ip).kind === 'announcing') {
      this.#announcements.observe(claim, this.#ports.clock.now());
    }
  }

  /** A peer announces what we announce: the election decides again, and whoever stays says so (rule 20). */
  #dispute(ip: IpAddress, now: number): void {
    this.#ports.counters.add('disputes_total', { interface: this.#link.name });
    const burst = this.#disputes.claimed(ip, now);
    this.#electNow([ip]);
    if (burst && this.#roles.get(ip).kind === 'announcing') this.#announcements.repeat(ip, now);
  }

  #settle(ip: IpAddress, heartbeat: Heartbeat): void {
    if (this.#roles.get(ip).kind !== 'announcing') return;
    const ours = { digest: this.#ports.digestOf(ip), revision: this.#ports.table().revision };
    const theirs = heartbeat.disputed.find((entry) => entry.ip === ip);
    const settlement = theirs === undefined ? 'stay' : settle(ours, theirs, heartbeat);
    const now = this.#ports.clock.now();
    if (settlement === 'elect') return this.#dispute(ip, now);
    if (settlement === 'stay') {
      if (this.#disputes.claimed(ip, now)) this.#announcements.repeat(ip, now);
      return;
    }
    this.#conditions.set(
      'DutiesDiffer',
      true,
      `${heartbeat.node} knows a newer cluster state about ${ip}`,
    );
    this.#roles.silence(ip);
    this.#fallSilent(ip, `${heartbeat.node} knows a newer cluster state`);
    this.#ports.relist();
  }

  #lookup(ip: IpAddress, asker: Asker): Answer | undefined {
    if (this.#ports.table().duties.has(ip)) this.#announcements.askers.saw(ip, asker);
    this.#questions.hosts.saw(asker.ip, asker.mac);
    const role = this.#roles.get(ip);
    if (role.kind === 'silent' || this.#announcements.isVetoed(ip)) return undefined;
    if (role.kind === 'covering') {
      const mac = this.#liveness.peer(role.node)?.mac;
      return mac === undefined ? undefined : { mac, override: true };
    }
    const override = this.#liveness.state !== 'leaving' && !this.#announcements.isOptimistic(ip);
    return { mac: this.#link.mac, override, ...this.#proofFor(ip) };
  }

  #proofFor(ip: IpAddress): Pick<Answer, 'proof'> {
    const { keys, node } = this.#options;
    if (!this.#proofs.tryTake(this.#ports.clock.now())) return {};
    return { proof: (nonce, length) => proofOfLife(keys[0], { nonce, node, ip }, length) };
  }

  // --- what people are told -----------------------------------------------------------------------------------

  /** Network rule 3: with nobody ever heard, silent nodes are asked for, and whoever answers nobody is absent. */
  #askAbsent(now: number): void {
    if (!this.#liveness.neverHeard || !this.#electionsBegun) return this.#absence.forgetAll();
    const { groups } = this.#ports.table();
    let absentBefore = 0;
    for (const [ip, winner] of this.#roles.winners) {
      const member = this.#groupMember(ip, winner, groups);
      if (winner !== this.#options.node && member?.ready === 'unknown')
        this.#absence.watch(winner, ip, now);
    }
    for (const { node, ip } of this.#absence.due(now)) {
      this.#questions.askAll(ip);
      if (this.#absence.isAbsent(node, now)) absentBefore += 1;
    }
    if (absentBefore > 0) this.#electAll();
  }

  #groupMember(
    ip: IpAddress,
    node: string,
    groups: ReadonlyMap<string, { members: readonly { node: string; ready: string }[] }>,
  ) {
    const group = this.#ports.table().duties.get(ip)?.group;
    return groups.get(group ?? '')?.members.find((member) => member.node === node);
  }

  #tellConditions(): void {
    const alone = this.#electionsBegun && this.#liveness.neverHeard && this.#hasCompany();
    this.#conditions.set(
      'Deaf',
      this.#liveness.deaf,
      'peers are silent and no frame at all is received; taking over nothing',
    );
    this.#conditions.set(
      'NoPeersHeard',
      alone,
      'no heartbeat of any node was ever heard here; electing by what the API says',
    );
    const proven = [...this.#liveness.peers]
      .filter(({ phase }) => phase === 'proven')
      .map(({ node }) => node);
    this.#conditions.set(
      'HeartbeatsLost',
      proven.length > 0,
      `heartbeats of ${proven.join(', ')} are lost, but it answers`,
    );
    for (const peer of this.#liveness.peers) {
      this.#ports.counters.set(
        'peer_up',
        { interface: this.#link.name, peer: peer.node },
        Number(isCounted(peer)),
      );
    }
  }

  #hasCompany(): boolean {
    for (const { members } of this.#ports.table().groups.values())
      if (members.length > 1) return true;
    return false;
  }

  conditionReports(): NodeConditionReport[] {
    return this.#conditions.active();
  }

  peersReport(): Report {
    const now = this.#ports.clock.now();
    const peers = [...this.#liveness.peers].map(({ node, phase, state, heardAt }) => {
      return {
        node,
        state: phase === 'alive' ? state : phase,
        lastHeardMsAgo: Math.round(now - heardAt),
      };
    });
    return { type: 'peers', interface: this.#link.name, state: this.#liveness.state, peers };
  }
}

function peerView(peer: Peer) {
  const { state, failedGates, phase } = peer;
  if (phase === 'restarting') return { present: true, state: 'eligible' as const, failedGates };
  const serves = state === 'eligible' || state === 'holding-down';
  return { present: isCounted(peer) && serves, state, failedGates };
}
