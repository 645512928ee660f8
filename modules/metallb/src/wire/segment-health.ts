import type { DutyTable } from '../duty/duty.ts';
import { groupWords } from '../duty/group-words.ts';
import type { NodeConditionReport, SegmentReport } from '../duty/messages.ts';
import { isCounted, shownState, takeMissed } from '../liveness/peer.ts';
import type { SegmentLiveness } from '../liveness/segment-liveness.ts';
import type { IpAddress } from '../net/ip.ts';
import type { Heartbeat } from '../packet/heartbeat.ts';
import type { Conditions } from './conditions.ts';
import type { Counters } from './counters.ts';
import { isReady } from './segment-view.ts';
import type { Strangers } from './strangers.ts';

type Labels = Readonly<Record<string, string>>;

interface Gauge {
  readonly labels: Labels;
  readonly value: number;
}

/** What a segment's health is seen from. */
export interface SegmentSymptoms {
  readonly liveness: SegmentLiveness;
  readonly strangers: Strangers;
  readonly electionsBegun: boolean;
  readonly table: DutyTable;
  /** IPs of this node that nobody has, and that are not its to take (network rule 25). */
  readonly withheld: readonly IpAddress[];
  /** Our interface on the same segment that answers instead of this one. */
  readonly shadow: string | undefined;
  readonly now: number;
}

const NOT_HEARD =
  "other nodes are heard here and serve, but don't hear this node: it announces nothing here until they do; look for what the network drops of its frames";
const LASTS_MS = 1_000;
/** Of many IPs, so that a condition stays readable. */
const SHOWN_IPS = 5;
/** Gauges leave the process once a second; heartbeats come by the hundred. */
const SHOW_EVERY_MS = 500;

/** Tells people how well one segment is heard. */
export class SegmentHealth {
  readonly #node: string;
  readonly #interface: string;
  readonly #conditions: Conditions;
  readonly #counters: Counters;
  /** A peer that has seen newer cluster state, until this node has seen it too. */
  #ahead: Pick<Heartbeat, 'node' | 'revision'> | undefined;
  #showAt = Number.NEGATIVE_INFINITY;
  /** Since when a symptom has been there without a break. */
  readonly #since = new Map<string, number>();
  /** By name and labels. */
  readonly #shown = new Map<string, Map<string, Labels>>();

  constructor(node: string, interfaceName: string, conditions: Conditions, counters: Counters) {
    this.#node = node;
    this.#interface = interfaceName;
    this.#conditions = conditions;
    this.#counters = counters;
  }

  isBehind({ node, revision }: Pick<Heartbeat, 'node' | 'revision'>): void {
    if (this.#ahead === undefined || revision > this.#ahead.revision) {
      this.#ahead = { node, revision };
    }
  }

  tell(symptoms: SegmentSymptoms): void {
    const { liveness, strangers, electionsBegun, table, withheld, shadow, now } = symptoms;
    const { deaf, neverHeard, peers } = liveness;
    const otherKey = membersWho((node) => strangers.has(node), table);
    const unheard = membersWho((node) => liveness.isHearsay(node), table);
    const proven = peers.filter(({ phase }) => phase === 'proven').map(({ node }) => node);
    const alone = electionsBegun && neverHeard && hasCompany(table);
    const tell = (condition: NodeConditionReport['condition'], holds: boolean, message: string) =>
      // Who is quiet on purpose is not heard on purpose.
      this.#conditions.set(condition, holds && shadow === undefined, message);
    const dark = shadow === undefined ? [] : this.#onlyHere(shadow, table);
    this.#conditions.set('SegmentShared', dark.length > 0, sharedMessage(shadow ?? '', dark));
    tell('Deaf', deaf, 'peers are silent and no frame is received at all; taking over nothing');
    tell('NoPeersHeard', alone, 'no heartbeat was ever heard here; electing by what the API says');
    tell('HeartbeatsLost', proven.length > 0, `heartbeats of ${proven} are lost, but it answers`);
    const partlyHeard = this.#lasts('PartlyHeard', unheard.length > 0, now);
    tell('PartlyHeard', partlyHeard, partlyHeardMessage(unheard));
    const cutOff = liveness.isCutOff(now, (node) => isReady(node, table));
    tell('NotHeard', this.#lasts('NotHeard', cutOff, now), NOT_HEARD);
    tell('OtherHeartbeatKey', otherKey.length > 0, otherKeyMessage(otherKey));
    if (this.#ahead !== undefined && table.revision >= this.#ahead.revision)
      this.#ahead = undefined;
    const ahead = `${this.#ahead?.node} knows a newer cluster state, and its word counts until this node has seen it`;
    tell('DutiesDiffer', this.#ahead !== undefined, ahead);
    tell('DutiesOutdated', withheld.length > 0, outdatedMessage(withheld));
    if (now < this.#showAt) return;
    this.#showAt = now + SHOW_EVERY_MS;
    this.#showStates(liveness);
  }

  /** Groups of this node whose IPs nobody answers, as they name this interface and not the one that answers. */
  #onlyHere(shadow: string, { groups }: DutyTable): string[] {
    return [...groups.values()]
      .filter(({ members }) => members.some(({ node }) => node === this.#node))
      .filter(({ interfaces }) => interfaces.includes(this.#interface))
      .filter(({ interfaces }) => !interfaces.includes(shadow))
      .map(({ id }) => id);
  }

  /** Nodes that start hear each other one after the other: what is so for a moment is nothing to tell people. */
  #lasts(symptom: string, holds: boolean, now: number): boolean {
    if (!holds) this.#since.delete(symptom);
    else if (!this.#since.has(symptom)) this.#since.set(symptom, now);
    return holds && now - (this.#since.get(symptom) ?? now) >= LASTS_MS;
  }

  #showStates({ state, peers }: SegmentLiveness): void {
    const up = peers.map((peer) => ({
      labels: { peer: peer.node },
      value: Number(isCounted(peer)),
    }));
    this.#show('peer_up', up);
    for (const peer of peers) {
      const labels = { interface: this.#interface, peer: peer.node };
      this.#counters.add('heartbeats_missed_total', labels, takeMissed(peer));
    }
    const states = peers.map((peer) => ({ node: peer.node, state: shownState(peer) }));
    const all = [{ node: this.#node, state }, ...states];
    this.#show(
      'heartbeat_state',
      all.map((labels) => ({ labels, value: 1 })),
    );
  }

  /** What is not so any more is not shown: a node that was forgotten, since it has left, is not one that is down. */
  #show(name: string, gauges: readonly Gauge[]): void {
    const before = this.#shown.get(name);
    const shown = new Map<string, Labels>();
    for (const { labels, value } of gauges) {
      const all = { interface: this.#interface, ...labels };
      const key = Object.values(all).join(' ');
      shown.set(key, all);
      before?.delete(key);
      this.#counters.set(name, all, value);
    }
    this.#shown.set(name, shown);
    for (const labels of before?.values() ?? []) this.#counters.remove(name, labels);
  }
}

/** Who is heard on this interface. */
export function segmentReport(name: string, liveness: SegmentLiveness, now: number): SegmentReport {
  const peers = liveness.peers.map((peer) => {
    const lastHeardMsAgo = Math.round(now - peer.heardAt);
    return { node: peer.node, state: shownState(peer), lastHeardMsAgo };
  });
  return { interface: name, state: liveness.state, peers };
}

/** Frames that nobody vouches for may name anybody; people are told of nodes that there are. */
function membersWho(does: (node: string) => boolean, { groups }: DutyTable): string[] {
  const found = new Set<string>();
  for (const { members } of groups.values()) {
    for (const { node } of members) if (does(node)) found.add(node);
  }
  return [...found].sort();
}

function partlyHeardMessage(nodes: readonly string[]): string {
  return `${nodes.join(', ')} can't be heard here, but by other nodes: the IPs stay where they are; look for what the network drops between these nodes and this one`;
}

function sharedMessage(shadow: string, ids: readonly string[]): string {
  const { names, interfacesField } = groupWords(ids);
  return `on the same segment as ${shadow}, which alone answers there; this node announces nothing for ${names}: name ${shadow} in ${interfacesField}, too, or separate the two`;
}

function otherKeyMessage(nodes: readonly string[]): string {
  return `heartbeats of ${nodes.join(', ')} are signed with a key that this node does not hold: give all nodes the same METALLB_HEARTBEAT_KEY_FILE; until then failures are noticed late`;
}

function outdatedMessage(ips: readonly IpAddress[]): string {
  const others = ips.length > SHOWN_IPS ? ` and ${ips.length - SHOWN_IPS} more` : '';
  return `not answered: ${ips.slice(0, SHOWN_IPS).join(', ')}${others}; this node was restarted without the store, and nodes that know a newer cluster state don't serve what it remembers; bring back its way to the API server`;
}

function hasCompany({ groups }: DutyTable): boolean {
  return [...groups.values()].some(({ members }) => members.length > 1);
}
