import type { Service } from '../api/service.ts';

/**
 * Whether MetalLB's API may serve a Service, unless a MetalLoadBalancerClass does: by its class alone, as MetalLB
 * decides.
 * @param lbClass the flag `--lb-class`; undefined: Services without a class
 */
export function isForMetallb(
  { type, loadBalancerClass }: Pick<Service, 'type' | 'loadBalancerClass'>,
  lbClass: string | undefined,
): boolean {
  return type === 'LoadBalancer' && loadBalancerClass === lbClass;
}
