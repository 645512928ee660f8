import type { Node } from '../api/node.ts';
import { parseTimestamp } from '../time/clock.ts';
import type { Group, Member } from './duty.ts';
import type { GroupPolicy } from './group-policy.ts';

/** Network rule 11: what the API says about a node counts only after this long. */
const NOT_READY_GRACE_MS = 60_000;

/** A group's nodes as of one moment. */
export interface GroupView {
  readonly group: Group;
  /** When time alone changes the group; undefined when it doesn't. */
  readonly changesAtEpochMs: number | undefined;
}

/** What to see a group by. */
export interface Moment {
  readonly epochMs: number;
  /** Whether the store can be asked: what it said about ready nodes is worth nothing without it. */
  readonly connected: boolean;
  /** Whose interfaces the group names. */
  readonly self?: string;
}

/** The group that elects the announcers of its IPs. */
export function viewGroup(policy: GroupPolicy, nodes: Iterable<Node>, moment: Moment): GroupView {
  const { epochMs, connected } = moment;
  const all = [...nodes];
  const matching = all.filter((node) => policy.selects(node)).sort(byName);
  const notReadyFrom = notReadyTimes(matching, epochMs);
  const members = matching.map((node) => ({
    node: node.metadata.name,
    excluded: node.excluded && !policy.ignoreExcludeLabel,
    ready: readinessAt(node, notReadyFrom.get(node), moment),
    ...weightField(policy.weightOf(node)),
  }));
  const self = all.find(({ metadata }) => metadata.name === moment.self);
  const edges = [...notReadyFrom.values()].filter((at) => at > epochMs);
  return {
    group: { id: policy.id, interfaces: policy.interfacesOn(self), members },
    changesAtEpochMs: edges.length === 0 || !connected ? undefined : Math.min(...edges),
  };
}

function weightField(weight: number): Pick<Member, 'weight'> {
  return weight === 0 ? {} : { weight };
}

/** Without the store a node stays behind the others if it was, so that losing the store moves nothing. */
function readinessAt(
  { ready }: Node,
  notReadyFrom: number | undefined,
  { epochMs, connected }: Moment,
): Member['ready'] {
  if (notReadyFrom !== undefined && notReadyFrom <= epochMs) return 'not-ready';
  return ready === undefined || !connected ? 'unknown' : 'ready';
}

/**
 * The moments from which nodes that are not Ready count as such. Network rule 11: when more than half are not Ready,
 * the fault is the control plane's, not theirs, and none counts. Nodes cease to be Ready one after the other, and come
 * back so: all that are not Ready are looked at, however short they are, and the grace begins when that is over.
 */
function notReadyTimes(nodes: readonly Node[], epochMs: number): ReadonlyMap<Node, number> {
  const notReady = nodes.filter(({ ready }) => ready !== undefined && ready.status !== 'True');
  if (notReady.length === 0 || isMost(notReady, nodes)) return new Map();
  const outageEnd = lastOutageEnd(nodes, epochMs);
  return new Map(
    notReady.map((node) => [node, Math.max(readinessSince(node), outageEnd) + NOT_READY_GRACE_MS]),
  );
}

/** When more than half were last not Ready, as far as the grace looks back; 0 when they were not. */
function lastOutageEnd(nodes: readonly Node[], epochMs: number): number {
  const returns = nodes
    .filter(({ ready }) => ready?.status === 'True')
    .map(readinessSince)
    .filter((since) => since + NOT_READY_GRACE_MS > epochMs);
  const ends = returns.filter((at) => {
    const notReadyBefore = nodes.filter((node) => {
      if (node.ready === undefined) return false;
      const since = readinessSince(node);
      return node.ready.status === 'True' ? since >= at : since < at;
    });
    return isMost(notReadyBefore, nodes);
  });
  return Math.max(0, ...ends);
}

function readinessSince({ ready }: Node): number {
  return parseTimestamp(ready?.since ?? '') ?? 0;
}

function isMost(some: readonly Node[], all: readonly Node[]): boolean {
  return some.length * 2 > all.length;
}

function byName(a: Node, b: Node): number {
  return a.metadata.name < b.metadata.name ? -1 : 1;
}
