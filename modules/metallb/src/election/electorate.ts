import type { Duty, Group, Member } from '../duty/duty.ts';
import { Ranking, type Tier, type Weights } from './ranking.ts';
import type { NodeView, SegmentView } from './view.ts';

const NO_FAILED_GATES = { dataplane: false, reachability: false };

/**
 * The nodes of a group as one look at a segment finds them. Thousands of IPs are elected at once and share it: what is
 * the same for all of them is worked out once.
 */
export class Electorate {
  readonly #view: SegmentView;
  readonly #heard: readonly Tier[];
  /** Undefined where nobody elects statically. */
  readonly #static: readonly Tier[] | undefined;
  readonly #weights: Weights | undefined;

  constructor({ members }: Group, view: SegmentView) {
    this.#view = view;
    this.#weights = weightsOf(members);
    this.#heard = tiersOf(members, ({ node }) => view.node(node));
    this.#static = members.some(({ node }) => view.electsStatically(node))
      ? tiersOf(members, (member) => staticView(member, view))
      : undefined;
  }

  /**
   * Every node with the same duty and view makes the same list (design.md §7 "Election"): local endpoints, failed gates,
   * preferred node, weight, lowest sha256(`node#ip`).
   *
   * Who elects statically takes what the static election gives it and nothing else: that is left to it, and all the
   * rest is for those who hear each other. So a peer's death is not answered by leaving its IPs to a node that can't see
   * it.
   *
   * @param latecomers who comes last, whatever else speaks for it
   */
  rank(duty: Duty, latecomers?: ReadonlySet<string>): Ranking {
    if (this.#static !== undefined) {
      const ranking = this.#ranking(duty, this.#inSubnet(duty, this.#static));
      const { winner } = ranking;
      if (winner !== undefined && this.#view.electsStatically(winner)) return ranking;
    }
    return this.#ranking(duty, this.#inSubnet(duty, this.#heard), latecomers);
  }

  /**
   * Network rule 13: where nobody has endpoints, the last announcer stays, whatever else changes.
   * Where failback is withheld, the last announcer stands in for the preferred node.
   */
  #ranking(duty: Duty, tiers: readonly Tier[], latecomers?: ReadonlySet<string>): Ranking {
    const { ip, localEndpoints, failback, lastAnnouncer, preferredNode } = duty;
    const served = localEndpoints === undefined ? tiers : byEndpoints(tiers, localEndpoints);
    const ordered = latecomers === undefined ? served : withLast(served, latecomers);
    const [first = ''] = ordered[0] ?? [];
    const nobodyServes = localEndpoints !== undefined && localEndpoints[first] === undefined;
    const stays = nobodyServes || failback === 'withheld';
    const preferred = (stays ? lastAnnouncer : undefined) ?? preferredNode;
    return new Ranking(ordered, preferred, ip, this.#weights);
  }

  #inSubnet({ ip, bySubnet }: Duty, tiers: readonly Tier[]): readonly Tier[] {
    if (!bySubnet) return tiers;
    return tiers
      .map((tier) => tier.filter((node) => this.#view.isInSubnetOf(node, ip)))
      .filter((tier) => tier.length > 0);
  }
}

/** Who is there, best first. Exclusion by label is absolute only while another one lacks the label (network rule 12). */
function tiersOf(
  members: readonly Member[],
  lookAt: (member: Member) => NodeView | undefined,
): Tier[] {
  const seen = members.map((member) => ({ member, view: lookAt(member) }));
  const present = seen.filter(({ view }) => view?.present);
  const included = present.filter(({ member }) => !member.excluded);
  const tiers: string[][] = [];
  for (const { member, view } of included.length > 0 ? included : present) {
    const handicap = view === undefined ? 0 : handicapOf(member, view);
    tiers[handicap] ??= [];
    tiers[handicap].push(member.node);
  }
  return tiers.filter((tier) => tier !== undefined);
}

/** Network rule 11: gates compare in this order. */
function handicapOf({ ready }: Member, { failedGates, state }: NodeView): number {
  return (
    8 * Number(failedGates.dataplane) +
    4 * Number(failedGates.reachability) +
    2 * Number(ready === 'not-ready') +
    Number(state === 'holding-down')
  );
}

/** Without heartbeats the API's word is all there is; a node that the view knows to be silent is out. */
function staticView(member: Member, view: SegmentView): NodeView | undefined {
  // What only we hear, a node that elects statically can't know.
  const known = view.electsStatically(member.node) ? view.node(member.node) : undefined;
  if (known !== undefined) return known;
  if (member.ready === 'not-ready') return undefined;
  return { present: true, state: 'eligible', failedGates: NO_FAILED_GATES };
}

function weightsOf(members: readonly Member[]): Weights | undefined {
  const weights = members.flatMap(({ node, weight }): [string, number][] =>
    weight === undefined ? [] : [[node, weight]],
  );
  return weights.length === 0 ? undefined : new Map(weights);
}

/** Endpoints that are ready, that are still serving, and none (network rule 13) come before all else. */
function byEndpoints(
  tiers: readonly Tier[],
  endpoints: NonNullable<Duty['localEndpoints']>,
): readonly Tier[] {
  return [0, 1, undefined]
    .flatMap((rank) => tiers.map((tier) => tier.filter((node) => endpoints[node] === rank)))
    .filter((tier) => tier.length > 0);
}

function withLast(tiers: readonly Tier[], last: ReadonlySet<string>): readonly Tier[] {
  const those = (isLast: boolean) =>
    tiers.map((tier) => tier.filter((node) => last.has(node) === isLast));
  return [...those(false), ...those(true)].filter((tier) => tier.length > 0);
}
