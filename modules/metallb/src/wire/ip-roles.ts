import { type Duty, type DutyTable, RECENT_MOVES_MS } from '../duty/duty.ts';
import type { AnnouncedReport } from '../duty/messages.ts';
import { Electorate } from '../election/electorate.ts';
import type { Ranking } from '../election/ranking.ts';
import { nextRole, type Role, SILENT, type Standing } from '../election/role.ts';
import type { SegmentView } from '../election/view.ts';
import type { IpAddress } from '../net/ip.ts';
import type { NodeState } from '../packet/heartbeat.ts';
import type { Latecomers } from './newcomers.ts';

/** What an election changed for one IP. */
export interface Transition {
  readonly ip: IpAddress;
  readonly duty: Duty | undefined;
  readonly before: Role;
  readonly after: Role;
  /** Winner of the election before, where that was another node. */
  readonly from: string | undefined;
  /** Nothing is known of an election before, on this segment. */
  readonly isFirst: boolean;
}

/** One consistent look at the segment for any number of elections. */
export interface ElectionInput {
  readonly table: DutyTable;
  readonly view: SegmentView;
  readonly state: NodeState;
  readonly isRestarting: (node: string) => boolean;
  readonly isHearsay: (node: string) => boolean;
  readonly latecomers: Latecomers;
}

/** What the elections of all IPs of a group have in common. */
interface GroupElection {
  readonly electorate: Electorate;
  readonly standing: Standing;
}

/** One IP's place in the elections that look at the same segment. */
interface Candidacy {
  readonly group: GroupElection;
  readonly duty: Duty;
  readonly ranking: Ranking;
}

/** Elects for an IP; without a duty here it falls silent. @returns undefined when its role stays */
export type ElectRole = (ip: IpAddress) => Transition | undefined;

/** Nodes that come before one for an IP; undefined when that one is no candidate. */
export type Precedence = (node: string, ip: IpAddress) => readonly string[] | undefined;

/**
 * This node's role for every IP on one segment, and who wins each. Invariant: an IP that is not silent has a duty on
 * this interface, or was taken over from the wire process before until the first elections.
 */
export class IpRoles {
  readonly #self: string;
  readonly #isForHere: (duty: Duty) => boolean;
  readonly #roles = new Map<IpAddress, Role>();
  readonly #winners = new Map<IpAddress, string>();

  /**
   * @param isForHere whether a duty may be served on this interface
   * @param resumed IPs that the wire process before announced here
   */
  constructor(self: string, isForHere: (duty: Duty) => boolean, resumed: Iterable<IpAddress>) {
    this.#self = self;
    this.#isForHere = isForHere;
    for (const ip of resumed) this.#roles.set(ip, { kind: 'announcing' });
  }

  get(ip: IpAddress): Role {
    return this.#roles.get(ip) ?? SILENT;
  }

  get active(): Iterable<[IpAddress, Role]> {
    return this.#roles.entries();
  }

  ips(): Iterable<IpAddress> {
    return this.#roles.keys();
  }

  winnerOf(ip: IpAddress): string | undefined {
    return this.#winners.get(ip);
  }

  /** Winner of the last election of each IP. */
  get winners(): Iterable<[IpAddress, string]> {
    return this.#winners.entries();
  }

  /** IPs that `node` won: what it can be asked about. */
  *wonBy(node: string): Generator<IpAddress> {
    for (const [ip, winner] of this.#winners) if (winner === node) yield ip;
  }

  /** The elections that look at `input`. */
  elections(input: ElectionInput): ElectRole {
    const candidacyOf = this.#candidacies(input);
    return (ip) => {
      const candidacy = candidacyOf(ip);
      if (candidacy === undefined) return this.#become(ip, undefined, SILENT, undefined);
      const { duty, ranking, group } = candidacy;
      return this.#become(
        ip,
        duty,
        nextRole(this.get(ip), ranking, group.standing),
        ranking.winner,
      );
    };
  }

  /** Who comes before whom in the elections that look at `input`. */
  precedence(input: ElectionInput): Precedence {
    const candidacyOf = this.#candidacies(input);
    return (node, ip) => {
      const ranked = [...(candidacyOf(ip)?.ranking ?? [])];
      return ranked.includes(node) ? ranked.slice(0, ranked.indexOf(node)) : undefined;
    };
  }

  #candidacies(input: ElectionInput): (ip: IpAddress) => Candidacy | undefined {
    const groups = new Map<string, GroupElection | undefined>();
    return (ip) => {
      const duty = this.#dutyHere(ip, input.table);
      if (duty === undefined) return undefined;
      if (!groups.has(duty.group)) groups.set(duty.group, this.#groupElection(duty.group, input));
      const group = groups.get(duty.group);
      if (group === undefined) return undefined;
      const ranking = group.electorate.rank(duty, input.latecomers(duty));
      return { group, duty, ranking };
    };
  }

  #groupElection(id: string, input: ElectionInput): GroupElection | undefined {
    const { table, view, state, isRestarting, isHearsay } = input;
    const group = table.groups.get(id);
    if (group === undefined) return undefined;
    const member = group.members.some(({ node }) => node === this.#self);
    const standing = { self: this.#self, state, member, isRestarting, isHearsay };
    return { electorate: new Electorate(group, view), standing };
  }

  #become(
    ip: IpAddress,
    duty: Duty | undefined,
    after: Role,
    winner: string | undefined,
  ): Transition | undefined {
    const before = this.get(ip);
    const from = this.#winners.get(ip);
    if (before.kind !== 'silent' || after.kind !== 'silent') this.#play(ip, after);
    if (winner !== from) this.#remember(ip, winner);
    if (before.kind === after.kind) return undefined;
    const predecessor = from === this.#self ? undefined : from;
    const isFirst = from === undefined && before.kind === 'silent';
    return { ip, duty, before, after, from: predecessor, isFirst };
  }

  #play(ip: IpAddress, role: Role): void {
    if (role.kind === 'silent') this.#roles.delete(ip);
    else this.#roles.set(ip, role);
  }

  #remember(ip: IpAddress, winner: string | undefined): void {
    if (winner === undefined) this.#winners.delete(ip);
    else this.#winners.set(ip, winner);
  }

  #dutyHere(ip: IpAddress, { duties }: DutyTable): Duty | undefined {
    const duty = duties.get(ip);
    return duty !== undefined && this.#isForHere(duty) ? duty : undefined;
  }

  /** Stop answering for this IP now. */
  silence(ip: IpAddress): void {
    this.#roles.delete(ip);
  }

  /** Stop answering for everything now; the next election decides anew. */
  silenceAll(): IpAddress[] {
    const ips = [...this.#roles.keys()];
    this.#roles.clear();
    return ips;
  }
}

/**
 * Announcer changes in the last 180 s, the one that happens now included. An IP may have announcers on other segments
 * of the node: that it is announced on one more has moved nothing.
 */
export function recentMoves(duty: Duty, isFirst: boolean, epochMs: number): number {
  const before = epochMs - duty.lastMoveEpochMs < RECENT_MOVES_MS ? duty.recentMoves : 0;
  return isFirst ? before : before + 1;
}

/** Why this node became announcer, in the words of `child.status.announcer.reason`. */
export function reasonFor(facts: {
  readonly duty: Duty;
  readonly self: string;
  readonly diedBefore: boolean;
  readonly leavesBefore: boolean;
}): AnnouncedReport['reason'] {
  if (facts.diedBefore) return 'Takeover';
  if (facts.duty.lastAnnouncer === undefined) return 'Assigned';
  if (facts.leavesBefore) return 'Handover';
  if (facts.duty.preferredNode === facts.self) return 'Failback';
  return facts.duty.localEndpoints === undefined ? 'Takeover' : 'EndpointsMoved';
}
