import { editionRequired, editionRequiredOfClass, mayUseBgp } from '../api/edition.ts';
import { isRecord } from '../api/fields.ts';
import { isRouted, type MetalLoadBalancerClass } from '../api/metal-load-balancer-class.ts';
import type { AdmissionRequest } from './admission-review.ts';
import { ALLOWED, refused, type Verdict, warned } from './verdict.ts';
import { type AdmissionOptions, DECKHOUSE } from './view.ts';

/** Resources that are about BGP, as `RESOURCE.GROUP`. */
export const BGP_RESOURCES: ReadonlySet<string> = new Set([
  ...['bgppeers', 'bgpadvertisements', 'bfdprofiles', 'communities'].map(
    (resource) => `${resource}.metallb.io`,
  ),
  ...['metalloadbalancerbgppeers', 'metalloadbalancerconfigurations'].map(
    (resource) => `${resource}.network.deckhouse.io`,
  ),
]);

/**
 * Judges a write to an object that is about BGP, in an edition without: a new one is refused. One that is there already,
 * from an edition that has BGP, can be edited and deleted. What doesn't count here may be another MetalLB's.
 */
export function reviewBgp(
  { change, username }: AdmissionRequest,
  { edition, metallbNamespaces }: AdmissionOptions,
): Verdict {
  if (mayUseBgp(edition) || change.operation === 'DELETE') return ALLOWED;
  const namespace = namespaceOf(change.object);
  if (namespace !== undefined && !metallbNamespaces.includes(namespace)) return ALLOWED;
  const sentence = editionRequired(edition);
  // Its migration makes objects of the settings of old, which can't be changed for it.
  if (change.operation === 'UPDATE' || username === DECKHOUSE) return warned([sentence]);
  return refused([sentence]);
}

/** Judges the same way what a class wants of BGP. Its pool and ARP are others' to judge. */
export function reviewRoutes(
  wanted: MetalLoadBalancerClass,
  old: MetalLoadBalancerClass | undefined,
  { edition, username }: Pick<AdmissionOptions, 'edition'> & Pick<AdmissionRequest, 'username'>,
): Verdict {
  const sentence = editionRequiredOfClass(edition, wanted.spec.type);
  if (sentence === undefined) return ALLOWED;
  const isNews = old === undefined || !isRouted(old);
  return isNews && username !== DECKHOUSE ? refused([sentence]) : warned([sentence]);
}

function namespaceOf({ metadata }: Readonly<Record<string, unknown>>): string | undefined {
  const namespace = isRecord(metadata) ? metadata['namespace'] : undefined;
  return typeof namespace === 'string' ? namespace : undefined;
}
