import { isDeepStrictEqual } from 'node:util';
import type { LinkLocal } from '../linux/link-locals.ts';
import type { Neighbour } from '../linux/neighbours.ts';
import { type IpAddress, isLinkLocal } from '../net/ip.ts';
import { ALL_NODES } from '../packet/ndp.ts';
import {
  ALL_ROUTERS,
  encodeRouterAdvertisement,
  encodeRouterSolicitation,
} from '../packet/router-discovery.ts';

/** The router at an interface, or why there is none to speak to, in words. */
export type FoundRouter = { readonly address: IpAddress } | { readonly problem: string };

/** To be sent from the interface. */
export interface LinkMessage {
  readonly to: IpAddress;
  readonly message: Uint8Array;
}

/** RFC 4861 §6.2.4: the first ones at short intervals, as one may be lost. */
const FIRST_ADVERTISEMENTS = 3;
/** Advertisements before the router is connected to. */
const TOLD_BEFORE = 2;
/** RFC 4861 §10: as often as one may. FRR knows of its peer by nothing else, and after a restart of nobody. */
const ADVERTISE_EVERY_MS = 3_000;
/** A look comes when a timer says so, which may be a little early. */
const EARLY_MS = 100;

/**
 * Who is at the other end of a link, by what the kernel has heard of Neighbor Discovery; and what is sent so that the
 * router learns of this node by the same. Looks are to come every second.
 */
export class LinkRouter {
  #link: LinkLocal | undefined;
  /** Since others were there than before. */
  #advertised = 0;
  #advertiseAt = 0;
  #there: readonly IpAddress[] = [];
  #router: IpAddress | undefined;
  /** Advertisements since it was found. */
  #told = 0;
  #rivals: readonly IpAddress[] = [];

  get found(): FoundRouter {
    if (this.#link === undefined) {
      return { problem: 'it is not there, is down or has no link-local address of IPv6' };
    }
    if (this.#rivals.length > 0) {
      const who = this.#rivals.join(', ');
      return {
        problem: `several routers are there, ${who}: expected one; or spec.peerAddress, and the interface in spec.vrf`,
      };
    }
    if (this.#router === undefined) return { problem: 'no router has advertised itself there' };
    // It would refuse a connection from an address that it has not heard of, and the next attempt is seconds away.
    if (this.#told < TOLD_BEFORE) {
      return { problem: `the router there, ${this.#router}, is being told of this node` };
    }
    return { address: this.#router };
  }

  /**
   * Takes in how things are.
   * @param link undefined: nothing can be sent on it
   * @param neighbours at this interface
   */
  look(
    link: LinkLocal | undefined,
    neighbours: readonly Neighbour[],
    now: number,
  ): readonly LinkMessage[] {
    this.#setLink(link);
    if (link === undefined) return [];
    const others = neighbours.filter(({ ip }) => isLinkLocal(ip) && !link.addresses.includes(ip));
    const { there, router, rivals, unsure } = routerAmong(others, this.#router);
    if (!isDeepStrictEqual(there, this.#there)) this.#advertiseAnew();
    if (router !== this.#router) this.#told = 0;
    this.#there = there;
    this.#router = router;
    this.#rivals = rivals;
    if (now < this.#advertiseAt) return [];
    this.#told += 1;
    this.#advertised += 1;
    const isFirst = this.#advertised < FIRST_ADVERTISEMENTS;
    this.#advertiseAt = isFirst ? now : now + ADVERTISE_EVERY_MS - EARLY_MS;
    const solicitation = encodeRouterSolicitation(link.mac);
    return [
      { to: ALL_NODES, message: encodeRouterAdvertisement(link.mac) },
      ...unsure.map((to) => ({ to, message: solicitation })),
    ];
  }

  /** Whoever was at the other end of a cable that is out may be another when it is in again. */
  #setLink(link: LinkLocal | undefined): void {
    if (link?.index === this.#link?.index && link?.mac === this.#link?.mac) return;
    this.#link = link;
    this.#advertiseAnew();
    this.#there = [];
    this.#router = undefined;
    this.#rivals = [];
  }

  #advertiseAnew(): void {
    this.#advertised = 0;
    this.#advertiseAt = 0;
  }
}

interface Choice {
  readonly there: readonly IpAddress[];
  readonly router: IpAddress | undefined;
  /** More than one, all of them here. */
  readonly rivals: readonly IpAddress[];
  /** To be asked, or sent anything, for the kernel to find out who is there. */
  readonly unsure: readonly IpAddress[];
}

/**
 * The kernel keeps the entry of a router that is gone, or has another address by now: of several, those count that answer.
 * Of one that advertises itself without its link-layer address it knows that it is a router only when it has been asked.
 * @param before keeps its place until another one is there alone: one that is silent has its session to tell
 */
function routerAmong(neighbours: readonly Neighbour[], before: IpAddress | undefined): Choice {
  const among = (states: ReadonlySet<string>) =>
    neighbours.filter(({ state }) => states.has(state));
  const routers = neighbours.filter(({ isRouter, state }) => isRouter && !ABSENT.has(state));
  const there = routers.map(({ ip }) => ip).sort();
  const [first] = there;
  if (first === undefined) {
    const unsure = [ALL_ROUTERS, ...among(UNRESOLVED).map(({ ip }) => ip)];
    return { there, router: before, rivals: [], unsure };
  }
  if (there.length === 1) return { there, router: first, rivals: [], unsure: [] };
  const unsure = among(DORMANT).map(({ ip }) => ip);
  const answering = among(PRESENT).filter(({ isRouter }) => isRouter);
  const isBeforeAmong = before !== undefined && there.includes(before);
  return answering.length < 2 && isBeforeAmong
    ? { there, router: before, rivals: [], unsure }
    : { there, router: undefined, rivals: there, unsure };
}

const PRESENT: ReadonlySet<string> = new Set(['REACHABLE', 'PERMANENT']);
const UNRESOLVED: ReadonlySet<string> = new Set(['', 'FAILED']);
/** Nothing that is under way would change it. */
const DORMANT: ReadonlySet<string> = new Set(['', 'STALE']);
const ABSENT: ReadonlySet<string> = new Set(['FAILED', 'INCOMPLETE']);
