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
/** Before the router is connected to. */
const ADVERTISED_BEFORE = 2;
/** As often as FRR does, which knows of its peer by nothing else. */
const ADVERTISE_EVERY_MS = 10_000;
/** A look comes when a timer says so, which may be a little early. */
const EARLY_MS = 100;

/**
 * Who is at the other end of a link, by what the kernel has heard of Neighbor Discovery; and what is sent so that the
 * router learns of this node by the same. Looks are to come every second.
 */
export class LinkRouter {
  #link: LinkLocal | undefined;
  #advertised = 0;
  #advertiseAt = 0;
  #router: IpAddress | undefined;
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
    if (this.#advertised < ADVERTISED_BEFORE) {
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
    const { router, rivals, unsure } = routerAmong(neighbours, this.#router);
    this.#router = router;
    this.#rivals = rivals;
    const solicitation = encodeRouterSolicitation(link.mac);
    const questions = unsure.map((to) => ({ to, message: solicitation }));
    if (now < this.#advertiseAt) return questions;
    this.#advertised += 1;
    const isFirst = this.#advertised < FIRST_ADVERTISEMENTS;
    this.#advertiseAt = isFirst ? now : now + ADVERTISE_EVERY_MS - EARLY_MS;
    if (router === undefined && rivals.length === 0) {
      questions.push({ to: ALL_ROUTERS, message: solicitation });
    }
    return [{ to: ALL_NODES, message: encodeRouterAdvertisement(link.mac) }, ...questions];
  }

  /** Whoever was at the other end of a cable that is out may be another when it is in again. */
  #setLink(link: LinkLocal | undefined): void {
    if (link?.index === this.#link?.index && link?.mac === this.#link?.mac) return;
    this.#link = link;
    this.#advertised = 0;
    this.#advertiseAt = 0;
    this.#router = undefined;
    this.#rivals = [];
  }
}

interface Choice {
  readonly router: IpAddress | undefined;
  /** More than one, all of them here. */
  readonly rivals: readonly IpAddress[];
  /** To be sent anything, for the kernel to find out whether they are still there. */
  readonly unsure: readonly IpAddress[];
}

/**
 * The kernel keeps the entry of a router that is gone, or has another address by now: of several, those count that answer.
 * @param before keeps its place until another one is there alone: one that is silent has its session to tell
 */
function routerAmong(neighbours: readonly Neighbour[], before: IpAddress | undefined): Choice {
  const routers = neighbours.filter(
    ({ ip, isRouter, state }) => isRouter && isLinkLocal(ip) && !ABSENT.has(state),
  );
  const [first] = routers;
  if (first === undefined || routers.length === 1) {
    return { router: first?.ip ?? before, rivals: [], unsure: [] };
  }
  const unsure = routers.filter(({ state }) => state === 'STALE').map(({ ip }) => ip);
  const answering = routers.filter(({ state }) => PRESENT.has(state));
  const isBeforeAmong = routers.some(({ ip }) => ip === before);
  if (answering.length < 2 && isBeforeAmong) return { router: before, rivals: [], unsure };
  return { router: undefined, rivals: routers.map(({ ip }) => ip).sort(), unsure };
}

const PRESENT: ReadonlySet<string> = new Set(['REACHABLE', 'PERMANENT']);
const ABSENT: ReadonlySet<string> = new Set(['FAILED', 'INCOMPLETE']);
