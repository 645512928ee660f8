import type { MetalLoadBalancerClass } from '../api/metal-load-balancer-class.ts';
import type { Node } from '../api/node.ts';
import type { Group, Member } from '../duty/duty.ts';
import { parseTimestamp } from '../time/clock.ts';

/** Network rule 11: what the API says about a node counts only after this long. */
const NOT_READY_GRACE_MS = 60_000;

/** A class's nodes as of one moment. */
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
}

/** Whether the class wants this node: all labels of its selector match. */
export function isMember(clazz: MetalLoadBalancerClass, node: Node): boolean {
  return Object.entries(clazz.spec.nodeSelector).every(
    ([label, value]) => node.labels[label] === value,
  );
}

/** The group that elects the announcers of a class's IPs. */
export function viewGroup(
  clazz: MetalLoadBalancerClass,
  nodes: Iterable<Node>,
  moment: Moment,
): GroupView {
  const matching = [...nodes].filter((node) => isMember(clazz, node)).sort(byName);
  const members = matching.map((node) => ({
    node: node.metadata.name,
    excluded: node.excluded && !clazz.spec.l2.ignoreExcludeLabel,
    ready: readinessAt(node, moment.epochMs),
  }));
  const edges = matching.flatMap((node) => {
    const at = notReadyFrom(node);
    return at !== undefined && at > moment.epochMs ? [at] : [];
  });
  return {
    group: {
      id: clazz.metadata.name,
      interfaces: clazz.spec.l2.interfaces,
      members: unlessMostAreNotReady(members, moment.connected),
    },
    changesAtEpochMs: edges.length === 0 ? undefined : Math.min(...edges),
  };
}

function readinessAt(node: Node, epochMs: number): Member['ready'] {
  if (node.ready === undefined) return 'unknown';
  const from = notReadyFrom(node);
  return from === undefined || from > epochMs ? 'ready' : 'not-ready';
}

/** The moment from which a node that is not Ready counts as such. */
function notReadyFrom(node: Node): number | undefined {
  if (node.ready === undefined || node.ready.status === 'True') return undefined;
  return (parseTimestamp(node.ready.since) ?? 0) + NOT_READY_GRACE_MS;
}

/**
 * Network rule 11: when more than half are not ready, the fault is the control plane's, not theirs. Without the store
 * a node stays behind the others if it was, so that losing the store moves nothing.
 */
function unlessMostAreNotReady(members: readonly Member[], connected: boolean): Member[] {
  const notReady = members.filter(({ ready }) => ready === 'not-ready').length;
  const ignored = notReady * 2 > members.length;
  return members.map((member) => {
    const ready = member.ready === 'not-ready' && ignored ? 'ready' : member.ready;
    return { ...member, ready: ready === 'ready' && !connected ? 'unknown' : ready };
  });
}

function byName(a: Node, b: Node): number {
  return a.metadata.name < b.metadata.name ? -1 : 1;
}
