import { keyOf } from '../api/object.ts';
import type { Service } from '../api/service.ts';
import type { Allocator } from '../ipam/allocator.ts';
import type { Claim } from '../ipam/claim.ts';
import { sameSharing } from '../ipam/sharing.ts';
import { familyOf, type IpAddress } from '../net/ip.ts';
import { sharingOf } from './claim-of-child.ts';

/**
 * IPs that a Service without children has in its status, kept for it until its class comes and its own turn with it.
 * Those with whom it shares one may come before it.
 */
export class Reservations {
  readonly #allocator: Allocator;
  readonly #ofService = new Map<string, readonly Claim[]>();

  constructor(allocator: Allocator) {
    this.#allocator = allocator;
  }

  /** @returns the pools in which something became free */
  set(service: Service, now: number): string[] {
    const key = keyOf(service.metadata);
    const ips = service.type === 'LoadBalancer' ? service.status.ingress : [];
    const wanted = ips.map((ip) => reservationOf(service, ip));
    const before = this.#ofService.get(key) ?? [];
    const goes = before.filter((claim) => !wanted.some((other) => isSame(claim, other)));
    const freed = goes.flatMap(({ owner }) => this.#allocator.release(owner, now));
    for (const claim of wanted) this.#allocator.adopt(claim, claim.requested);
    if (wanted.length > 0) this.#ofService.set(key, wanted);
    else this.#ofService.delete(key);
    return freed;
  }

  /** @returns the pools in which something became free */
  end(serviceKey: string, now: number): string[] {
    const claims = this.#ofService.get(serviceKey) ?? [];
    this.#ofService.delete(serviceKey);
    return claims.flatMap(({ owner }) => this.#allocator.release(owner, now));
  }
}

function reservationOf(service: Service, ip: IpAddress): Claim {
  const sharing = sharingOf(service);
  return {
    owner: `Service/${keyOf(service.metadata)} ${ip}`,
    pools: [],
    poolNamedByOwner: false,
    families: [familyOf(ip)],
    policy: 'SingleStack',
    requested: [ip],
    // Another load balancer may answer for it: whoever has nothing to do with that is not led there.
    sharing: sharing && { ...sharing, byRequestOnly: true },
  };
}

function isSame(a: Claim, b: Claim): boolean {
  return a.owner === b.owner && sameSharing(a.sharing, b.sharing);
}
