import { CONDITION } from '../api/names.ts';
import type { Condition } from '../api/object.ts';

/** Conditions whose presence is the fault; of all others of ours, False is. */
const FAULTS_WHEN_TRUE: ReadonlySet<string> = new Set([CONDITION.addressConflict]);
/** The fault of a node begins with the group name; the kubelet's own conditions don't. */
const OWN_PREFIX = 'network.deckhouse.io/';

/** What the conditions of a class, Service or child complain about, in their writers' words. */
export function complaints(conditions: readonly Condition[]): string[] {
  return conditions
    .filter(({ type, status }) => status === (FAULTS_WHEN_TRUE.has(type) ? 'True' : 'False'))
    .map(inWords);
}

/** What the speaker of a node complains about. */
export function nodeComplaints(conditions: readonly Condition[]): string[] {
  return conditions
    .filter(({ type, status }) => type.startsWith(OWN_PREFIX) && status === 'True')
    .map(inWords);
}

function inWords({ reason, message }: Condition): string {
  return [reason, message].filter((part) => part !== '').join(': ');
}
