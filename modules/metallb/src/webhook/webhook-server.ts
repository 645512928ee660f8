import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { CONVERSION_PATH } from '../api/names.ts';
import { type Answer, type ListenAddress, listen } from '../telemetry/http-server.ts';
import type { Clock } from '../time/clock.ts';
import { answerConversion } from './answer-conversion.ts';
import { answerReview, type Judge } from './answer-review.ts';
import { inWords } from './bodies.ts';
import type { KeptCertificate } from './kept-certificate.ts';

/** The API server's own limit for a request; a review holds the object before and after. */
const MAX_BODY_BYTES = 3 * 1_024 * 1_024;
/** Of all requests together: anybody in the cluster may connect. */
const MAX_WAITING_BYTES = 32 * 1_024 * 1_024;
const MAX_CONNECTIONS = 1_000;
const REQUEST_TIMEOUT_MS = 10_000;
const HANDSHAKE_TIMEOUT_MS = 5_000;
/** Longer than API servers keep idle connections (90 s): a request must not meet a connection that we are closing. */
const KEEP_ALIVE_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 1_000;

type Respond = (body: string) => Answer;

export interface WebhookServerPorts {
  readonly judge: Judge;
  readonly clock: Clock;
  /** A request that could not be answered because of our own mistake. */
  readonly onFailure: (error: unknown) => void;
}

/** Answers AdmissionReviews and ConversionReviews over HTTPS. Without a certificate it listens and refuses every handshake. */
export class WebhookServer {
  readonly #ports: WebhookServerPorts;
  readonly #server: Server;
  readonly #responders: ReadonlyMap<string, Respond>;
  #waitingBytes = 0;

  constructor(ports: WebhookServerPorts) {
    this.#ports = ports;
    this.#responders = new Map<string, Respond>([
      ['/validate', (body) => answerReview(body, ports.judge)],
      [CONVERSION_PATH, answerConversion],
    ]);
    this.#server = createServer(
      {
        minVersion: 'TLSv1.2',
        handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        headersTimeout: REQUEST_TIMEOUT_MS,
        keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      },
      (request, response) => void this.#handle(request, response),
    );
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** Serves with this certificate from the next handshake on; connections that are open stay. */
  use({ certificate, privateKey }: KeptCertificate): void {
    this.#server.setSecureContext({ cert: certificate, key: privateKey, minVersion: 'TLSv1.2' });
  }

  /** @returns the port, the real one where 0 was asked for  @throws ListenError */
  start(address: ListenAddress): Promise<number> {
    return listen(this.#server, address);
  }

  /** What has been asked is answered, unless its asker is too slow. */
  async stop(): Promise<void> {
    const cut = this.#ports.clock.after(STOP_TIMEOUT_MS, () => this.#server.closeAllConnections());
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    cut.cancel();
  }

  /** Never rejects. */
  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      write(response, refusalOf(request) ?? (await this.#answer(request)));
    } catch (error) {
      // A client that goes away before it has said all is no mistake of ours.
      if (request.complete) this.#ports.onFailure(error);
      if (!response.headersSent) write(response, inWords(500, 'this request could not be judged'));
    }
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const respond = this.#responders.get(pathOf(request));
    if (respond === undefined) {
      return inWords(404, `only ${[...this.#responders.keys()].join(' and ')} are served here`);
    }
    const bytes = Number(request.headers['content-length']);
    if (this.#waitingBytes + bytes > MAX_WAITING_BYTES) {
      return inWords(503, 'too many requests are being read');
    }
    this.#waitingBytes += bytes;
    try {
      return respond(await readBody(request));
    } finally {
      this.#waitingBytes -= bytes;
    }
  }
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '';
}

/** What is wrong with a request by its head alone. */
function refusalOf({ method, headers }: IncomingMessage): Answer | undefined {
  if (method !== 'POST') return inWords(405, 'only POST is served here');
  const [mediaType] = (headers['content-type'] ?? '').split(';', 1);
  if (mediaType?.trim().toLowerCase() !== 'application/json') {
    return inWords(415, 'expected content-type application/json');
  }
  const { 'content-length': length } = headers;
  // Node hands out no more than the length that was promised.
  if (length === undefined) return inWords(411, 'expected a content-length');
  return Number(length) > MAX_BODY_BYTES
    ? inWords(413, `expected at most ${MAX_BODY_BYTES} bytes`)
    : undefined;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function write(response: ServerResponse, { status, contentType, body }: Answer): void {
  const headers = {
    'content-type': contentType,
    ...(status === 405 ? { allow: 'POST' } : {}),
    // What was not read of the request is not worth reading.
    ...(status === 200 ? {} : { connection: 'close' }),
  };
  response.writeHead(status, headers);
  response.end(body);
}
