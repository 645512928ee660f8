import type { IncomingMessage } from 'node:http';
import { isRecord } from '../api/fields.ts';
import {
  AlreadyExistsError,
  ConflictError,
  InvalidError,
  NotFoundError,
  StoreUnavailableError,
} from '../store/errors.ts';
import { type ApiRequest, JSON_PATCH } from './api-request.ts';
import { ExpiredError, ForbiddenError } from './errors.ts';

/** What a metav1.Status says, as far as it says anything. */
interface Refusal {
  readonly reason: string;
  readonly message: string;
  readonly causes: readonly string[];
}

/** Above any list of 500 real objects; a body of this size is a mistake or an attack. */
const MAX_BODY_BYTES = 256 * 1024 * 1024;

/** @throws StoreUnavailableError when the connection is lost on the way, or the body never seems to end */
export async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > MAX_BODY_BYTES) throw new Error(`it is longer than ${MAX_BODY_BYTES} bytes`);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreUnavailableError(`an answer of the API server broke off: ${reason}`, {
      cause: error,
    });
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** How long the API server wants to be left alone before the same request; undefined: it doesn't say. */
export function retryAfterMs({ statusCode = 0, headers }: IncomingMessage): number | undefined {
  if (statusCode !== 429 && statusCode < 500) return undefined;
  const seconds = headers['retry-after'] ?? '';
  return /^\d{1,5}$/.test(seconds) ? Number(seconds) * 1_000 : undefined;
}

const UNKNOWN_CREDENTIALS =
  'the API server does not know our credentials; is the token or certificate out of date?';

/**
 * The error that an answer which is no success means, as a sentence.
 * @param certificateFault what is wrong with our own certificate, if something is
 */
export function errorOf(
  request: ApiRequest,
  { statusCode }: Pick<IncomingMessage, 'statusCode'>,
  body: string,
  certificateFault?: string,
): Error {
  const status = statusCode ?? 0;
  const refusal = refusalIn(body);
  const message = `${request.method} ${request.path}: ${status} ${detailOf(refusal)}`;
  switch (status) {
    case 401:
      return new ForbiddenError(`401: ${certificateFault ?? UNKNOWN_CREDENTIALS} (${message})`);
    case 403:
      return new ForbiddenError(`403: ${who(refusal.message)} (${message})`);
    case 404:
      return new NotFoundError(message);
    case 409:
      return refusal.reason === 'AlreadyExists'
        ? new AlreadyExistsError(message)
        : new ConflictError(message);
    case 410:
      return new ExpiredError(message);
    case 422:
      return isFailedTest(request, refusal)
        ? new ConflictError(message)
        : new InvalidError(message);
    case 408:
    case 429:
      return new StoreUnavailableError(message);
    default:
      return status >= 500 ? new StoreUnavailableError(message) : new InvalidError(message);
  }
}

/** All that the API server says when a JSON patch does not fit, whether a `test` failed or a path leads nowhere. */
const BARE_REFUSAL = 'the server rejected our request due to an error in our request';

/** With a `test` in the patch, the likely reason; and whoever reads the object again can't do wrong. */
function isFailedTest({ contentType, body }: ApiRequest, { message }: Refusal): boolean {
  return (
    contentType === JSON_PATCH &&
    message === BARE_REFUSAL &&
    Array.isArray(body) &&
    body.some((step) => isRecord(step) && step['op'] === 'test')
  );
}

function refusalIn(body: string): Refusal {
  const status = parsedStatus(body);
  const details = isRecord(status['details']) ? status['details'] : {};
  const causes = Array.isArray(details['causes']) ? details['causes'] : [];
  return {
    reason: textOf(status['reason']),
    message: textOf(status['message']) || body.slice(0, 200).trim(),
    causes: causes.filter(isRecord).map((cause) => textOf(cause['message'])),
  };
}

function parsedStatus(body: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(body);
    return isRecord(parsed) ? parsed : {};
  } catch {
    // A proxy on the way answers in its own words.
    return {};
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Where the message alone says nothing, the causes do. */
function detailOf({ message, causes }: Refusal): string {
  return [message, ...causes.filter((cause) => cause !== '' && !message.includes(cause))].join(
    '; ',
  );
}

/** The refusal of RBAC with its subject in front; other authorizers write other messages. */
function who(message: string): string {
  const [, user, verb, resource] =
    /User "([^"]+)" cannot (\S+) resource "([^"]+)"/.exec(message) ?? [];
  if (user === undefined) return 'the API server does not allow this to our credentials';
  const subject = user.replace(/^system:serviceaccount:([^:]+):/, 'ServiceAccount $1/');
  return `${subject} may not ${verb} ${resource}; is its role bound, and does it grant this?`;
}
