import type { DutyTable } from '../duty/duty.ts';
import type { NodeView, SegmentView } from '../election/view.ts';
import { isCounted, type Peer } from '../liveness/peer.ts';
import type { SegmentLiveness } from '../liveness/segment-liveness.ts';
import type { Gates } from '../packet/heartbeat.ts';
import type { Place } from './place.ts';
import type { StaticPresence } from './static-presence.ts';

const NO_FAILED_GATES = { dataplane: false, reachability: false };
/** Of its gates nobody tells. */
const WITNESSED: NodeView = { present: true, state: 'eligible', failedGates: NO_FAILED_GATES };
const ABSENT: NodeView = { present: false, state: 'starting', failedGates: NO_FAILED_GATES };

export function isReady(node: string, { groups }: DutyTable): boolean {
  return [...groups.values()].some(({ members }) =>
    members.some((member) => member.node === node && member.ready === 'ready'),
  );
}

/** The election's look at one segment, from what its liveness knows now. */
export function segmentView(facts: {
  readonly self: string;
  readonly liveness: SegmentLiveness;
  readonly now: number;
  readonly table: DutyTable;
  /** Another interface of ours serves this segment. */
  readonly passive: boolean;
  readonly presence: StaticPresence;
  /** Of this node. */
  readonly failedGates: Gates;
  readonly place: Place;
}): SegmentView {
  const { self, liveness, now, table, passive, presence, failedGates, place } = facts;
  const { state } = liveness;
  const takesPart = state === 'eligible' || state === 'holding-down';
  const present = takesPart && !passive && !liveness.isCutOff(now, (node) => isReady(node, table));
  return {
    electsStatically: (name) => presence.appliesTo(name),
    isInSubnetOf(name, ip) {
      if (name === self) return place.isInSubnet(ip);
      const peer = liveness.peer(name);
      // Of a node that is not heard itself its addresses are not known.
      return (
        peer === undefined || peer.addresses.length === 0 || place.sharesSubnet(ip, peer.addresses)
      );
    },
    node(name) {
      if (name === self) return { present, state, failedGates };
      const peer = liveness.peer(name);
      if (peer !== undefined && isCounted(peer)) return peerView(peer);
      if (liveness.isHearsay(name)) return WITNESSED;
      if (peer !== undefined) return peerView(peer);
      return presence.isAbsent(name) ? ABSENT : undefined;
    },
  };
}

/** A restarting node counts as what it was: its IPs stay with it. */
function peerView(peer: Peer): NodeView {
  const { state, failedGates, phase } = peer;
  if (phase === 'restarting') return { present: true, state: 'eligible', failedGates };
  const serves = state === 'eligible' || state === 'holding-down';
  return { present: isCounted(peer) && serves, state, failedGates };
}
