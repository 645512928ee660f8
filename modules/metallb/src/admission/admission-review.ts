import {
  anyRecord,
  type Field,
  fields,
  oneOf,
  optional,
  refine,
  text,
  word,
} from '../api/fields.ts';
import type { Parsed } from '../api/problem.ts';
import { isAllowed, type Verdict } from './verdict.ts';

const REVIEW_API_VERSION = 'admission.k8s.io/v1';
const REVIEW_KIND = 'AdmissionReview';

/** What somebody wants to write, before the API server has stored it. */
export interface AdmissionRequest {
  /** Of the request, not of the object: the answer repeats it. */
  readonly uid: string;
  readonly resource: { readonly group: string; readonly resource: string };
  /** `status`, `scale`, …; undefined for the object itself. */
  readonly subResource: string | undefined;
  /** Who asks, e.g. `system:serviceaccount:d8-system:deckhouse`. */
  readonly username: string;
  readonly change: Change;
}

type WholeObject = Readonly<Record<string, unknown>>;

/** The object before and after, unread. */
export type Change =
  | { readonly operation: 'CREATE'; readonly object: WholeObject }
  | {
      readonly operation: 'UPDATE';
      readonly object: WholeObject;
      readonly oldObject: WholeObject;
    }
  | { readonly operation: 'DELETE'; readonly oldObject: WholeObject };

const operation = fields({ operation: oneOf('CREATE', 'UPDATE', 'DELETE') });
const created = fields({ object: anyRecord });
const updated = fields({ object: anyRecord, oldObject: anyRecord });
const deleted = fields({ oldObject: anyRecord });

const change: Field<Change> = (value, place) =>
  refine(operation, ({ operation }): Parsed<Change> => {
    switch (operation) {
      case 'CREATE':
        return withOperation(operation, created(value, place));
      case 'UPDATE':
        return withOperation(operation, updated(value, place));
      case 'DELETE':
        return withOperation(operation, deleted(value, place));
    }
  })(value, place);

function withOperation<Name extends string, Objects extends object>(
  operation: Name,
  read: Parsed<Objects>,
): Parsed<Objects & { readonly operation: Name }> {
  return read.ok ? { ok: true, value: { ...read.value, operation } } : read;
}

const facts = fields({
  uid: word,
  resource: fields({ group: text, resource: word }),
  subResource: optional(text),
  userInfo: fields({ username: text }),
});

const request: Field<AdmissionRequest> = (value, place) =>
  refine(facts, ({ uid, resource, subResource, userInfo }): Parsed<AdmissionRequest> => {
    const read = change(value, place);
    if (!read.ok) return read;
    const { username } = userInfo;
    return {
      ok: true,
      value: { uid, resource, subResource: subResource || undefined, username, change: read.value },
    };
  })(value, place);

const review = fields({
  apiVersion: oneOf(REVIEW_API_VERSION),
  kind: oneOf(REVIEW_KIND),
  request,
});

/** Reads admission.k8s.io/v1 AdmissionReview as the API server sends it; what is unknown in it is passed over. */
export function parseAdmissionReview(body: unknown): Parsed<AdmissionRequest> {
  const read = review(body, { object: REVIEW_KIND, field: '' });
  return read.ok ? { ok: true, value: read.value.request } : read;
}

/** The AdmissionReview that carries the verdict back. */
export function admissionAnswer(uid: string, verdict: Verdict): object {
  const { refusals, warnings } = verdict;
  const allowed = isAllowed(verdict);
  return {
    apiVersion: REVIEW_API_VERSION,
    kind: REVIEW_KIND,
    response: {
      uid,
      allowed,
      ...(allowed ? {} : { status: { code: 403, message: refusals.join('; ') } }),
      ...(warnings.length > 0 ? { warnings } : {}),
    },
  };
}
