import { createHash } from 'node:crypto';
import type { Duty, Group, Member } from '../duty/duty.ts';
import type { NodeView, SegmentView } from './view.ts';

/** Ranks below every node that has endpoints. */
const NO_LOCAL_ENDPOINTS = 2;
const NO_FAILED_GATES = { dataplane: false, reachability: false };

interface Candidate {
  readonly node: string;
  readonly excluded: boolean;
  /** Compared from left to right, lower first; the hash breaks ties. */
  readonly keys: readonly number[];
  readonly local: number;
}

type LookAt = (member: Member) => NodeView | undefined;

/**
 * The nodes that could announce the duty's IP now, best first. Every node with the same duty and view computes the
 * same list (design.md §7 "Election"): local endpoints, failed gates, preferred node, lowest sha256(`node#ip`).
 *
 * Who elects statically takes what the static election gives it and nothing else: that is left to it, and all the rest
 * is for those who hear each other. So a peer's death is not answered by leaving its IPs to a node that can't see it.
 *
 * The list is made as it is read: thousands of IPs are elected at once, and nearly always the first node is all that is
 * asked for.
 */
export function rankCandidates(duty: Duty, group: Group, view: SegmentView): Iterable<string> {
  if (group.members.some(({ node }) => view.electsStatically(node))) {
    const ranked = rank(duty, group, (member) => staticView(member, view));
    const [winner] = ranked;
    if (winner !== undefined && view.electsStatically(winner)) return ranked;
  }
  return rank(duty, group, ({ node }) => view.node(node));
}

/** Exclusion by label is absolute only while another candidate lacks the label (network rule 12). */
function rank(duty: Duty, group: Group, lookAt: LookAt): Iterable<string> {
  const present = group.members.flatMap((member) => candidate(duty, member, lookAt) ?? []);
  const included = present.filter(({ excluded }) => !excluded);
  const candidates = included.length > 0 ? included : present;
  const isLocal = duty.localEndpoints !== undefined;
  const nobodyHasEndpoints =
    isLocal && candidates.every(({ local }) => local === NO_LOCAL_ENDPOINTS);
  const stays = nobodyHasEndpoints || duty.failback === 'withheld' ? duty.lastAnnouncer : undefined;
  const ranked = candidates.map((entry) => ({
    node: entry.node,
    keys: withStay(entry, duty, nobodyHasEndpoints, stays),
  }));
  return { [Symbol.iterator]: () => bestFirst(ranked, duty.ip) };
}

type Ranked = Pick<Candidate, 'node' | 'keys'>;

function* bestFirst(candidates: readonly Ranked[], ip: string): Generator<string> {
  const left = new Set(candidates);
  for (let best = bestOf(left, ip); best !== undefined; best = bestOf(left, ip)) {
    left.delete(best);
    yield best.node;
  }
}

/** Only nodes that are equal in everything else are hashed. */
function bestOf(candidates: Iterable<Ranked>, ip: string): Ranked | undefined {
  let equals: Ranked[] = [];
  for (const entry of candidates) {
    const difference = compareKeys(entry.keys, equals[0]?.keys ?? entry.keys);
    if (difference < 0) equals = [entry];
    else if (difference === 0) equals.push(entry);
  }
  return equals.length < 2
    ? equals[0]
    : equals.sort((a, b) => compareHashes(a.node, b.node, ip))[0];
}

function candidate(duty: Duty, member: Member, lookAt: LookAt): Candidate | undefined {
  const seen = lookAt(member);
  if (seen === undefined || !seen.present) return undefined;
  const local = duty.localEndpoints?.[member.node] ?? NO_LOCAL_ENDPOINTS;
  const gates = seen.failedGates;
  const keys = [
    Number(gates.dataplane),
    Number(gates.reachability),
    Number(member.ready === 'not-ready'),
    Number(seen.state === 'holding-down'),
  ];
  return { node: member.node, excluded: member.excluded, keys, local };
}

/** Without heartbeats the API's word is all there is; a node that the view knows to be silent is out. */
function staticView(member: Member, view: SegmentView): NodeView | undefined {
  // What only we hear, a node that elects statically can't know.
  const known = view.electsStatically(member.node) ? view.node(member.node) : undefined;
  if (known !== undefined) return known;
  if (member.ready === 'not-ready') return undefined;
  return { present: true, state: 'eligible', failedGates: NO_FAILED_GATES };
}

/**
 * Network rule 13: where nobody has endpoints, the last announcer stays, whatever else changes.
 * Where failback is withheld, the last announcer stands in for the preferred node.
 */
function withStay(
  entry: Candidate,
  duty: Duty,
  nobodyHasEndpoints: boolean,
  stays: string | undefined,
) {
  const preferred = stays ?? duty.preferredNode;
  const local = duty.localEndpoints === undefined || nobodyHasEndpoints ? 0 : entry.local;
  return [local, ...entry.keys, Number(entry.node !== preferred)];
}

function compareKeys(a: readonly number[], b: readonly number[]): number {
  for (const [index, key] of a.entries()) {
    const difference = key - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareHashes(a: string, b: string, ip: string): number {
  return Buffer.compare(hash(a, ip), hash(b, ip));
}

/** MetalLB's order of nodes for an IP. */
function hash(node: string, ip: string): Buffer {
  return createHash('sha256').update(`${node}#${ip}`).digest();
}
