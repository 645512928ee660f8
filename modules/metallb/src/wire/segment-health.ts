import type { DutyTable } from '../duty/duty.ts';
import { isCounted, type Peer } from '../liveness/peer.ts';
import type { SegmentLiveness } from '../liveness/segment-liveness.ts';
import type { Heartbeat } from '../packet/heartbeat.ts';
import type { Conditions } from './conditions.ts';
import type { Counters } from './counters.ts';
import type { Strangers } from './strangers.ts';

/** What a segment's health is seen from. */
export interface SegmentSymptoms {
  readonly liveness: SegmentLiveness;
  readonly strangers: Strangers;
  readonly electionsBegun: boolean;
  readonly table: DutyTable;
}

/** Tells people how well one segment is heard. */
export class SegmentHealth {
  readonly #interface: string;
  readonly #conditions: Conditions;
  readonly #counters: Counters;
  /** A peer that has seen newer cluster state, until this node has seen it too. */
  #ahead: Pick<Heartbeat, 'node' | 'revision'> | undefined;
  #peersTold: readonly string[] = [];

  constructor(interfaceName: string, conditions: Conditions, counters: Counters) {
    this.#interface = interfaceName;
    this.#conditions = conditions;
    this.#counters = counters;
  }

  isBehind({ node, revision }: Pick<Heartbeat, 'node' | 'revision'>): void {
    if (this.#ahead === undefined || revision > this.#ahead.revision) {
      this.#ahead = { node, revision };
    }
  }

  tell({ liveness, strangers, electionsBegun, table }: SegmentSymptoms): void {
    const { deaf, neverHeard, peers } = liveness;
    const otherKey = membersAmong(strangers.nodes, table);
    const proven = peers.filter(({ phase }) => phase === 'proven').map(({ node }) => node);
    const alone = electionsBegun && neverHeard && hasCompany(table);
    const tell = this.#conditions.set.bind(this.#conditions);
    tell('Deaf', deaf, 'peers are silent and no frame is received at all; taking over nothing');
    tell('NoPeersHeard', alone, 'no heartbeat was ever heard here; electing by what the API says');
    tell('HeartbeatsLost', proven.length > 0, `heartbeats of ${proven} are lost, but it answers`);
    tell('OtherHeartbeatKey', otherKey.length > 0, otherKeyMessage(otherKey));
    if (this.#ahead !== undefined && table.revision >= this.#ahead.revision)
      this.#ahead = undefined;
    const ahead = `${this.#ahead?.node} knows a newer cluster state, and its word counts until this node has seen it`;
    tell('DutiesDiffer', this.#ahead !== undefined, ahead);
    this.#count(peers);
  }

  /** A node that was forgotten, since it has left, is not one that is down. */
  #count(peers: readonly Peer[]): void {
    const labels = (peer: string) => ({ interface: this.#interface, peer });
    for (const peer of peers) {
      this.#counters.set('peer_up', labels(peer.node), Number(isCounted(peer)));
    }
    const names = peers.map(({ node }) => node);
    for (const gone of this.#peersTold.filter((name) => !names.includes(name))) {
      this.#counters.remove('peer_up', labels(gone));
    }
    this.#peersTold = names;
  }
}

/** Frames that nobody vouches for may name anybody; people are told of nodes that there are. */
function membersAmong(nodes: readonly string[], { groups }: DutyTable): string[] {
  const isMember = (node: string) =>
    [...groups.values()].some(({ members }) => members.some((member) => member.node === node));
  return nodes.filter(isMember).sort();
}

function otherKeyMessage(nodes: readonly string[]): string {
  return `heartbeats of ${nodes.join(', ')} are signed with a key that this node does not hold: give all nodes the same METALLB_HEARTBEAT_KEY_FILE; until then failures are noticed late`;
}

function hasCompany({ groups }: DutyTable): boolean {
  return [...groups.values()].some(({ members }) => members.length > 1);
}
