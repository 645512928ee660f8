import type { IcmpSocket, IcmpSocketOptions } from '../linux/icmp-socket.ts';
import type { LinkLocal } from '../linux/link-locals.ts';
import type { Neighbour } from '../linux/neighbours.ts';
import { ROUTER_DISCOVERY_HOP_LIMIT } from '../packet/router-discovery.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { type FoundRouter, LinkRouter } from './link-router.ts';

/** How links and who is on them are seen. */
export interface LinkSight {
  readonly readLinkLocals: () => readonly LinkLocal[];
  /** Rejects when they can't be read. */
  readonly readNeighbours: () => Promise<readonly Neighbour[]>;
  /** @throws when the interface is gone, or what the kernel says */
  readonly openIcmp: (options: IcmpSocketOptions) => IcmpSocket;
}

export interface LinkRoutersPorts extends LinkSight {
  readonly clock: Clock;
  /** `at` says something else of an interface. */
  readonly onChange: () => void;
  readonly onFailure: (error: unknown) => void;
}

interface Watched {
  readonly router: LinkRouter;
  /** The link that it was opened on. */
  socket: { readonly index: number; readonly icmp: IcmpSocket } | undefined;
}

const LOOK_EVERY_MS = 1_000;

/** The routers at interfaces that peers go by; on no other anything is sent. */
export class LinkRouters {
  readonly #ports: LinkRoutersPorts;
  readonly #watched = new Map<string, Watched>();
  #timer: Timer | undefined;
  #isLooking = false;
  #lastFailure = '';

  constructor(ports: LinkRoutersPorts) {
    this.#ports = ports;
  }

  /** Level-based; those that are watched already go on as they are. */
  setInterfaces(names: ReadonlySet<string>): void {
    for (const [name, watched] of this.#watched) {
      if (names.has(name)) continue;
      drop(watched);
      this.#watched.delete(name);
    }
    const added = [...names].filter((name) => !this.#watched.has(name));
    for (const name of added) {
      this.#watched.set(name, { router: new LinkRouter(), socket: undefined });
    }
    if (added.length > 0) void this.#look();
  }

  at(name: string): FoundRouter {
    const known = this.#watched.get(name)?.router.found;
    return known ?? { problem: 'it has not been looked at yet' };
  }

  /** Idempotent. */
  stop(): void {
    this.setInterfaces(new Set());
    this.#timer?.cancel();
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#timer?.cancel();
    const { clock, readNeighbours } = this.#ports;
    try {
      this.#take(await readNeighbours());
    } catch (error) {
      this.#tellFailure(error);
    }
    this.#isLooking = false;
    if (this.#watched.size > 0) this.#timer = clock.after(LOOK_EVERY_MS, () => void this.#look());
  }

  #take(neighbours: readonly Neighbour[]): void {
    const { clock, readLinkLocals, onChange } = this.#ports;
    const links = new Map(readLinkLocals().map((link) => [link.interface, link]));
    let hasChanged = false;
    for (const [name, watched] of this.#watched) {
      const link = links.get(name);
      if (watched.socket?.index !== link?.index) drop(watched);
      const before = JSON.stringify(watched.router.found);
      const here = neighbours.filter((one) => one.interface === name);
      const messages = watched.router.look(link, here, clock.now());
      for (const { to, message } of messages)
        this.#socketOf(name, watched, link)?.send(to, message);
      hasChanged ||= JSON.stringify(watched.router.found) !== before;
    }
    if (hasChanged) onChange();
  }

  /** Opened anew after every error: the interface may be another one of the same name. */
  #socketOf(name: string, watched: Watched, link: LinkLocal | undefined): IcmpSocket | undefined {
    if (watched.socket !== undefined || link === undefined) return watched.socket?.icmp;
    const icmp = this.#ports.openIcmp({
      ...{ interface: name, family: 'IPv6', hopLimit: ROUTER_DISCOVERY_HOP_LIMIT },
      onReply: undefined,
      onError: (error) => {
        drop(watched);
        this.#tellFailure(error);
      },
    });
    watched.socket = { index: link.index, icmp };
    return icmp;
  }

  /** Once in a row for each reason, although it is tried again and again. */
  #tellFailure(error: unknown): void {
    const failure = String(error);
    if (failure !== this.#lastFailure) this.#ports.onFailure(error);
    this.#lastFailure = failure;
  }
}

function drop(watched: Watched): void {
  watched.socket?.icmp.close();
  watched.socket = undefined;
}
