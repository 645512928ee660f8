import type { Child } from '../api/child.ts';
import type { MetalLoadBalancerClass } from '../api/metal-load-balancer-class.ts';
import { keyOf } from '../api/object.ts';
import type { Service } from '../api/service.ts';
import type { Claim } from '../ipam/claim.ts';
import type { Pool } from '../ipam/pool.ts';
import type { Sharing } from '../ipam/sharing.ts';

/** The addresses of a class. */
export function poolOfClass({ metadata, spec }: MetalLoadBalancerClass): Pool {
  return {
    name: metadata.name,
    ranges: spec.addressPool,
    autoAssign: true,
    avoidBuggyIps: false,
    reassigns: spec.whenOutOfPool === 'Reassign',
  };
}

/** What a child wants of its class's pool: one address of its one family. */
export function claimOfChild(child: Child): Claim {
  return {
    owner: keyOf(child.metadata),
    pools: [child.className],
    // The name comes with the class: when its ranges pass to another class, the addresses in use stay.
    poolNamedByOwner: false,
    families: child.ipFamilies,
    policy: 'SingleStack',
    requested: child.requestedIp === undefined ? [] : [child.requestedIp],
    sharing: sharingOf(child),
  };
}

type Sharer = Pick<Service, 'sharedIpKey' | 'externalTrafficPolicy' | 'selector' | 'ports'>;

/** The terms on which a child, or a Service that has none yet, shares its address. */
export function sharingOf(sharer: Sharer): Sharing | undefined {
  if (sharer.sharedIpKey === undefined) return undefined;
  const isLocal = sharer.externalTrafficPolicy === 'Local';
  const selector = Object.entries(sharer.selector ?? {}).map(([name, value]) => `${name}=${value}`);
  return {
    key: sharer.sharedIpKey,
    backend: isLocal ? selector.sort().join(',') : '',
    ports: sharer.ports.map(({ protocol, port }) => `${protocol}/${port}`),
  };
}
