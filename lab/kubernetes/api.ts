import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';

/** How to reach an API server as one user. */
export interface ApiAddress {
  readonly host: string;
  readonly port: number;
  /** Leads there from another network namespace. */
  readonly socketPath?: string | undefined;
  readonly caFile: string;
  readonly token: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** The API server refused a request. */
export class ApiError extends Error {
  readonly status: number;

  constructor(method: string, path: string, status: number, body: unknown) {
    const said = isStatus(body) ? body.message : JSON.stringify(body);
    super(`${method} ${path}: ${status}: ${said}`);
    this.name = 'ApiError';
    this.status = status;
  }
}

const PATIENCE_MS = 20_000;

export const PATCH = {
  apply: 'application/apply-patch+yaml',
  merge: 'application/merge-patch+json',
  /** Merges lists by key; kinds of Kubernetes itself only. */
  strategicMerge: 'application/strategic-merge-patch+json',
} as const;

/** The lab's own client, which shares no code with the product's. */
export class Api {
  readonly #address: ApiAddress;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 16 });

  constructor(address: ApiAddress) {
    this.#address = address;
  }

  get(path: string): Promise<unknown> {
    return this.send('GET', path);
  }

  /** Undefined where there is no such thing. */
  async find(path: string): Promise<unknown> {
    const { status, body } = await this.ask('GET', path);
    if (status === 404) return undefined;
    return checked('GET', path, status, body);
  }

  /** @throws ApiError */
  async send(method: string, path: string, body?: unknown, contentType?: string): Promise<unknown> {
    const answer = await this.ask(method, path, body, contentType);
    return checked(method, path, answer.status, answer.body);
  }

  /** Whatever the server answers. @throws when it does not */
  ask(
    method: string,
    path: string,
    body?: unknown,
    contentType = 'application/json',
  ): Promise<ApiAnswer> {
    const { host, port, socketPath, caFile, token } = this.#address;
    const payload = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const asked = request(
        {
          ...{ host, port, method, path, agent: this.#agent, timeout: PATIENCE_MS },
          ...(socketPath === undefined ? {} : { socketPath }),
          ca: readFileSync(caFile),
          servername: 'kubernetes.default.svc',
          headers: {
            authorization: `Bearer ${token}`,
            accept: 'application/json',
            // Node would send the body of a DELETE without a length, and the server take it for the next request.
            ...(payload === undefined
              ? {}
              : { 'content-type': contentType, 'content-length': Buffer.byteLength(payload) }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            resolve({ status: response.statusCode ?? 0, body: parsed(text) });
          });
        },
      );
      asked.on('timeout', () => asked.destroy(new Error(`${method} ${path}: no answer`)));
      asked.on('error', (error: NodeJS.ErrnoException) => {
        // The server has closed a connection that lay idle: nobody has read the request.
        const isStale = asked.reusedSocket && error.code === 'ECONNRESET';
        if (isStale) resolve(this.ask(method, path, body, contentType));
        else reject(error);
      });
      asked.end(payload);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

function checked(method: string, path: string, status: number, body: unknown): unknown {
  if (status >= 400 || status === 0) throw new ApiError(method, path, status, body);
  return body;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // /readyz and its like answer in words
  }
}

function isStatus(body: unknown): body is { message: string } {
  return typeof body === 'object' && body !== null && 'message' in body;
}
