import * as http from 'node:http';
import * as https from 'node:https';
import { isDeepStrictEqual } from 'node:util';
import { NotLeadingError, StoreUnavailableError } from '../store/errors.ts';
import type { Clock } from '../time/clock.ts';
import type { ApiRequest } from './api-request.ts';
import { mustBeUsable, type TlsOptions, timeFault } from './client-certificate.ts';
import {
  type Configuration,
  type ConfigurationOptions,
  findConfiguration,
} from './configuration.ts';
import { isCertificateFault, unreachable } from './unreachable.ts';

export interface ConnectionOptions extends ConfigurationOptions {
  /** Reach the API server through this unix socket, whatever its address. */
  readonly socketPath?: string | undefined;
  /** Asked at the last moment before anything but a GET goes out, each time it does: a request may have waited long. */
  readonly mayWrite?: (() => boolean) | undefined;
}

interface Identity {
  readonly readAt: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly basic: string | undefined;
  readonly tls: TlsOptions;
  readonly agent: http.Agent;
}

/** Tokens and certificates are files that are replaced while we run. */
const REREAD_MS = 10_000;
/** Read again at once. */
const REFUSED = Number.NEGATIVE_INFINITY;

/** Requests to the API server, as whom the configuration says. */
export class Connection {
  readonly #clock: Clock;
  readonly #options: ConnectionOptions;
  readonly #closed = new AbortController();
  #configuration: Configuration;
  #identity: Identity | undefined;

  /** @throws ConfigurationError */
  constructor(clock: Clock, options: ConnectionOptions) {
    this.#clock = clock;
    this.#options = options;
    this.#configuration = findConfiguration(options);
  }

  get server(): string {
    return this.#configuration.server;
  }

  get namespace(): string | undefined {
    return this.#configuration.namespace;
  }

  /** Why the API server may not accept our certificate, as far as its time is the reason. */
  get certificateFault(): string | undefined {
    const { certificateName } = this.#configuration;
    if (this.#identity === undefined) return undefined;
    return timeFault(this.#identity.tls, certificateName, this.#clock.epochMs());
  }

  /**
   * The answer, whatever its status. A 401 makes credentials be read anew, and is tried again once.
   *
   * @throws StoreUnavailableError
   */
  async send(request: ApiRequest, signal: AbortSignal): Promise<http.IncomingMessage> {
    const response = await this.#sendOnce(request, signal);
    if (response.statusCode !== 401) return response;
    response.resume();
    this.#startOver();
    return this.#sendOnce(request, signal);
  }

  close(): void {
    this.#closed.abort();
    this.#identity?.agent.destroy();
  }

  async #sendOnce(request: ApiRequest, signal: AbortSignal): Promise<http.IncomingMessage> {
    const either = AbortSignal.any([signal, this.#closed.signal]);
    try {
      const identity = await abortable(this.#whoWeAre(), either);
      if (request.method !== 'GET' && this.#options.mayWrite?.() === false) {
        throw new NotLeadingError(`${request.method} ${request.path} is not sent any more`);
      }
      return await this.#exchange(request, identity, either);
    } catch (error) {
      if (error instanceof NotLeadingError) throw error;
      // The authority that signs the API server's certificate may have been replaced.
      if (isCertificateFault(error)) this.#startOver();
      throw unreachable(this.server, error, this.certificateFault);
    }
  }

  async #whoWeAre(): Promise<Identity> {
    const now = this.#clock.now();
    const before = this.#identity;
    if (before !== undefined && now - before.readAt < REREAD_MS) return before;
    const identity = await this.#readIdentity(now).catch((error: unknown) => {
      // Nobody has refused who we were so far: that does while files are being replaced.
      if (before === undefined || before.readAt === REFUSED) throw error;
      return { ...before, readAt: now };
    });
    this.#identity = identity;
    return identity;
  }

  async #readIdentity(now: number): Promise<Identity> {
    const options: https.RequestOptions = {};
    await this.#configuration.authenticate(options);
    const tls = tlsOf(options);
    return {
      readAt: now,
      headers: headersOf(options),
      basic: options.auth ?? undefined,
      tls,
      agent: this.#agentFor(tls, options.agent),
    };
  }

  /** Connections made with other certificates are used no more, but what is under way on them goes on. */
  #agentFor(tls: TlsOptions, proxy: http.Agent | boolean | undefined): http.Agent {
    const before = this.#identity;
    if (before !== undefined && isDeepStrictEqual(before.tls, tls)) return before.agent;
    mustBeUsable(tls, this.#configuration.certificateName);
    if (this.#configuration.isProxied && proxy instanceof http.Agent) return proxy;
    const { Agent } = this.server.startsWith('https:') ? https : http;
    return new Agent({ ...tls, keepAlive: true });
  }

  /** Everything that says who we are is read again: what we have is not accepted any more. */
  #startOver(): void {
    try {
      this.#configuration = findConfiguration(this.#options);
    } catch (error) {
      throw new StoreUnavailableError(String(error), { cause: error });
    }
    if (this.#identity !== undefined) this.#identity = { ...this.#identity, readAt: REFUSED };
  }

  #exchange(
    { method, path, query, body, contentType = 'application/json' }: ApiRequest,
    { headers, basic, agent }: Identity,
    signal: AbortSignal,
  ): Promise<http.IncomingMessage> {
    const { request } = this.server.startsWith('https:') ? https : http;
    const search = query === undefined ? '' : `?${new URLSearchParams(query)}`;
    const content = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      request(`${this.server}${path}${search}`, {
        method,
        agent,
        signal,
        headers: {
          ...headers,
          accept: 'application/json',
          'user-agent': 'metallb-module',
          ...(content === undefined ? {} : contentHeaders(content, contentType)),
        },
        ...(basic === undefined ? {} : { auth: basic }),
        ...(this.#options.socketPath === undefined ? {} : { socketPath: this.#options.socketPath }),
      })
        .once('response', resolve)
        .once('error', reject)
        .end(content);
    });
  }
}

/** Authorization and impersonation. */
function headersOf({ headers = {} }: https.RequestOptions): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, String(value).trim()]),
  );
}

/** With the length, since Node leaves it out where a body is unusual (DELETE), and the API server then takes it for the next request. */
function contentHeaders(content: string, contentType: string): Record<string, string | number> {
  return { 'content-type': contentType, 'content-length': Buffer.byteLength(content) };
}

function tlsOf(options: https.RequestOptions): TlsOptions {
  const { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized } = options;
  return { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized };
}

/** A helper program that gives out credentials may hang: whoever waits for it need not. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    promise.then(resolve, reject);
  });
}
