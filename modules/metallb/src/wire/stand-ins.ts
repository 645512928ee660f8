import type { Duty, DutyTable, Probing } from '../duty/duty.ts';
import type { Question } from '../layer2/answer.ts';
import type { Claim } from '../layer2/claim.ts';
import type { Peer } from '../liveness/peer.ts';
import type { SegmentLiveness } from '../liveness/segment-liveness.ts';
import type { IpAddress } from '../net/ip.ts';
import type { Clock } from '../time/clock.ts';
import type { ElectionInput, IpRoles } from './ip-roles.ts';
import { delayOf, type Latecomers, Newcomers } from './newcomers.ts';

/** Who has asked for a new IP or announced one within this time is at work, and comes to the others. */
const AT_WORK_MS = 500;

/** What a stand-in looks at, and what it does. */
export interface StandInPorts {
  readonly roles: IpRoles;
  readonly liveness: SegmentLiveness;
  readonly clock: Pick<Clock, 'now'>;
  readonly dutyWaitMs: number;
  table(): DutyTable;
  electionInput(): ElectionInput;
  /** Soon; the first of many at once. */
  elect(ips: Iterable<IpAddress>): void;
}

/** Sees to it that somebody serves what is new or has changed, whoever should and does not (network rule 5). */
export class StandIns {
  readonly #node: string;
  readonly #ports: StandInPorts;
  readonly #newcomers = new Newcomers();
  /** Nodes, and when each was last seen to serve something new or to ask for it. */
  readonly #workedAt = new Map<string, number>();

  constructor(node: string, ports: StandInPorts) {
    this.#node = node;
    this.#ports = ports;
  }

  /** Before an election: it may be the first one of this version. */
  meet(ip: IpAddress, duty: Duty | undefined): void {
    const { roles, clock } = this.#ports;
    if (duty === undefined) return this.#newcomers.forget(ip);
    const isFirst = duty.probing === 'optimistic' && roles.winnerOf(ip) === undefined;
    this.#newcomers.meet(duty, isFirst, clock.now());
  }

  /** One look at the peers for any number of elections. */
  latecomers(): Latecomers {
    const { liveness, clock } = this.#ports;
    return this.#newcomers.latecomers(liveness.peers, clock.now());
  }

  /** How this node asks for an IP that it has won: in full, where others should have it. */
  probingOf(duty: Duty | undefined): Probing {
    if (duty === undefined || duty.forced) return 'none';
    return this.#newcomers.isDoubtful(duty.ip) ? 'full' : duty.probing;
  }

  /** A node of the cluster asks who has an IP before it announces it. */
  asked({ ip, asker }: Question): void {
    if (!this.#newcomers.isUnclaimed(ip)) return;
    const { liveness, clock } = this.#ports;
    const peer = liveness.peerWithMac(asker.mac);
    if (peer === undefined) return;
    this.#workedAt.set(peer.node, clock.now());
    this.#newcomers.sign(ip, clock.now());
  }

  /**
   * Somebody claims an IP that this node asks for in the place of others: one of those, or a foreign host, which is a
   * matter between it and them.
   *
   * @returns whether to leave it
   */
  isLeftTo(claimant: Peer | undefined, ip: IpAddress): boolean {
    if (!this.#newcomers.isDoubtful(ip)) return false;
    if (claimant !== undefined && !this.#newcomers.doubts(ip, claimant.node)) return false;
    this.#newcomers.settle(ip, claimant?.node);
    return true;
  }

  /** Whoever announces an IP that others should announce stands in for them. */
  sawClaim({ kind, ip }: Claim, claimant: Peer | undefined): void {
    if (claimant === undefined) this.#newcomers.settle(ip);
    else if (kind === 'announcement') this.#sawServing(claimant.node, ip);
  }

  #sawServing(node: string, ip: IpAddress): void {
    const { roles, electionInput, elect, clock } = this.#ports;
    const isNew = this.#newcomers.isUnclaimed(ip);
    if (isNew) this.#workedAt.set(node, clock.now());
    // Nearly always the winner is the one who serves: then nobody need be asked who comes before it.
    const isInDoubt = isNew && roles.winnerOf(ip) !== node;
    const ahead = isInDoubt ? roles.precedence(electionInput())(node, ip) : [];
    this.#newcomers.settle(ip, node);
    if (ahead === undefined || ahead.length === 0 || ahead.includes(this.#node)) return;
    this.#newcomers.doubt(ip, ahead);
    elect([ip]);
  }

  step(now: number): void {
    const aged = this.#newcomers.takeAged(now);
    if (aged.length > 0) this.#ports.elect(aged);
    const unclaimed = this.#newcomers.takeUnclaimed(now);
    if (unclaimed.length === 0) return;
    const before = this.#ports.roles.precedence(this.#ports.electionInput());
    for (const ip of unclaimed) this.#consider(ip, before(this.#node, ip) ?? [], now);
  }

  nextDeadline(): number {
    return this.#newcomers.nextDeadline();
  }

  /** @param ahead nodes that come before this one */
  #consider(ip: IpAddress, ahead: readonly string[], now: number): void {
    const { liveness, table, elect, dutyWaitMs } = this.#ports;
    if (ahead.length === 0) return this.#newcomers.settle(ip, this.#node);
    const since = table().duties.get(ip)?.since ?? 0;
    const heard = liveness.peers.filter(
      ({ node, phase }) => phase === 'alive' && ahead.includes(node),
    );
    // What a node announces that does not hear us, or that we don't hear, we can't know; and one that is slow will.
    const delays = heard.map((peer) => delayOf(peer, since, now));
    if (heard.length < ahead.length || delays.includes('slow'))
      return this.#newcomers.sign(ip, now);
    const isAtWork = heard.some(
      ({ node }, index) => delays[index] === 'none' && this.#isAtWork(node, now),
    );
    if (isAtWork && this.#newcomers.waits(ip, now)) return;
    // Whoever can't know the IP keeps nothing back.
    const patienceMs = delays.includes('none') ? dutyWaitMs : 0;
    if (!this.#newcomers.isTurn(ip, ahead.length, patienceMs)) return;
    this.#newcomers.doubt(ip, ahead);
    elect([ip]);
  }

  #isAtWork(node: string, now: number): boolean {
    return now - (this.#workedAt.get(node) ?? Number.NEGATIVE_INFINITY) < AT_WORK_MS;
  }
}
