import type { IpAddress } from '../net/ip.ts';
import { type Sharing, type SharingRefusal, sharingRefusal } from './sharing.ts';

type Users = Map<string, Sharing | undefined>;

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

  /** The addresses whose users share under this key. */
  sharedUnder(key: string): Iterable<IpAddress> {
    return this.#sharedUnder.get(key) ?? [];
  }

  /** Why `owner` can't use the address on these terms. A sole user may change its own terms. */
  refusal(
    ip: IpAddress,
    owner: string,
    sharing: Sharing | undefined,
  ): (SharingRefusal & { readonly user: string }) | undefined {
    for (const [user, terms] of this.#usersOf.get(ip) ?? []) {
      const refusal = user === owner ? undefined : sharingRefusal(sharing, terms);
      if (refusal !== undefined) return { ...refusal, user };
    }
    return undefined;
  }

  /** Makes `owner` a user, or changes its terms. Only where `refusal` has none. */
  settle(ip: IpAddress, owner: string, sharing: Sharing | undefined): void {
    const users: Users = this.#usersOf.get(ip) ?? new Map();
    this.#unindex(ip, users);
    users.set(owner, sharing);
    this.#usersOf.set(ip, users);
    this.#index(ip, users);
  }

  leave(ip: IpAddress, owner: string): void {
    const users = this.#usersOf.get(ip);
    if (users === undefined) return;
    this.#unindex(ip, users);
    users.delete(owner);
    if (users.size === 0) this.#usersOf.delete(ip);
    else this.#index(ip, users);
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

/** All users of an address have one key, so the first speaks for all. */
function keyOf(users: Users): string | undefined {
  const [first] = users.values();
  return first?.key || undefined;
}
