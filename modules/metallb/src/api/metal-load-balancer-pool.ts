import { absentAs, type Field, fields, into, oneOf } from './fields.ts';
import { type IpAddressPool, ipAddressPoolSpec } from './ip-address-pool.ts';
import { CLASS_API_VERSION } from './names.ts';
import { conditions, metadata, parseAs } from './object.ts';
import type { Parsed } from './problem.ts';

/** network.deckhouse.io/v1alpha1 MetalLoadBalancerPool: Deckhouse's name for what an IPAddressPool is, for all namespaces. */
export type MetalLoadBalancerPool = IpAddressPool;

const pool: Field<MetalLoadBalancerPool> = into(
  fields({
    apiVersion: oneOf(CLASS_API_VERSION),
    kind: oneOf('MetalLoadBalancerPool'),
    metadata,
    spec: ipAddressPoolSpec,
    status: absentAs({}, fields({ conditions })),
  }),
  (read) => read,
);

/** Reads a MetalLoadBalancerPool with all defaults filled in. */
export function parseMetalLoadBalancerPool(object: unknown): Parsed<MetalLoadBalancerPool> {
  return parseAs('MetalLoadBalancerPool', pool, object);
}
