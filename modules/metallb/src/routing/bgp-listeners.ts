import type { Socket } from 'node:net';
import { type BgpListener, type ListenedPeer, listenForBgp } from '../linux/bgp-socket.ts';
import { familyOf, type IpAddress, type IpFamily } from '../net/ip.ts';
import { Backoff } from '../time/backoff.ts';
import type { Clock, Timer } from '../time/clock.ts';

export interface BgpListenersPorts {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** @param interfaceName of a link-local address */
  readonly onConnection: (
    socket: Socket,
    from: IpAddress,
    interfaceName: string | undefined,
  ) => void;
  readonly onStranger: (from: IpAddress) => void;
  /** `problems` reads otherwise. */
  readonly onProblem: () => void;
}

const FAMILIES: readonly IpFamily[] = ['IPv4', 'IPv6'];
const RETRY = { initialMs: 1_000, maximumMs: 60_000 };
const WORDS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program on this node has it',
  EACCES: 'below 1024 it takes the capability NET_BIND_SERVICE',
};

/** The port that routers connect to: a socket for each family that one of them has, and none without. */
export class BgpListeners {
  readonly #port: number;
  readonly #ports: BgpListenersPorts;
  readonly #families = new Map<IpFamily, FamilyListener>();

  constructor(port: number, ports: BgpListenersPorts) {
    this.#port = port;
    this.#ports = ports;
  }

  /** From now on nobody else gets a connection. */
  setPeers(peers: readonly ListenedPeer[]): void {
    for (const family of FAMILIES) {
      const own = peers.filter(({ address }) => familyOf(address) === family);
      const listener = this.#families.get(family);
      if (own.length === 0) this.#close(family);
      else if (listener === undefined) {
        this.#families.set(family, new FamilyListener(family, this.#port, this.#ports, own));
      } else listener.setPeers(own);
    }
  }

  /** Why routers can't connect, in words. */
  get problems(): string[] {
    return [...this.#families.values()].flatMap(({ problem }) => problem ?? []);
  }

  stop(): void {
    for (const family of FAMILIES) this.#close(family);
  }

  #close(family: IpFamily): void {
    this.#families.get(family)?.stop();
    this.#families.delete(family);
  }
}

/** Tries again for as long as it can't listen: whoever has the port may go. */
class FamilyListener {
  problem: string | undefined;
  readonly #family: IpFamily;
  readonly #port: number;
  readonly #ports: BgpListenersPorts;
  readonly #backoff: Backoff;
  #peers: readonly ListenedPeer[];
  #listener: BgpListener | undefined;
  #retry: Timer | undefined;
  #isStopped = false;

  constructor(
    family: IpFamily,
    port: number,
    ports: BgpListenersPorts,
    peers: readonly ListenedPeer[],
  ) {
    this.#family = family;
    this.#port = port;
    this.#ports = ports;
    this.#backoff = new Backoff(ports.random, RETRY);
    this.#peers = peers;
    void this.#open();
  }

  setPeers(peers: readonly ListenedPeer[]): void {
    this.#peers = peers;
    if (this.#listener === undefined) return;
    this.#say(undefined);
    this.#listener.setPeers(peers);
  }

  stop(): void {
    this.#isStopped = true;
    this.#retry?.cancel();
    this.#listener?.close();
  }

  async #open(): Promise<void> {
    const { onConnection, onStranger, clock } = this.#ports;
    try {
      // Not before the caller is done: it learns of a problem as of one that comes later.
      await Promise.resolve();
      const listener = await listenForBgp({
        ...{ family: this.#family, port: this.#port, peers: this.#peers },
        ...{ onConnection, onStranger },
        onError: (error) => this.#say(wordsOf(error)),
      });
      if (this.#isStopped) return listener.close();
      this.#listener = listener;
      // They may be others by now.
      this.setPeers(this.#peers);
    } catch (error) {
      if (this.#isStopped) return;
      this.#say(wordsOf(error));
      this.#retry = clock.after(this.#backoff.nextDelayMs(), () => void this.#open());
    }
  }

  #say(problem: string | undefined): void {
    const said =
      problem && `port ${this.#port} of ${this.#family} can not be listened on: ${problem}`;
    if (said === this.problem) return;
    this.problem = said;
    this.#ports.onProblem();
  }
}

function wordsOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return WORDS[code] ?? (error instanceof Error ? error.message : String(error));
}
