import {
  absentAs,
  both,
  type Field,
  fields,
  integer,
  into,
  listOf,
  optional,
  text,
  word,
} from '../api/fields.ts';
import { parseAs } from '../api/object.ts';
import type { Parsed } from '../api/problem.ts';
import { NotFoundError, StoreUnavailableError } from '../store/errors.ts';
import type { LeaseLock, LeaseRecord, StoredLease } from '../store/lease.ts';
import type { JsonPatchOperation } from '../store/store.ts';
import { formatMilliseconds, parseTimestamp } from '../time/clock.ts';
import type { ApiClient } from './api-client.ts';
import { JSON_PATCH } from './api-request.ts';
import { ForbiddenError } from './errors.ts';

const API_VERSION = 'coordination.k8s.io/v1';
const KIND = 'Lease';

/** Which Lease. */
export interface LeasePlace {
  readonly namespace: string;
  readonly name: string;
}

/** A Lease and where it is. */
export interface PlacedLease {
  readonly namespace: string;
  readonly lease: StoredLease;
}

const leaseObject: Field<StoredLease> = into(
  fields({
    metadata: fields({ resourceVersion: word }),
    spec: absentAs(
      {},
      fields({
        holderIdentity: absentAs('', text),
        leaseDurationSeconds: optional(integer(0, 2 ** 31 - 1)),
        acquireTime: optional(text),
        renewTime: optional(text),
        leaseTransitions: absentAs(0, integer(0, 2 ** 31 - 1)),
      }),
    ),
  }),
  ({ metadata, spec }) => ({
    version: metadata.resourceVersion,
    holder: spec.holderIdentity,
    durationMs:
      spec.leaseDurationSeconds === undefined ? undefined : spec.leaseDurationSeconds * 1_000,
    acquiredEpochMs: parseTimestamp(spec.acquireTime ?? ''),
    renewedEpochMs: parseTimestamp(spec.renewTime ?? ''),
    transitions: spec.leaseTransitions,
  }),
);

const leaseList: Field<readonly PlacedLease[]> = into(
  fields({
    items: listOf(both(leaseObject, fields({ metadata: fields({ namespace: word }) }))),
  }),
  ({ items }) => items.map(([lease, { metadata }]) => ({ namespace: metadata.namespace, lease })),
);

/** An answer that should be a Lease. */
export const parseLease = (answer: unknown): Parsed<StoredLease> =>
  parseAs(KIND, leaseObject, answer);

/** An answer that should be a list of them. */
export const parseLeaseList = (answer: unknown): Parsed<readonly PlacedLease[]> =>
  parseAs('LeaseList', leaseList, answer);

/** The Leases of this name in all namespaces. @throws as a request does */
export async function listLeases(api: ApiClient, name: string): Promise<readonly PlacedLease[]> {
  const path = `/apis/${API_VERSION}/leases`;
  const query = { fieldSelector: `metadata.name=${name}` };
  const parsed = parseLeaseList(await api.request({ method: 'GET', path, query }));
  if (parsed.ok) return parsed.value;
  throw new StoreUnavailableError(`the answer is no list of Leases ${name}`);
}

/** A Lease of the Kubernetes API. */
export class KubeLease implements LeaseLock {
  readonly #api: ApiClient;
  readonly #place: LeasePlace;

  constructor(api: ApiClient, place: LeasePlace) {
    this.#api = api;
    this.#place = place;
  }

  async read(timeoutMs: number): Promise<StoredLease | undefined> {
    try {
      return this.#parse(await this.#api.request({ method: 'GET', path: this.#path, timeoutMs }));
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
  }

  async create(record: LeaseRecord, timeoutMs: number): Promise<StoredLease> {
    const body = {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: this.#place,
      spec: specOf(record),
    };
    try {
      const request = { method: 'POST', path: this.#folder, body, timeoutMs } as const;
      return this.#parse(await this.#api.request(request));
    } catch (error) {
      if (!(error instanceof ForbiddenError)) throw error;
      const { namespace, name } = this.#place;
      const advice = 'helm upgrade, or Deckhouse, makes it again';
      const message = `Lease ${namespace}/${name} is missing, and only its release may create it: ${advice}`;
      throw new ForbiddenError(message, { cause: error });
    }
  }

  /** A patch, so that labels stay that somebody put on it. */
  async replace(version: string, record: LeaseRecord, timeoutMs: number): Promise<StoredLease> {
    const body: JsonPatchOperation[] = [
      { op: 'test', path: '/metadata/resourceVersion', value: version },
      { op: 'add', path: '/spec', value: specOf(record) },
    ];
    const patch = { method: 'PATCH', contentType: JSON_PATCH } as const;
    return this.#parse(await this.#api.request({ ...patch, path: this.#path, body, timeoutMs }));
  }

  get #folder(): string {
    return `/apis/${API_VERSION}/namespaces/${encodeURIComponent(this.#place.namespace)}/leases`;
  }

  get #path(): string {
    return `${this.#folder}/${encodeURIComponent(this.#place.name)}`;
  }

  #parse(answer: unknown): StoredLease {
    const parsed = parseLease(answer);
    if (parsed.ok) return parsed.value;
    throw new StoreUnavailableError(`the answer is no Lease ${this.#place.name}`);
  }
}

/** Whole seconds are all that a Lease can say, and 0 is refused. */
function specOf(record: LeaseRecord): object {
  const { holder, durationMs, acquiredEpochMs, renewedEpochMs, transitions } = record;
  return {
    holderIdentity: holder,
    leaseDurationSeconds: Math.max(1, Math.ceil((durationMs ?? 0) / 1_000)),
    acquireTime: timeOf(acquiredEpochMs),
    renewTime: timeOf(renewedEpochMs),
    leaseTransitions: transitions,
  };
}

/** metav1.MicroTime */
function timeOf(epochMs: number | undefined): string | undefined {
  return epochMs === undefined ? undefined : formatMilliseconds(epochMs).replace('Z', '000Z');
}
