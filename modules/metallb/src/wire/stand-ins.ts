import type { Duty, DutyTable } from '../duty/duty.ts';
import type { Claim } from '../layer2/claim.ts';
import type { SegmentLiveness } from '../liveness/segment-liveness.ts';
import type { IpAddress } from '../net/ip.ts';
import type { Clock } from '../time/clock.ts';
import type { ElectionInput, IpRoles } from './ip-roles.ts';
import type { Newcomers } from './newcomers.ts';

/** What a stand-in looks at, and what it does. */
export interface StandInPorts {
  readonly roles: IpRoles;
  readonly liveness: SegmentLiveness;
  readonly clock: Pick<Clock, 'now'>;
  readonly dutyWaitMs: number;
  table(): DutyTable;
  electionInput(): ElectionInput;
  elect(ip: IpAddress): void;
}

/** Sees to it that somebody serves a new IP whose winner does not (network rule 5). */
export class StandIns {
  readonly #node: string;
  readonly #newcomers: Newcomers;
  readonly #ports: StandInPorts;

  constructor(node: string, newcomers: Newcomers, ports: StandInPorts) {
    this.#node = node;
    this.#newcomers = newcomers;
    this.#ports = ports;
  }

  /** Before an election: it may be the first one of this version. */
  meet(ip: IpAddress, duty: Duty | undefined): void {
    const { roles, clock } = this.#ports;
    if (duty === undefined) return this.#newcomers.forget(ip);
    const isFirst = duty.probing === 'optimistic' && roles.winnerOf(ip) === undefined;
    this.#newcomers.meet(duty, isFirst, clock.now());
  }

  /**
   * Whoever announces an IP that others should announce stands in for them. What a foreign host has is a matter between
   * it and the winner.
   *
   * @param node whose claim it is, if of one of the cluster's nodes
   */
  sawClaim({ kind, ip }: Claim, node: string | undefined): void {
    if (node === undefined) this.#newcomers.settle(ip);
    else if (kind === 'announcement') this.#sawServing(node, ip);
  }

  #sawServing(node: string, ip: IpAddress): void {
    const { roles, electionInput, elect } = this.#ports;
    const ahead = this.#newcomers.isUnclaimed(ip) ? roles.before(node, ip, electionInput()) : [];
    this.#newcomers.settle(ip, node);
    if (ahead === undefined || ahead.length === 0 || ahead.includes(this.#node)) return;
    this.#newcomers.doubt(ip, ahead);
    elect(ip);
  }

  step(now: number): void {
    for (const ip of this.#newcomers.takeUnclaimed(now)) this.#consider(ip, now);
  }

  #consider(ip: IpAddress, now: number): void {
    const { roles, liveness, table, electionInput, elect } = this.#ports;
    const ahead = roles.before(this.#node, ip, electionInput()) ?? [];
    if (ahead.length === 0) return this.#newcomers.settle(ip, this.#node);
    const since = table().duties.get(ip)?.since ?? 0;
    const delays = ahead.map((node) => this.#newcomers.delayOf(node, since, now));
    // What a node announces that does not hear us, or that we don't hear, we can't know.
    const areHeard = ahead.every((node) => liveness.peer(node)?.phase === 'alive');
    if (!areHeard || delays.includes('slow')) return this.#newcomers.sign(ip, now);
    // Whoever can't know the IP keeps nothing back.
    const patienceMs = delays.includes('none') ? this.#ports.dutyWaitMs : 0;
    if (!this.#newcomers.isTurn(ip, ahead.length, patienceMs)) return;
    this.#newcomers.doubt(ip, ahead);
    elect(ip);
  }
}
