import { rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Transform } from 'node:stream';
import { delay } from '../../lab/exec.ts';

/** Two kilobytes a second: four events, and a line comes in many pieces. */
const PIECE_BYTES = 20;
const PIECE_EVERY_MS = 10;

/** A way to an API server over a unix socket, that can be cut and mended, and lose what is on it. */
export class Route {
  readonly socketPath: string;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #sockets = new Set<Socket>();
  /** Of connections there are: from the API server to its client. */
  readonly #answers = new Map<Socket, Socket>();
  #server: Server | undefined;

  constructor(url: string, socketPath: string) {
    const { hostname, port } = new URL(url);
    this.#target = { host: hostname, port: Number(port) };
    this.socketPath = socketPath;
  }

  async mend(): Promise<void> {
    rmSync(this.socketPath, { force: true });
    const server = createServer((near) => this.#pass(near));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.socketPath, resolve));
  }

  /** Connections are reset, new ones refused. */
  async cut(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** From now on nothing comes through on the connections there are, and nobody is told; new ones are fine. */
  swallow(): void {
    for (const socket of this.#sockets) socket.unpipe().resume();
  }

  /** From now on what the API server says on the connections there are comes in little pieces, later and later. */
  trickle(): void {
    for (const [far, near] of this.#answers) far.unpipe(near).pipe(inPieces()).pipe(near);
  }

  #pass(near: Socket): void {
    const far = connect(this.#target);
    near.pipe(far).pipe(near);
    this.#answers.set(far, near);
    far.on('close', () => this.#answers.delete(far));
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
  }
}

function inPieces(): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done): void {
      void passInPieces(this, chunk).then(() => done());
    },
  });
}

async function passInPieces(to: Transform, chunk: Buffer): Promise<void> {
  for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
    to.push(chunk.subarray(at, at + PIECE_BYTES));
    await delay(PIECE_EVERY_MS);
  }
}
