import type { RouteAnswer, RouteQuestion } from '../linux/routes.ts';
import type { IpAddress } from '../net/ip.ts';
import type { Clock, Timer } from '../time/clock.ts';
import type { PeerSetup } from './peer-options.ts';

/** A router that this node has a session with, and the way to it: by that, too, comes what the router sends. */
export interface Uplink {
  /** By which advertisements choose it. */
  readonly peer: string;
  readonly interface: string;
}

export interface UplinkPorts {
  readonly clock: Clock;
  /** One answer for each question; rejects when the kernel can't be asked. */
  readonly lookUpRoutes: (questions: readonly RouteQuestion[]) => Promise<readonly RouteAnswer[]>;
  /** `all` says something else. */
  readonly onChange: () => void;
  readonly onFailure: (error: unknown) => void;
}

type Router = Pick<PeerSetup, 'routeName'> &
  Pick<PeerSetup['options']['peer'], 'address' | 'interface'>;

/** Routes change rarely, and nothing tells. */
const LOOK_EVERY_MS = 30_000;

/** The ways to the routers of this node. */
export class Uplinks {
  readonly #ports: UplinkPorts;
  #routers: readonly Router[] = [];
  /** By address of those that are not at a given interface; undefined: no way leads there. */
  readonly #ways = new Map<IpAddress, string | undefined>();
  #timer: Timer | undefined;
  #isLooking = false;

  constructor(ports: UplinkPorts) {
    this.#ports = ports;
  }

  /** Level-based. */
  setRouters(setups: readonly PeerSetup[]): void {
    this.#routers = setups.map(({ routeName, options: { peer } }) => ({
      ...{ routeName, address: peer.address, interface: peer.interface },
    }));
    const asked = new Set(this.#asked);
    for (const address of this.#ways.keys()) if (!asked.has(address)) this.#ways.delete(address);
    if (!this.#isKnown) void this.#look();
  }

  /** Of the routers that a way leads to; undefined until all have been looked for. */
  get all(): Uplink[] | undefined {
    if (!this.#isKnown) return undefined;
    return this.#routers.flatMap(({ routeName, address, interface: given }) => {
      const name = given ?? this.#ways.get(address);
      return name === undefined ? [] : [{ peer: routeName, interface: name }];
    });
  }

  /** Idempotent. */
  stop(): void {
    this.setRouters([]);
    this.#timer?.cancel();
  }

  get #isKnown(): boolean {
    return this.#asked.every((address) => this.#ways.has(address));
  }

  get #asked(): IpAddress[] {
    return this.#routers.flatMap((one) => (one.interface === undefined ? [one.address] : []));
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#timer?.cancel();
    const asked = this.#asked;
    const found = await this.#find(asked);
    this.#isLooking = false;
    this.#take(asked, found);
    if (this.#asked.length === 0) return;
    const delayMs = this.#isKnown ? LOOK_EVERY_MS : 0;
    this.#timer = this.#ports.clock.after(delayMs, () => void this.#look());
  }

  /** What can't be looked at is as it was. */
  async #find(asked: readonly IpAddress[]): Promise<readonly (string | undefined)[]> {
    const { lookUpRoutes, onFailure } = this.#ports;
    try {
      const answers = await lookUpRoutes(asked.map((to) => ({ to })));
      return answers.map((answer) => (answer.kind === 'out' ? answer.interface : undefined));
    } catch (error) {
      onFailure(error);
      return asked.map((address) => this.#ways.get(address));
    }
  }

  #take(asked: readonly IpAddress[], found: readonly (string | undefined)[]): void {
    const wanted = new Set(this.#asked);
    let isNews = false;
    for (const [index, address] of asked.entries()) {
      if (!wanted.has(address)) continue;
      isNews ||= !this.#ways.has(address) || this.#ways.get(address) !== found[index];
      this.#ways.set(address, found[index]);
    }
    if (isNews) this.#ports.onChange();
  }
}
