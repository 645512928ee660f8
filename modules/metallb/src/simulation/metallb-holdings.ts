import type { IpAddressPool } from '../api/ip-address-pool.ts';
import type { L2Advertisement } from '../api/l2-advertisement.ts';
import { keyOf } from '../api/object.ts';
import type { PublishedService } from '../api/published-service.ts';
import { type ServiceL2Status, tellsOf } from '../api/service-l2-status.ts';
import { policyOfAdvertisements } from '../duty/advertisement-policy.ts';
import type { GroupPolicy } from '../duty/group-policy.ts';
import type { Holding } from '../duty/holding.ts';
import { holdingsOfService } from '../duty/service-holdings.ts';
import type { IpAddress } from '../net/ip.ts';

/** What of MetalLB's API counts. */
export interface MetallbInputs {
  readonly lbClass: string | undefined;
  /** By their keys among pools of all kinds. */
  readonly pools: ReadonlyMap<string, IpAddressPool>;
  readonly advertisements: readonly L2Advertisement[];
  readonly l2Statuses: readonly ServiceL2Status[];
  readonly services: readonly PublishedService[];
  /** Whether a class serves the Service. */
  readonly hasChildren: (service: string) => boolean;
}

/** One IP that MetalLB's API has given to a Service. */
export interface MetallbHolding {
  readonly holding: Holding;
  /** Its pool's name. */
  readonly pool: string | undefined;
}

export interface MetallbHoldings {
  readonly held: readonly MetallbHolding[];
  readonly policies: ReadonlyMap<string, GroupPolicy>;
}

/** What Services hold by MetalLB's API, and the groups of nodes that announce it. */
export function metallbHoldings(inputs: MetallbInputs): MetallbHoldings {
  const { lbClass, advertisements, l2Statuses, services } = inputs;
  const pools = [...inputs.pools].map(([key, { metadata, spec }]) => ({
    ...{ key, name: metadata.name, labels: metadata.labels ?? {}, ranges: spec.addresses },
    version: Number(metadata.resourceVersion) || 0,
  }));
  const told = new Map<IpAddress | undefined, ServiceL2Status[]>();
  for (const one of l2Statuses) {
    told.set(one.status.ip, [...(told.get(one.status.ip) ?? []), one]);
  }
  const policies = new Map<string, GroupPolicy>();
  const held = services.flatMap((service) => {
    const facts = {
      hasChildren: inputs.hasChildren(keyOf(service.metadata)),
      announcerOf: (ip: IpAddress) =>
        told.get(ip)?.find((one) => tellsOf(one, service.metadata))?.status.announcer,
    };
    const all = holdingsOfService(service, { lbClass, pools, advertisements }, facts);
    return all.map(({ holding, pool, advertisements: own }) => {
      if (own.length > 0 && !policies.has(holding.group)) {
        const policy = policyOfAdvertisements(own, pool?.ranges ?? [], { followEndpoints: true });
        policies.set(holding.group, policy);
      }
      return { holding, pool: pool?.name ?? service.allocatedFromPool };
    });
  });
  return { held, policies };
}
