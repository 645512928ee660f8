import type { Child } from '../api/child.ts';
import type { MetalLoadBalancerClass } from '../api/metal-load-balancer-class.ts';
import { keyOf } from '../api/object.ts';
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

function sharingOf(child: Child): Sharing | undefined {
  if (child.sharedIpKey === undefined) return undefined;
  const isLocal = child.externalTrafficPolicy === 'Local';
  const selector = Object.entries(child.selector).map(([name, value]) => `${name}=${value}`);
  return {
    key: child.sharedIpKey,
    backend: isLocal ? selector.sort().join(',') : '',
    ports: child.ports.map(({ protocol, port }) => `${protocol}/${port}`),
  };
}
