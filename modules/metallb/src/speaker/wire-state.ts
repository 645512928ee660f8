import { CONDITION } from '../api/names.ts';
import type { AnnouncedReport, NodeConditionReport, PeerReport, Report } from '../duty/messages.ts';
import type { IpAddress } from '../net/ip.ts';
import type { WantedCondition } from '../store/conditions.ts';

type ConflictReport = Extract<Report, { type: 'conflict' }>;
type ConditionName = NodeConditionReport['condition'];

/** Conditions of a Node need a domain of their own beside the kubelet's. */
const NODE_CONDITION_PREFIX = 'network.deckhouse.io/';
const NODE_CONDITIONS = [
  'Deaf',
  'NoPeersHeard',
  'HeartbeatsLost',
  'PacingReduced',
  'DutiesDiffer',
  'ExcludeLabelIgnored',
] as const satisfies readonly ConditionName[];

/** What the wire has reported and not taken back: the facts behind statuses, `/status` and gauges. */
export class WireState {
  readonly #announced = new Map<IpAddress, Map<string, AnnouncedReport>>();
  readonly #conflicts = new Map<IpAddress, Map<string, ConflictReport>>();
  readonly #conditions = new Map<ConditionName, Map<string, string>>();
  readonly #segments = new Map<string, { state: string; peers: readonly PeerReport[] }>();

  take(report: Report): void {
    switch (report.type) {
      case 'announced':
        put(this.#announced, report.ip, report.interface, report);
        break;
      case 'withdrawn':
        drop(this.#announced, report.ip, report.interface);
        break;
      case 'conflict':
        put(this.#conflicts, report.ip, report.interface, report);
        break;
      case 'conflict-over':
        drop(this.#conflicts, report.ip, report.interface);
        break;
      case 'condition':
        if (report.active)
          put(this.#conditions, report.condition, report.interface, report.message);
        else drop(this.#conditions, report.condition, report.interface);
        break;
      case 'peers':
        this.#segments.set(report.interface, { state: report.state, peers: report.peers });
        break;
      case 'counters':
        break;
    }
  }

  /** A new wire process: it tells anew what still holds. */
  clear(): void {
    for (const facts of [this.#announced, this.#conflicts, this.#conditions, this.#segments]) {
      facts.clear();
    }
  }

  /** Whether a status of the IP's children is this node's to write. */
  concerns(ip: IpAddress): boolean {
    return this.#announced.has(ip) || this.#conflicts.has(ip);
  }

  get announced(): AnnouncedReport[] {
    return [...this.#announced.values()].flatMap((byInterface) => [...byInterface.values()]);
  }

  get segments(): ReadonlyMap<string, { state: string; peers: readonly PeerReport[] }> {
    return this.#segments;
  }

  /** The latest where there are several segments; undefined when this node does not announce the IP. */
  announcementOf(ip: IpAddress): AnnouncedReport | undefined {
    const reports = [...(this.#announced.get(ip)?.values() ?? [])];
    return reports.sort((a, b) => b.sinceEpochMs - a.sinceEpochMs)[0];
  }

  /** Undefined when nobody else answers for the IP. */
  conflictOf(ip: IpAddress, node: string): WantedCondition | undefined {
    const conflicts = [...(this.#conflicts.get(ip)?.values() ?? [])];
    if (conflicts.length === 0) return undefined;
    const vetoed = conflicts.some((conflict) => conflict.vetoed);
    const hosts = conflicts.map(({ mac, interface: name }) => `${mac} on ${name}`).join(', ');
    const effect = vetoed ? 'it is not announced until that host is silent' : 'it is defended';
    return {
      type: CONDITION.addressConflict,
      status: 'True',
      reason: vetoed ? 'AddressInUse' : 'ForeignAnswer',
      message: `${node} hears another host answer for ${ip} (${hosts}): ${effect}`,
    };
  }

  /** Every condition of the Node that the wire knows, whether it holds or not. */
  nodeConditions(): WantedCondition[] {
    return NODE_CONDITIONS.map((name) => {
      const messages = [...(this.#conditions.get(name) ?? [])];
      return {
        type: `${NODE_CONDITION_PREFIX}${name}`,
        status: messages.length === 0 ? 'False' : 'True',
        reason: messages.length === 0 ? 'Over' : name,
        message: messages.map(([where, message]) => `${where}: ${message}`).join('; '),
      };
    });
  }
}

function put<Key, Value>(
  facts: Map<Key, Map<string, Value>>,
  key: Key,
  place: string,
  value: Value,
): void {
  const byInterface = facts.get(key);
  if (byInterface === undefined) facts.set(key, new Map([[place, value]]));
  else byInterface.set(place, value);
}

function drop<Key, Value>(facts: Map<Key, Map<string, Value>>, key: Key, place: string): void {
  const byInterface = facts.get(key);
  if (byInterface?.delete(place) && byInterface.size === 0) facts.delete(key);
}
