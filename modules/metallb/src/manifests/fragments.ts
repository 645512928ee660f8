import { isDeepStrictEqual } from 'node:util';
import { describeObject } from '../store/apply-patch.ts';
import { ConflictError, InvalidError } from '../store/errors.ts';
import { KINDS } from '../store/kinds.ts';
import type { Kind, ObjectRef } from '../store/store.ts';
import type { BaseObject } from './published-objects.ts';

type Fields = Readonly<Record<string, unknown>>;

/** One node's share of one object's status. */
export interface Fragment extends ObjectRef {
  /** Of the object it was written for; one made anew under the same name starts without it. */
  readonly uid: string;
  readonly node: string;
  /** Above that of every fragment of this object that the node knew: tells what came later within a second. */
  readonly order: number;
  readonly status: FragmentStatus;
  /** Of an object that nodes make themselves. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** The fields of a status that nodes may write. */
export interface FragmentStatus {
  readonly announcer?: Fields | undefined;
  /** `since` of the announcer that this node took away. */
  readonly withdrawn?: string | undefined;
  readonly conditions?: readonly Fields[] | undefined;
  /** All else in the status of an object that nodes make themselves. */
  readonly fields?: Fields | undefined;
}

const MADE_BY_NODES: ReadonlySet<string> = new Set([
  'ServiceL2Status',
  'ServiceBGPStatus',
  'ConfigurationState',
] satisfies Kind[]);

/** Whether objects of this kind are there because nodes have something to say in them. */
export function isMadeByNodes(kind: string): boolean {
  return MADE_BY_NODES.has(kind);
}

/** The object that fragments are of, without its status: of a kind that nodes make. */
export function madeObject(ref: ObjectRef, fragments: readonly Fragment[]): BaseObject {
  const { labels } = latestAnnouncer(fragments) ?? fragments[0] ?? {};
  const { kind, namespace, name } = ref;
  return {
    ...{ apiVersion: KINDS[kind].apiVersion, kind },
    metadata: {
      ...{ name, uid: describeObject(ref), resourceVersion: '0', creationTimestamp: '' },
      ...(namespace !== undefined && { namespace }),
      ...(labels !== undefined && { labels }),
    },
  };
}

/** The status as programs see it: the latest announcer, and conditions merged by type. */
export function mergeStatus(status: unknown, fragments: readonly Fragment[]): unknown {
  if (fragments.length === 0) return status;
  const merged: Record<string, unknown> = { ...fieldsOf(status) };
  const latest = latestAnnouncer(fragments);
  if (latest !== undefined) {
    delete merged['announcer'];
    const { announcer } = latest.status;
    if (announcer !== undefined) merged['announcer'] = announcer;
  }
  Object.assign(merged, (latest ?? fragments[0])?.status.fields);
  const conditions = latestConditions(fragments);
  if (conditions.size > 0) {
    const all = new Map(conditionsOf(status).map((condition) => [condition['type'], condition]));
    for (const [type, { condition }] of conditions) all.set(type, condition);
    merged['conditions'] = [...all.values()];
  }
  return merged;
}

/** What is left for the object's own file of a status that was computed from the merged one. */
export function withoutFragments(status: unknown, fragments: readonly Fragment[]): unknown {
  if (fragments.length === 0 || status === undefined) return status;
  const own: Record<string, unknown> = { ...fieldsOf(status) };
  const announcer = latestAnnouncer(fragments)?.status.announcer;
  if (isDeepStrictEqual(own['announcer'], announcer)) delete own['announcer'];
  const theirs = latestConditions(fragments);
  if (own['conditions'] !== undefined) {
    own['conditions'] = conditionsOf(status).filter(
      (condition) => !isDeepStrictEqual(condition, theirs.get(condition['type'])?.condition),
    );
  }
  return own;
}

/**
 * What a node has to write so that the merged status becomes `patched`.
 *
 * @param isMade the object is one that nodes make themselves
 * @param others the status merged from everything but this node's fragment
 * @throws InvalidError for what a node may not write, ConflictError for what others have written meanwhile
 */
export function ownShare(
  node: string,
  {
    others,
    merged,
    patched,
    isMade = false,
  }: { others: unknown; merged: unknown; patched: unknown; isMade?: boolean },
  own: FragmentStatus | undefined,
): FragmentStatus {
  if (!isMade && !isDeepStrictEqual(unshared(patched), unshared(merged))) {
    throw new InvalidError(`node ${node} may write only status.announcer and status.conditions`);
  }
  const conditions = ownConditions(node, conditionsOf(others), conditionsOf(patched));
  return {
    ...ownAnnouncer(node, fieldsOf(merged)['announcer'], fieldsOf(patched)['announcer'], own),
    ...(conditions.length > 0 ? { conditions } : {}),
    ...(isMade && { fields: unshared(patched) }),
  };
}

function ownAnnouncer(
  node: string,
  merged: unknown,
  patched: unknown,
  own: FragmentStatus | undefined,
): FragmentStatus {
  if (isDeepStrictEqual(patched, merged)) {
    // An own one that another node's later one has overtaken is dropped: it must not come back when that one goes.
    if (merged !== undefined) return isOf(node, merged) ? { announcer: fieldsOf(merged) } : {};
    return own?.withdrawn === undefined ? {} : { withdrawn: own.withdrawn };
  }
  if (patched === undefined) return { withdrawn: textOf(fieldsOf(merged)['since']) };
  if (!isOf(node, patched)) {
    throw new InvalidError(`node ${node} may name only itself in status.announcer.node`);
  }
  return { announcer: fieldsOf(patched) };
}

function ownConditions(
  node: string,
  others: readonly Fields[],
  patched: readonly Fields[],
): readonly Fields[] {
  const types = new Set(patched.map((condition) => condition['type']));
  const missing = others.find((condition) => !types.has(condition['type']));
  if (missing !== undefined) {
    throw new ConflictError(`node ${node} would remove condition ${missing['type']} of another`);
  }
  return patched.filter(
    (condition) => !others.some((other) => isDeepStrictEqual(other, condition)),
  );
}

function latestAnnouncer(fragments: readonly Fragment[]): Fragment | undefined {
  let latest: { since: string; fragment: Fragment } | undefined;
  for (const fragment of fragments) {
    const since = textOf(fragment.status.announcer?.['since'] ?? fragment.status.withdrawn);
    if (fragment.status.announcer === undefined && fragment.status.withdrawn === undefined)
      continue;
    if (latest === undefined || isLater({ since, fragment }, latest)) latest = { since, fragment };
  }
  return latest?.fragment;
}

function latestConditions(
  fragments: readonly Fragment[],
): ReadonlyMap<unknown, { since: string; fragment: Fragment; condition: Fields }> {
  const latest = new Map<unknown, { since: string; fragment: Fragment; condition: Fields }>();
  for (const fragment of fragments) {
    for (const condition of fragment.status.conditions ?? []) {
      const candidate = { since: textOf(condition['lastTransitionTime']), fragment, condition };
      const rival = latest.get(condition['type']);
      if (rival === undefined || isLater(candidate, rival))
        latest.set(condition['type'], candidate);
    }
  }
  return latest;
}

interface Dated {
  readonly since: string;
  readonly fragment: Fragment;
}

function isLater(a: Dated, b: Dated): boolean {
  const difference = Date.parse(a.since) - Date.parse(b.since);
  if (difference !== 0 && !Number.isNaN(difference)) return difference > 0;
  if (a.fragment.order !== b.fragment.order) return a.fragment.order > b.fragment.order;
  return a.fragment.node > b.fragment.node;
}

function unshared(status: unknown): Fields {
  const { announcer: _announcer, conditions: _conditions, ...rest } = fieldsOf(status);
  return rest;
}

function isOf(node: string, announcer: unknown): boolean {
  return fieldsOf(announcer)['node'] === node;
}

function conditionsOf(status: unknown): readonly Fields[] {
  const conditions = fieldsOf(status)['conditions'];
  return Array.isArray(conditions) ? conditions.map(fieldsOf) : [];
}

function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
