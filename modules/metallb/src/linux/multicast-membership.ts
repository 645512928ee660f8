import { createSocket, type Socket } from 'node:dgram';
import { type IpAddress, ipFromBytes, solicitedNodeGroup } from '../net/ip.ts';

/** A group could not be joined: behind a snooping switch the IPs of that group are not solicited. */
export class MembershipError extends Error {
  override readonly name = 'MembershipError';
}

/** One socket takes about 2,300 groups before the kernel's option memory for it is full. */
const GROUPS_PER_SOCKET = 500;

interface Membership {
  /** IPs that share the low 24 bits, and so the group. */
  readonly ips: Set<IpAddress>;
  /** Undefined when the join failed. */
  socket: GroupSocket | undefined;
}

/**
 * Joins the solicited-node groups of IPs on one interface, so that MLD-snooping switches forward solicitations for
 * them. The frames themselves come through the packet socket.
 */
export class SolicitedNodeGroups {
  readonly #interfaceName: string;
  readonly #onError: (error: MembershipError) => void;
  readonly #memberships = new Map<string, Membership>();
  readonly #sockets: GroupSocket[] = [];

  constructor(interfaceName: string, onError: (error: MembershipError) => void) {
    this.#interfaceName = interfaceName;
    this.#onError = onError;
  }

  /** Idempotent. A group whose join failed before is tried again. */
  add(ip: IpAddress): void {
    const group = ipFromBytes(solicitedNodeGroup(ip));
    const membership = this.#memberships.get(group) ?? { ips: new Set(), socket: undefined };
    this.#memberships.set(group, membership);
    membership.ips.add(ip);
    membership.socket ??= this.#join(group);
  }

  /** Idempotent. */
  remove(ip: IpAddress): void {
    const group = ipFromBytes(solicitedNodeGroup(ip));
    const membership = this.#memberships.get(group);
    if (membership === undefined || !membership.ips.delete(ip) || membership.ips.size > 0) return;
    this.#memberships.delete(group);
    membership.socket?.leave(group);
  }

  close(): void {
    this.#memberships.clear();
    for (const socket of this.#sockets.splice(0)) socket.close();
  }

  #join(group: string): GroupSocket | undefined {
    const socket =
      this.#sockets.find((candidate) => candidate.size < GROUPS_PER_SOCKET) ?? this.#newSocket();
    try {
      socket.join(group);
      return socket;
    } catch (error) {
      const where = `${group} on ${this.#interfaceName}`;
      this.#onError(new MembershipError(`can't join ${where}`, { cause: error }));
      return undefined;
    }
  }

  #newSocket(): GroupSocket {
    const socket = new GroupSocket(`::%${this.#interfaceName}`);
    this.#sockets.push(socket);
    return socket;
  }
}

class GroupSocket {
  readonly #socket: Socket;
  readonly #interface: string;
  #size = 0;

  constructor(interfaceAddress: string) {
    this.#interface = interfaceAddress;
    this.#socket = createSocket('udp6');
    // It binds to a port of its own with the first join; what arrives there is for nobody.
    this.#socket.on('error', () => undefined);
    this.#socket.unref();
  }

  get size(): number {
    return this.#size;
  }

  join(group: string): void {
    this.#socket.addMembership(group, this.#interface);
    this.#size += 1;
  }

  leave(group: string): void {
    this.#size -= 1;
    try {
      this.#socket.dropMembership(group, this.#interface);
    } catch {
      // The interface is gone, and the membership with it.
    }
  }

  close(): void {
    this.#socket.close();
  }
}
