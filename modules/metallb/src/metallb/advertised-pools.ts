import type { L2Advertisement } from '../api/l2-advertisement.ts';
import { anySelects, selects } from '../api/label-selector.ts';

/** A pool as advertisements see it. */
export interface AdvertisedPool {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** The fields of an advertisement that say which pools it is about. */
export type AdvertisedPools = Pick<
  L2Advertisement['spec'],
  'ipAddressPools' | 'ipAddressPoolSelectors'
>;

type AdvertisedServices = AdvertisedPools & Pick<L2Advertisement['spec'], 'serviceSelectors'>;

/** Whether an advertisement is about the pool: named or selected, or neither says anything and it is about all. */
export function advertises(
  { ipAddressPools, ipAddressPoolSelectors }: AdvertisedPools,
  { name, labels }: AdvertisedPool,
): boolean {
  if (ipAddressPools.length === 0 && ipAddressPoolSelectors.length === 0) return true;
  return (
    ipAddressPools.includes(name) ||
    ipAddressPoolSelectors.some((selector) => selects(selector, labels))
  );
}

/** The advertisements for a Service with these labels whose IP comes from the pool. */
export function advertisementsFor<T extends { readonly spec: AdvertisedServices }>(
  advertisements: Iterable<T>,
  pool: AdvertisedPool,
  serviceLabels: Readonly<Record<string, string>>,
): T[] {
  return [...advertisements].filter(
    ({ spec }) => advertises(spec, pool) && anySelects(spec.serviceSelectors, serviceLabels),
  );
}
