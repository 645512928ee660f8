import {
  SEGMENT_CONDITIONS,
  type SegmentCondition,
  type WantedCondition,
} from '../api/conditions.ts';
import { ANNOTATION, CONDITION } from '../api/names.ts';
import type { AnnouncedReport, Report, SegmentReport } from '../duty/messages.ts';
import type { IpAddress } from '../net/ip.ts';
import { nodeCondition } from './node-condition.ts';

type SegmentsByInterface = ReadonlyMap<string, Omit<SegmentReport, 'interface'>>;
type ConflictReport = Extract<Report, { type: 'conflict' }>;

/** What is done about a foreign host's answer, and what its victim can do. */
const CONFLICT = {
  vetoed: {
    reason: 'AddressInUse',
    effect: `it is not announced until that host is silent, or the Service has the annotation ${ANNOTATION.forceAddress}: "true"`,
  },
  forced: {
    reason: 'Forced',
    effect: `it is announced all the same, as the annotation ${ANNOTATION.forceAddress} asks`,
  },
  defended: { reason: 'ForeignAnswer', effect: 'it is defended' },
} as const;

/** What the wire has reported and not taken back: the facts behind statuses, `/status` and gauges. */
export class WireState {
  readonly #announced = new Map<IpAddress, Map<string, AnnouncedReport>>();
  readonly #conflicts = new Map<IpAddress, Map<string, ConflictReport>>();
  readonly #conditions = new Map<SegmentCondition, Map<string, string>>();
  #segments: SegmentsByInterface = new Map();

  /** @returns whether it is news: the wire repeats what holds to every speaker that connects */
  take(report: Report): boolean {
    switch (report.type) {
      case 'announced':
        return put(this.#announced, report.ip, report.interface, report);
      case 'withdrawn':
        return drop(this.#announced, report.ip, report.interface);
      case 'conflict':
        return put(this.#conflicts, report.ip, report.interface, report);
      case 'conflict-over':
        return drop(this.#conflicts, report.ip, report.interface);
      case 'condition':
        return report.active
          ? put(this.#conditions, report.condition, report.interface, report.message)
          : drop(this.#conditions, report.condition, report.interface);
      case 'segments': {
        const before = statesOf(this.#segments);
        const segments = report.segments.map(
          ({ interface: name, ...facts }) => [name, facts] as const,
        );
        this.#segments = new Map(segments);
        return before !== statesOf(this.#segments);
      }
      case 'counters':
      case 'ip-counts':
        return true;
    }
  }

  /** A new wire process: it tells anew what still holds. */
  clear(): void {
    for (const facts of [this.#announced, this.#conflicts, this.#conditions]) facts.clear();
    this.#segments = new Map();
  }

  /** Whether a status of the IP's children is this node's to write. */
  concerns(ip: IpAddress): boolean {
    return this.#announced.has(ip) || this.#conflicts.has(ip);
  }

  announces(ip: IpAddress): boolean {
    return this.#announced.has(ip);
  }

  get announced(): AnnouncedReport[] {
    return [...this.#announced.values()].flatMap((byInterface) => [...byInterface.values()]);
  }

  get conflicts(): ConflictReport[] {
    return [...this.#conflicts.values()].flatMap((byInterface) => [...byInterface.values()]);
  }

  get segments(): SegmentsByInterface {
    return this.#segments;
  }

  /** The latest where there are several segments; undefined when this node does not announce the IP. */
  announcementOf(ip: IpAddress): AnnouncedReport | undefined {
    const reports = [...(this.#announced.get(ip)?.values() ?? [])];
    const [latest] = reports.sort((a, b) => b.sinceEpochMs - a.sinceEpochMs);
    if (latest === undefined) return undefined;
    // The segments of a node move one after the other, and the status may tell of the first one before the next has
    // moved: on none of them have there been more moves than the least number says.
    return { ...latest, recentMoves: Math.min(...reports.map(({ recentMoves }) => recentMoves)) };
  }

  /**
   * Undefined when nobody else answers for the IP.
   * @param forced a Service asks to have it announced all the same
   */
  conflictOf(ip: IpAddress, node: string, forced: boolean): WantedCondition | undefined {
    const conflicts = [...(this.#conflicts.get(ip)?.values() ?? [])];
    if (conflicts.length === 0) return undefined;
    const vetoed = conflicts.some((conflict) => conflict.vetoed);
    const hosts = conflicts.map(({ mac, interface: name }) => `${mac} on ${name}`).join(', ');
    const { reason, effect } = CONFLICT[vetoed ? 'vetoed' : forced ? 'forced' : 'defended'];
    return {
      type: CONDITION.addressConflict,
      status: 'True',
      reason,
      message: `${node} hears another host answer for ${ip} (${hosts}): ${effect}`,
    };
  }

  /** Every condition of the Node that the wire knows, whether it holds or not. */
  nodeConditions(): WantedCondition[] {
    return SEGMENT_CONDITIONS.map((name) => {
      const messages = [...(this.#conditions.get(name) ?? [])];
      return nodeCondition(
        name,
        messages.map(([where, message]) => `${where}: ${message}`),
      );
    });
  }
}

/** Without when each was last heard, and in whose order. */
function statesOf(segments: SegmentsByInterface): string {
  const states = [...segments].flatMap(([name, { peers }]) => [
    name,
    ...peers.map(({ node, state }) => `${name} ${node} ${state}`),
  ]);
  return states.sort().join();
}

function put<Key, Value>(
  facts: Map<Key, Map<string, Value>>,
  key: Key,
  place: string,
  value: Value,
): boolean {
  const byInterface = facts.get(key) ?? new Map<string, Value>();
  facts.set(key, byInterface);
  const known = byInterface.get(place);
  byInterface.set(place, value);
  return JSON.stringify(known) !== JSON.stringify(value);
}

function drop<Key, Value>(facts: Map<Key, Map<string, Value>>, key: Key, place: string): boolean {
  const byInterface = facts.get(key);
  const known = byInterface?.delete(place) ?? false;
  if (byInterface?.size === 0) facts.delete(key);
  return known;
}
