import type { IncomingMessage } from 'node:http';
import { StoreUnavailableError } from '../store/errors.ts';
import type { Clock } from '../time/clock.ts';
import { sleep } from '../time/sleep.ts';
import { systemClock } from '../time/system-clock.ts';
import type { ApiRequest } from './api-request.ts';
import { Connection, type ConnectionOptions } from './connection.ts';
import { Deadline } from './deadline.ts';
import { errorOf, readBody, retryAfterMs } from './response.ts';

export type { ApiRequest } from './api-request.ts';

/** The API server, asked one thing at a time. */
export interface ApiClient {
  /**
   * @returns the parsed body
   * @throws NotFoundError, AlreadyExistsError, ConflictError (409, or a `test` of a JSON patch failed), InvalidError,
   *   ForbiddenError (401, 403), ExpiredError (410), StoreUnavailableError (429, 5xx, timeouts, lost connections)
   */
  request(request: ApiRequest): Promise<unknown>;
}

/** A client that also reads streams, and ends. */
export interface ConnectedClient extends ApiClient {
  /** Where the API server is, e.g. `https://10.96.0.1:443`. */
  readonly server: string;
  /** The namespace of the pod, or of the kubeconfig's context. */
  readonly namespace: string | undefined;
  /**
   * The answer to a GET once its status is known to be good; its body is the caller's to read until `signal`.
   *
   * @throws as `request`
   */
  stream(
    request: Pick<ApiRequest, 'path' | 'query'>,
    signal: AbortSignal,
  ): Promise<IncomingMessage>;
  /** Closes what is open; what is under way fails. */
  close(): void;
}

export interface ConnectOptions extends ConnectionOptions {
  readonly clock?: Clock;
}

const REQUEST_TIMEOUT_MS = 30_000;
const ANSWER_TIMEOUT_MS = 15_000;

/**
 * A client for the cluster that `KUBECONFIG` names, else the one whose pod this is, else `~/.kube/config`'s. Nothing is
 * sent yet.
 *
 * @throws ConfigurationError
 */
export function connect(options: ConnectOptions = {}): ConnectedClient {
  const clock = options.clock ?? systemClock;
  return new HttpApiClient(new Connection(clock, options), clock);
}

class HttpApiClient implements ConnectedClient {
  readonly #connection: Connection;
  readonly #clock: Clock;

  constructor(connection: Connection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  get server(): string {
    return this.#connection.server;
  }

  get namespace(): string | undefined {
    return this.#connection.namespace;
  }

  async request(request: ApiRequest): Promise<unknown> {
    const limitMs = request.timeoutMs ?? REQUEST_TIMEOUT_MS;
    const deadline = new Deadline(this.#clock, limitMs, request.signal);
    try {
      const response = await this.#successUntil(deadline, request);
      return parseBody(request, await readBody(response));
    } catch (error) {
      throw deadline.passed ? this.#late(request, limitMs, error) : error;
    } finally {
      deadline.end();
    }
  }

  async stream(
    request: Pick<ApiRequest, 'path' | 'query'>,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const deadline = new Deadline(this.#clock, ANSWER_TIMEOUT_MS, signal);
    try {
      return await this.#successUntil(deadline, { method: 'GET', ...request });
    } catch (error) {
      throw deadline.passed
        ? this.#late({ method: 'GET', ...request }, ANSWER_TIMEOUT_MS, error)
        : error;
    } finally {
      deadline.lift();
    }
  }

  close(): void {
    this.#connection.close();
  }

  /** The API server says when to come back (429, 503): within the deadline that is part of asking once. */
  async #successUntil(deadline: Deadline, request: ApiRequest): Promise<IncomingMessage> {
    for (;;) {
      const response = await this.#connection.send(request, deadline.signal);
      const { statusCode = 0 } = response;
      if (statusCode >= 200 && statusCode < 300) return response;
      const body = await readBody(response);
      const waitMs = retryAfterMs(response);
      if (waitMs === undefined || waitMs >= deadline.leftMs) {
        throw errorOf(request, response, body, this.#connection.certificateFault);
      }
      await sleep(this.#clock, waitMs, deadline.signal);
    }
  }

  #late({ method, path }: ApiRequest, limitMs: number, cause: unknown): StoreUnavailableError {
    const message = `${this.server} did not answer ${method} ${path} within ${limitMs / 1000} s`;
    return new StoreUnavailableError(message, { cause });
  }
}

function parseBody({ method, path }: ApiRequest, body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new StoreUnavailableError(`the answer to ${method} ${path} is no JSON`, { cause: error });
  }
}
