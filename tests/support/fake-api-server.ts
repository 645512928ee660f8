import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A request that waits for the test to answer it. */
export class FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly #response: ServerResponse;

  constructor(request: IncomingMessage, body: string, response: ServerResponse) {
    const url = new URL(request.url ?? '', 'http://fake');
    this.method = request.method ?? '';
    this.path = url.pathname;
    this.query = Object.fromEntries(url.searchParams);
    this.headers = request.headers;
    this.body = body;
    this.#response = response;
  }

  answer(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
    this.#response.writeHead(status, headers).end(JSON.stringify(body));
  }

  /** Begins the answer to a watch. */
  open(): void {
    this.#response.writeHead(200).flushHeaders();
  }

  line(event: unknown): void {
    this.write(`${JSON.stringify(event)}\n`);
  }

  write(chunk: string | Buffer): void {
    this.#response.write(chunk);
  }

  /** The clean end of an answer. */
  end(): void {
    this.#response.end();
  }

  reset(): void {
    this.#response.socket?.resetAndDestroy();
  }

  /** Resolves when the client has gone. */
  closed(): Promise<void> {
    return new Promise((resolve) => this.#response.once('close', () => resolve()));
  }
}

/** An API server on loopback that does what the test says, request by request. */
export class FakeApiServer {
  readonly directory = mkdtempSync(join(tmpdir(), 'fake-api-'));
  readonly kubeconfig = join(this.directory, 'kubeconfig');
  readonly tokenFile = join(this.directory, 'token');
  readonly #server = createServer((request, response) => this.#take(request, response));
  readonly #sockets = new Set<Socket>();
  readonly #unanswered: FakeRequest[] = [];
  #onRequest: () => void = () => undefined;
  #port = 0;

  /** Requests that the test has not looked at yet. */
  get waiting(): number {
    return this.#unanswered.length;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    await this.listen();
    writeFileSync(this.tokenFile, 'first-token');
    this.configure({ tokenFile: this.tokenFile });
  }

  /** On the port that it had before. */
  listen(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.listen(this.#port, '127.0.0.1', () => {
        const address = this.#server.address() as AddressInfo;
        this.#port = address.port;
        resolve();
      });
    });
  }

  /** Resets every connection and refuses new ones. */
  async die(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await closed;
  }

  /** @param user as a kubeconfig names it */
  configure(user: object): void {
    const cluster = { server: this.url, 'insecure-skip-tls-verify': true };
    writeFileSync(
      this.kubeconfig,
      JSON.stringify({
        'current-context': 'c',
        contexts: [{ name: 'c', context: { cluster: 'c', user: 'u', namespace: 'd8-metallb' } }],
        clusters: [{ name: 'c', cluster }],
        users: [{ name: 'u', user }],
      }),
    );
  }

  async next(): Promise<FakeRequest> {
    for (;;) {
      const request = this.#unanswered.shift();
      if (request !== undefined) return request;
      await new Promise<void>((resolve) => {
        this.#onRequest = resolve;
      });
    }
  }

  async stop(): Promise<void> {
    if (this.#server.listening) await this.die();
    rmSync(this.directory, { recursive: true });
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on('error', () => undefined);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.#unanswered.push(new FakeRequest(request, Buffer.concat(chunks).toString(), response));
      this.#onRequest();
    });
  }
}
