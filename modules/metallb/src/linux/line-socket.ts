import { mkdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { Backoff } from '../time/backoff.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { LineSplitter } from './line-splitter.ts';

/** One JSON value a line, both ways, over a Unix socket. */
export interface LineConnection {
  /** A peer that does not read loses the connection, and with it what was queued: it asks for everything anew. */
  send(message: object): void;
  /** Idempotent. */
  close(): void;
}

/** What happens on one connection. */
export interface LineHandler {
  /** In the order of sending. The value is JSON of the other side's making: parse it. */
  readonly onMessage: (message: unknown) => void;
  /** Once, whoever closed. */
  readonly onClosed: () => void;
}

/** How both ends are set up. */
export interface LineOptions {
  /** A connection is there. */
  readonly onConnection: (connection: LineConnection) => LineHandler;
  /** A line that is no JSON or too long, a peer that does not read, a socket error. The connection is closed already. */
  readonly onError: (error: LineSocketError) => void;
}

/** The other end broke the rules, or the socket failed. */
export class LineSocketError extends Error {
  override readonly name = 'LineSocketError';
}

const MAX_LINE_LENGTH = 4 * 1_024 * 1_024;
const MAX_QUEUED_BYTES = 32 * 1_024 * 1_024;
const RECONNECT = { initialMs: 20, maximumMs: 1_000 };
/** Nobody but the owner may connect. */
const UMASK = 0o177;

/**
 * Listens at `path` for one connection at a time; a new one replaces the old, since its sender is who lives now.
 * A socket that an earlier process left is removed.
 * @throws Error when the directory can't be made or the path can't be bound
 */
export async function listenLines(path: string, options: LineOptions): Promise<{ close(): void }> {
  let current: LineConnection | undefined;
  const server = createServer((socket) => {
    current?.close();
    current = attach(socket, options);
  });
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  await listening(server, path);
  return {
    close() {
      current?.close();
      server.close();
    },
  };
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', resolve);
    // listen() binds before it returns, so the mask holds for this file alone.
    const umask = process.umask(UMASK);
    try {
      server.listen(path);
    } finally {
      process.umask(umask);
    }
  });
}

/** Keeps one connection to the listener at `path`, and connects again after every loss. */
export function connectLines(
  path: string,
  options: LineOptions & { readonly clock: Clock; readonly random: () => number },
): { close(): void } {
  const backoff = new Backoff(options.random, RECONNECT);
  let timer: Timer | undefined;
  let socket: Socket | undefined;
  const open = () => {
    let connectedAt = Number.POSITIVE_INFINITY;
    socket = connect(path);
    socket.once('connect', () => {
      connectedAt = options.clock.now();
      if (socket !== undefined) attach(socket, options);
    });
    // Nobody listening yet is no news; on a connection `attach` reports.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      // Ends that don't understand each other part at once, again and again.
      if (options.clock.now() - connectedAt >= RECONNECT.maximumMs) backoff.reset();
      if (socket !== undefined) timer = options.clock.after(backoff.nextDelayMs(), open);
    });
  };
  open();
  return {
    close() {
      timer?.cancel();
      const last = socket;
      socket = undefined;
      last?.destroy();
    },
  };
}

function attach(socket: Socket, options: LineOptions): LineConnection {
  const fail = (message: string, cause?: unknown) => {
    if (socket.destroyed) return;
    socket.destroy();
    options.onError(new LineSocketError(message, { cause }));
  };
  // What is said in one turn is one write: a thousand IPs that move at once are a thousand reports.
  let corked = false;
  const uncork = () => {
    corked = false;
    socket.uncork();
  };
  const connection: LineConnection = {
    send(message) {
      if (socket.destroyed) return;
      if (!corked) {
        corked = true;
        socket.cork();
        process.nextTick(uncork);
      }
      socket.write(`${JSON.stringify(message)}\n`);
      if (socket.writableLength > MAX_QUEUED_BYTES) fail('the other end does not read');
    },
    close: () => socket.destroy(),
  };
  const handler = options.onConnection(connection);
  const lines = new LineSplitter(MAX_LINE_LENGTH);
  const read = (chunk: string): unknown[] => {
    try {
      return lines.push(chunk).map((line): unknown => JSON.parse(line));
    } catch (error) {
      fail('the other end sent a line that is too long or not JSON', error);
      return [];
    }
  };
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    for (const message of read(chunk)) if (!socket.destroyed) handler.onMessage(message);
  });
  socket.on('error', (error) =>
    options.onError(new LineSocketError('socket error', { cause: error })),
  );
  socket.once('close', () => handler.onClosed());
  return connection;
}
