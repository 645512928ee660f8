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

/**
 * The kernel's option memory for a socket (net.core.optmem_max) is full after 365 groups where it is 20,480 bytes, the
 * default of most kernels in use, and after 2,340 where it is 131,072, that of new ones.
 */
const GROUPS_PER_SOCKET = 300;
const RETRY = { initialMs: 500, maximumMs: 30_000 };
/**
 * The kernel works through all memberships of an interface for each that comes or goes: a thousand at once held the
 * process up for seconds. Solicitations come without a membership too, unless a switch snoops.
 */
const PACE = { ratePerSecond: 200, burst: 20 };

/** IPs that share the low 24 bits share the group. */
interface Membership {
  readonly ips: Set<IpAddress>;
  /** Undefined while the group is not joined. */
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
  /** Groups that are joined and should not be, or the other way round, in turn. */
  readonly #unsettled = new Set<string>();
  /** Groups whose last join failed. */
  readonly #missing = new Set<string>();
  readonly #places: Place[] = [];
  readonly #pace: TokenBucket;
  #next: Timer | undefined;
  #retry: Timer | undefined;

  constructor(interfaceName: string, ports: MembershipPorts) {
    this.#interfaceName = interfaceName;
    this.#ports = ports;
    this.#backoff = new Backoff(ports.random, RETRY);
    this.#pace = new TokenBucket({ ...PACE, now: ports.clock.now() });
  }

  /** Idempotent. */
  add(ip: IpAddress): void {
    const group = ipFromBytes(solicitedNodeGroup(ip));
    const membership = this.#memberships.get(group) ?? { ips: new Set(), place: undefined };
    this.#memberships.set(group, membership);
    membership.ips.add(ip);
    this.#consider(group, membership);
  }

  /** Idempotent. */
  remove(ip: IpAddress): void {
    const group = ipFromBytes(solicitedNodeGroup(ip));
    const membership = this.#memberships.get(group);
    if (membership?.ips.delete(ip)) this.#consider(group, membership);
  }

  #consider(group: string, membership: Membership): void {
    const isWanted = membership.ips.size > 0;
    const isJoined = membership.place !== undefined;
    if (!isWanted) this.#missing.delete(group);
    if (!isWanted && !isJoined) this.#memberships.delete(group);
    // What has failed is tried again in its own time.
    if (isWanted === isJoined || this.#missing.has(group)) this.#unsettled.delete(group);
    else this.#unsettled.add(group);
    if (this.#next === undefined) this.#settle();
  }

  #settle(): void {
    const { clock } = this.#ports;
    for (const group of this.#unsettled) {
      if (!this.#pace.tryTake(clock.now())) break;
      this.#unsettled.delete(group);
      this.#settleOne(group);
    }
    this.#retryLater();
    if (this.#unsettled.size === 0) return;
    this.#next = clock.after(this.#pace.waitMs(clock.now()), () => {
      this.#next = undefined;
      this.#settle();
    });
  }

  #settleOne(group: string): void {
    const membership = this.#memberships.get(group);
    if (membership === undefined) return;
    if (membership.ips.size > 0) return this.#join(group, membership);
    this.#memberships.delete(group);
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
      for (const group of this.#missing) this.#unsettled.add(group);
      if (this.#next === undefined) this.#settle();
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
