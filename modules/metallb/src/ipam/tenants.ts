import type { IpAddress } from '../net/ip.ts';
import { type Sharing, type SharingRefusal, sharingRefusal } from './sharing.ts';

interface User {
  readonly owner: string;
  readonly sharing: Sharing | undefined;
}

/** The longest there first. A list, since nearly every address has one user. */
type Users = readonly User[];

/** Who uses which address. Invariant: an address with two users has users that all may share with each other. */
export class Tenants {
  /** Only addresses with users. */
  readonly #usersOf = new Map<IpAddress, Users>();
  readonly #sharedUnder = new Map<string, Set<IpAddress>>();

  get addresses(): Iterable<IpAddress> {
    return this.#usersOf.keys();
  }

  has(ip: IpAddress): boolean {
    return this.#usersOf.has(ip);
  }

  /** The longest there first. */
  ownersOf(ip: IpAddress): readonly string[] {
    return (this.#usersOf.get(ip) ?? []).map(({ owner }) => owner);
  }

  /** Whether others are led to the address: one of its users shares it with whoever has its key. */
  leads(ip: IpAddress): boolean {
    return keyOf(this.#usersOf.get(ip) ?? []) !== undefined;
  }

  /** The addresses whose users share under this key with whoever comes. */
  sharedUnder(key: string): Iterable<IpAddress> {
    return this.#sharedUnder.get(key) ?? [];
  }

  /** Why `owner` can't use the address on these terms. A sole user may change its own terms. */
  refusal(
    ip: IpAddress,
    owner: string,
    sharing: Sharing | undefined,
  ): (SharingRefusal & { readonly user: string }) | undefined {
    for (const user of this.#usersOf.get(ip) ?? []) {
      const refusal = user.owner === owner ? undefined : sharingRefusal(sharing, user.sharing);
      if (refusal !== undefined) return { ...refusal, user: user.owner };
    }
    return undefined;
  }

  /** Makes `owner` a user, or changes its terms. Only where `refusal` has none. */
  settle(ip: IpAddress, owner: string, sharing: Sharing | undefined): void {
    this.#setUsers(ip, [...this.#usersBut(owner, ip), { owner, sharing }]);
  }

  leave(ip: IpAddress, owner: string): void {
    this.#setUsers(ip, this.#usersBut(owner, ip));
  }

  #usersBut(owner: string, ip: IpAddress): User[] {
    return this.#usersOf.get(ip)?.filter((user) => user.owner !== owner) ?? [];
  }

  #setUsers(ip: IpAddress, users: Users): void {
    this.#unindex(ip, this.#usersOf.get(ip) ?? []);
    if (users.length === 0) this.#usersOf.delete(ip);
    else this.#usersOf.set(ip, users);
    this.#index(ip, users);
  }

  #index(ip: IpAddress, users: Users): void {
    const key = keyOf(users);
    if (key === undefined) return;
    const addresses = this.#sharedUnder.get(key) ?? new Set();
    this.#sharedUnder.set(key, addresses.add(ip));
  }

  #unindex(ip: IpAddress, users: Users): void {
    const key = keyOf(users);
    if (key === undefined) return;
    const addresses = this.#sharedUnder.get(key);
    addresses?.delete(ip);
    if (addresses?.size === 0) this.#sharedUnder.delete(key);
  }
}

/** All users of an address have one key, so whoever leads others to it speaks for all. */
function keyOf(users: Users): string | undefined {
  return users.find(({ sharing }) => sharing?.byRequestOnly !== true)?.sharing?.key || undefined;
}
