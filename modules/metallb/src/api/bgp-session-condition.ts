import { CONFIGURATION_CONDITION, type WantedCondition } from './conditions.ts';
import type { Condition } from './object.ts';

/** A session of a node with one router, as the node's ConfigurationState tells of it: no kind of MetalLB's has room for it. */
export interface ToldSession {
  /** Name of its BGPPeer. */
  readonly peer: string;
  /** As people name the router: its address, or the interface that leads to it. */
  readonly neighbor: string;
  /** How many the router was told; undefined while there is no session. */
  readonly prefixes: number | undefined;
  /** What is wrong, in words; empty where nothing is. */
  readonly why: string;
  /** RFC 3339: since when there is a session, or none. */
  readonly since: string;
}

const PREFIX = CONFIGURATION_CONDITION.session.replace('PEER', '');

/** What a ConfigurationState says of a session. */
export function conditionOfSession(
  told: ToldSession,
): WantedCondition & Pick<Condition, 'lastTransitionTime'> {
  const { peer, neighbor, prefixes, why, since } = told;
  const words = [
    ...(prefixes === undefined ? [] : [`${prefixes} prefixes`]),
    ...(why ? [why] : []),
  ];
  return {
    type: `${PREFIX}${peer}`,
    status: prefixes === undefined ? 'False' : 'True',
    reason: prefixes === undefined ? 'BgpSessionDown' : 'Established',
    message: `${neighbor}: ${words.join('; ')}`,
    lastTransitionTime: since,
  };
}

/** The session that a condition is about; undefined for any other condition. */
export function sessionOfCondition(condition: Condition): ToldSession | undefined {
  const { type, status, message, lastTransitionTime: since } = condition;
  if (!type.startsWith(PREFIX)) return undefined;
  const peer = type.slice(PREFIX.length);
  // An address of IPv6 has colons, but none before a blank.
  const [, neighbor = '', words = ''] = /^(.*?): (.*)$/s.exec(message) ?? [];
  const [, prefixes, why = ''] = /^(\d+) prefixes(?:; (.*))?$/s.exec(words) ?? [];
  return status === 'True'
    ? { peer, neighbor, prefixes: Number(prefixes), why, since }
    : { peer, neighbor, prefixes: undefined, why: words, since };
}
