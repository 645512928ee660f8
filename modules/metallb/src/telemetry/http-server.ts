import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Server } from 'node:net';

/** What a handler answers. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Path → what to answer to GET and HEAD there. */
export type Routes = Readonly<Record<string, () => Answer | Promise<Answer>>>;

/** Where to listen. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** The address can't be listened on; the message is a sentence for the user. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/** A server that is listening. */
export interface HttpServer {
  /** The real one where 0 was asked for. */
  readonly port: number;
  /** Resolves when no connection is left. */
  stop(): Promise<void>;
}

/** Slow or idle clients must not pile up. */
const REQUEST_TIMEOUT_MS = 5_000;

/** Serves metrics and health: a few fixed paths, reading only. @throws ListenError */
export async function serveHttp(address: ListenAddress, routes: Routes): Promise<HttpServer> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    void answer(routes, request).then((reply) => write(request, response, reply));
  });
  return {
    port: await listen(server, address),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Never rejects. */
async function answer(routes: Routes, request: IncomingMessage): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return plain(405, 'only GET and HEAD are served here\n');
  }
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) return plain(404, `only ${Object.keys(routes).join(', ')}\n`);
  try {
    return await route();
  } catch (error) {
    return plain(500, `${error instanceof Error ? error.message : String(error)}\n`);
  }
}

function plain(status: number, body: string): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', body };
}

/** A health answer: 200 or 503, with what it rests on as JSON. */
export function healthAnswer(healthy: boolean, facts: object): Answer {
  const body = `${JSON.stringify(facts)}\n`;
  return { status: healthy ? 200 : 503, contentType: 'application/json', body };
}

function write(request: IncomingMessage, response: ServerResponse, reply: Answer): void {
  const allow = reply.status === 405 ? { allow: 'GET, HEAD' } : {};
  response.writeHead(reply.status, { 'content-type': reply.contentType, ...allow });
  response.end(request.method === 'HEAD' ? undefined : reply.body);
}

/** @returns the port, the real one where 0 was asked for  @throws ListenError */
export function listen(server: Server, { host, port }: ListenAddress): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new ListenError(`can't listen on ${host} port ${port}: ${reasonOf(error)}`, {
          cause: error,
        }),
      );
    });
    // Without a host Node listens on `::` and, where the kernel has no IPv6, on 0.0.0.0.
    server.listen(host === '::' ? { port } : { host, port }, () => {
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
    });
  });
}

function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.code === 'EADDRINUSE') return 'another process listens there';
  if (error.code === 'EADDRNOTAVAIL') return 'this host does not have that address';
  if (error.code === 'EACCES') return 'not permitted';
  return error.message;
}
