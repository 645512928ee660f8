import { rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to an API server over a unix socket, that can be cut and mended, and lose what is on it. */
export class Route {
  readonly socketPath: string;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #sockets = new Set<Socket>();
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

  #pass(near: Socket): void {
    const far = connect(this.#target);
    near.pipe(far).pipe(near);
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
