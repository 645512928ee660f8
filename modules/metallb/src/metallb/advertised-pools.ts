import type { L2Advertisement } from '../api/l2-advertisement.ts';
import { anySelects, selects } from '../api/label-selector.ts';

/** A pool as advertisements see it. */
export interface AdvertisedPool {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

type Advertisement = Pick<L2Advertisement['spec'], 'ipAddressPools' | 'ipAddressPoolSelectors'>;

/** Whether an advertisement is about the pool: named or selected, or neither says anything and it is about all. */
export function advertises(
  { ipAddressPools, ipAddressPoolSelectors }: Advertisement,
  { name, labels }: AdvertisedPool,
): boolean {
  if (ipAddressPools.length === 0 && ipAddressPoolSelectors.length === 0) return true;
  return (
    ipAddressPools.includes(name) ||
    ipAddressPoolSelectors.some((selector) => selects(selector, labels))
  );
}

/** The advertisements for a Service with these labels whose IP comes from the pool. */
export function advertisementsFor(
  advertisements: Iterable<L2Advertisement>,
  pool: AdvertisedPool,
  serviceLabels: Readonly<Record<string, string>>,
): L2Advertisement[] {
  return [...advertisements].filter(
    ({ spec }) => advertises(spec, pool) && anySelects(spec.serviceSelectors, serviceLabels),
  );
}
