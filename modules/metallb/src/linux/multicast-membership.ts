import { createSocket } from 'node:dgram';
import { type IpAddress, ipFromBytes, solicitedNodeGroup } from '../net/ip.ts';
import { Backoff } from '../time/backoff.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { TokenBucket } from '../time/token-bucket.ts';

/** A group could not be joined: behind a snooping switch the IPs of that group are not solicited. */
export class MembershipError extends Error {
  override readonly name = 'MembershipError';
}

/** Holds memberships of multicast groups on one interface. */
export interface GroupSocket {
  /** @throws what the kernel says */
  addMembership(group: string): void;
  /** @throws when there is none any more */
  dropMembership(group: string): void;
}

/** What memberships need from outside. */
export interface MembershipPorts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly openSocket: () => GroupSocket;
  /** Told once for each group until it is joined. */
  readonly onError: (error: MembershipError) => void;
}

/** One socket takes about 2,300 groups before the kernel's option memory for it is full. */
const GROUPS_PER_SOCKET = 500;
const RETRY = { initialMs: 500, maximumMs: 30_000 };
/**
 * The kernel works through all memberships of an interface for each that is added: a thousand at once held the process up
 * for seconds. Solicitations come without a membership too, unless a switch snoops.
 */
const JOINS = { ratePerSecond: 200, burst: 20 };

interface Membership {
  /** IPs that share the low 24 bits, and so the group. */
  readonly ips: Set<IpAddress>;
  /** Undefined when the join failed. */
  place: Place | undefined;
}

/** A socket and how many groups it holds. */
interface Place {
  readonly socket: GroupSocket;
  size: number;
}

/**
 * Joins the solicited-node groups of IPs on one interface, so that MLD-snooping switches forward solicitations for
 * them. The frames themselves come through the packet socket. A join that failed is tried again until it succeeds or
 * nobody wants it any more.
 */
export class SolicitedNodeGroups {
  readonly #interfaceName: string;
  readonly #ports: MembershipPorts;
  readonly #backoff: Backoff;
  readonly #memberships = new Map<string, Membership>();
  readonly #missing = new Set<string>();
  readonly #places: Place[] = [];
  /** Groups to join, in turn. */
  readonly #waiting = new Set<string>();
  readonly #pace: TokenBucket;
  #next: Timer | undefined;
  #retry: Timer | undefined;

  constructor(interfaceName: string, ports: MembershipPorts) {
    this.#interfaceName = interfaceName;
    this.#ports = ports;
    this.#backoff = new Backoff(ports.random, RETRY);
    this.#pace = new TokenBucket({ ...JOINS, now: ports.clock.now() });
  }

  /** Idempotent. */
  add(ip: IpAddress): void {
    const group = ipFromBytes(solicitedNodeGroup(ip));
    const known = this.#memberships.get(group);
    if (known !== undefined) {
      known.ips.add(ip);
      return;
    }
    this.#memberships.set(group, { ips: new Set([ip]), place: undefined });
    this.#waiting.add(group);
    if (this.#next === undefined) this.#joinWaiting();
  }

  #joinWaiting(): void {
    const { clock } = this.#ports;
    for (const group of this.#waiting) {
      if (!this.#pace.tryTake(clock.now())) break;
      this.#waiting.delete(group);
      const membership = this.#memberships.get(group);
      if (membership !== undefined) this.#join(group, membership);
    }
    this.#retryLater();
    if (this.#waiting.size === 0) return;
    this.#next = clock.after(this.#pace.waitMs(clock.now()), () => {
      this.#next = undefined;
      this.#joinWaiting();
    });
  }

  /** Idempotent. */
  remove(ip: IpAddress): void {
    const group = ipFromBytes(solicitedNodeGroup(ip));
    const membership = this.#memberships.get(group);
    if (membership === undefined || !membership.ips.delete(ip) || membership.ips.size > 0) return;
    this.#memberships.delete(group);
    this.#missing.delete(group);
    this.#waiting.delete(group);
    if (membership.place !== undefined) leave(membership.place, group);
  }

  #join(group: string, membership: Membership): void {
    try {
      membership.place = this.#takePlace(group);
      this.#missing.delete(group);
    } catch (error) {
      if (this.#missing.has(group)) return;
      this.#missing.add(group);
      const where = `${group} on ${this.#interfaceName}`;
      this.#ports.onError(new MembershipError(`can't join ${where}`, { cause: error }));
    }
  }

  #takePlace(group: string): Place {
    const place = this.#places.find(({ size }) => size < GROUPS_PER_SOCKET) ?? this.#newPlace();
    place.socket.addMembership(group);
    place.size += 1;
    return place;
  }

  #newPlace(): Place {
    const place = { socket: this.#ports.openSocket(), size: 0 };
    this.#places.push(place);
    return place;
  }

  #retryLater(): void {
    if (this.#missing.size === 0) return this.#backoff.reset();
    this.#retry ??= this.#ports.clock.after(this.#backoff.nextDelayMs(), () => {
      this.#retry = undefined;
      for (const group of [...this.#missing]) {
        const membership = this.#memberships.get(group);
        if (membership !== undefined) this.#join(group, membership);
      }
      this.#retryLater();
    });
  }
}

function leave(place: Place, group: string): void {
  place.size -= 1;
  try {
    place.socket.dropMembership(group);
  } catch {
    // The interface is gone, and the membership with it.
  }
}

/** A socket that receives nothing: it binds to a port of its own with the first join, and nobody sends there. */
export function openGroupSocket(interfaceName: string): GroupSocket {
  const interfaceAddress = `::%${interfaceName}`;
  const socket = createSocket('udp6');
  socket.on('error', () => undefined);
  socket.unref();
  return {
    addMembership: (group) => socket.addMembership(group, interfaceAddress),
    dropMembership: (group) => socket.dropMembership(group, interfaceAddress),
  };
}
