import type { KubernetesObject } from '../api/object.ts';
import type { DutyTable, Group } from '../duty/duty.ts';
import { readDuty, readGroup } from '../duty/parse-duty.ts';
import { readPools } from '../duty/parse-to-wire.ts';
import {
  MalformedMessageError,
  readBoolean,
  readChoice,
  readInteger,
  readList,
  readNumber,
  readObject,
  readOptional,
  readText,
} from '../messages/parse-fields.ts';
import type { Installation } from './installation.ts';
import { formatRoutes, type RememberedRoutes, readRoutes } from './remembered-routes.ts';

/** Raised with every change that an older speaker could not read. */
const FORMAT = 5;
/** It calls `objects` `classes`, as there were no others. */
const FORMAT_BEFORE = 4;
const MAX_DUTIES = 1_000_000;
const MAX_GROUPS = 10_000;
const MAX_OBJECTS = 100_000;
const MAX_KEYS = 8;
const NO_GATES = { dataplaneFailed: false, reachability: {} };

/** What a speaker did last, for the next one to go on with while the store can't be reached. */
export interface LastKnownGood {
  readonly node: string;
  /** Another one gave its IPs to others. */
  readonly installation: Installation;
  /** Of the kernel: whether this node has been restarted since (network rule 25). */
  readonly bootId: string;
  readonly writtenEpochMs: number;
  /** The configuration in force: what is deleted stays so for those who have IPs by it. */
  readonly objects: readonly unknown[];
  readonly table: DutyTable;
  /** Undefined in an edition without BGP, and where an earlier version wrote. */
  readonly bgp: RememberedRoutes | undefined;
}

/** What is written: read back, its objects are still to be understood. */
export type WritableState = LastKnownGood & { readonly objects: readonly KubernetesObject[] };

/** The file holds no usable last-known-good state. */
export class UnusableStateError extends Error {
  override readonly name = 'UnusableStateError';
}

/** @param path names the file in errors. @throws UnusableStateError */
export function parseLastKnownGood(text: string, path: string): LastKnownGood {
  try {
    return readState(JSON.parse(text));
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof MalformedMessageError)) throw error;
    throw new UnusableStateError(`${path}: ${error.message}`, { cause: error });
  }
}

/** The content of the file. */
export function formatLastKnownGood(state: LastKnownGood): string {
  const { duties, groups } = state.table;
  const table = {
    ...tableSettings(state.table),
    duties: [...duties.values()],
    groups: [...groups.values()],
  };
  const bgp = state.bgp && formatRoutes(state.bgp);
  return JSON.stringify({ format: FORMAT, ...state, table, bgp });
}

/**
 * The table for a node that can't ask the API: who was ready may not be any more, who was not stays behind the others
 * as before, so that a restart without the store moves nothing. After another boot, others may have got the IPs
 * meanwhile: none is answered before it has been asked for, whatever people wanted then (network rule 25).
 *
 * @param bootId of this boot
 */
export function withoutStore(
  { table, bootId: bootIdThen }: LastKnownGood,
  bootId: string,
): DutyTable {
  const groups = [...table.groups].map(([id, group]): [string, Group] => [
    id,
    {
      ...group,
      members: group.members.map((member) =>
        member.ready === 'ready' ? { ...member, ready: 'unknown' } : member,
      ),
    },
  ]);
  const duties = bootIdThen === bootId ? table.duties : inDoubt(table.duties);
  return { ...tableSettings(table), duties, groups: new Map(groups) };
}

function inDoubt(duties: DutyTable['duties']): DutyTable['duties'] {
  const asked = { probing: 'full', forced: false } as const;
  return new Map([...duties].map(([ip, duty]) => [ip, { ...duty, ...asked }]));
}

/** Explicit, since a table may be an object whose members do not spread. What gates found is another time's. */
function tableSettings({ pools, draining, revision }: DutyTable) {
  return { pools, draining, revision, ...NO_GATES };
}

function readState(value: unknown): LastKnownGood {
  const fields = readObject(value, 'file');
  const format = readChoice(fields['format'], 'format', [FORMAT, FORMAT_BEFORE]);
  const objects = format === FORMAT ? 'objects' : 'classes';
  return {
    node: readText(fields['node'], 'node'),
    installation: readInstallation(fields['installation'], 'installation'),
    bootId: readText(fields['bootId'], 'bootId'),
    writtenEpochMs: readNumber(fields['writtenEpochMs'], 'writtenEpochMs'),
    objects: readList(fields[objects], objects, { limit: MAX_OBJECTS, read: readObject }),
    table: readTable(fields['table'], 'table'),
    bgp: readOptional(fields['bgp'], 'bgp', readRoutes),
  };
}

function readInstallation(value: unknown, what: string): Installation {
  const fields = readObject(value, what);
  return {
    clusterId: readText(fields['clusterId'], 'clusterId'),
    keyIds: readList(fields['keyIds'], 'keyIds', { limit: MAX_KEYS, read: readText }),
  };
}

function readTable(value: unknown, what: string): DutyTable {
  const fields = readObject(value, what);
  const duties = readList(fields['duties'], 'duties', { limit: MAX_DUTIES, read: readDuty });
  const groups = readList(fields['groups'], 'groups', { limit: MAX_GROUPS, read: readGroup });
  return {
    duties: new Map(duties.map((duty) => [duty.ip, duty])),
    groups: new Map(groups.map((group) => [group.id, group])),
    pools: readPools(fields['pools'], 'pools'),
    draining: readBoolean(fields['draining'], 'draining'),
    ...NO_GATES,
    revision: readInteger(fields['revision'], 'revision'),
  };
}
