import { BGP_PARSERS } from '../api/bgp-objects.ts';
import { editionRequired, editionRequiredOfClass, mayUseBgp } from '../api/edition.ts';
import { isRecord } from '../api/fields.ts';
import { isRouted, type MetalLoadBalancerClass } from '../api/metal-load-balancer-class.ts';
import type { BgpKind } from '../api/names.ts';
import { formatProblem, formatProblems, type Problem } from '../api/problem.ts';
import type { AdmissionRequest, Change } from './admission-review.ts';
import { ALLOWED, refused, type Verdict, warned } from './verdict.ts';
import { type AdmissionOptions, DECKHOUSE } from './view.ts';

/** Kinds that are about BGP, by `RESOURCE.GROUP`. */
export const BGP_RESOURCES: ReadonlyMap<string, BgpKind> = new Map<string, BgpKind>([
  ['bgppeers.metallb.io', 'BGPPeer'],
  ['bgpadvertisements.metallb.io', 'BGPAdvertisement'],
  ['bfdprofiles.metallb.io', 'BFDProfile'],
  ['communities.metallb.io', 'Community'],
  ['metalloadbalancerbgppeers.network.deckhouse.io', 'MetalLoadBalancerBGPPeer'],
  ['metalloadbalancerconfigurations.network.deckhouse.io', 'MetalLoadBalancerConfiguration'],
]);

type Write = Exclude<Change, { operation: 'DELETE' }>;

/**
 * Judges a write to an object that is about BGP. What doesn't count here may be another MetalLB's. Deckhouse's migration
 * makes objects of the settings of old, which can't be changed for it: it is told, and not refused.
 */
export function reviewBgp(
  kind: BgpKind,
  { change, username }: AdmissionRequest,
  { edition, metallbNamespaces }: AdmissionOptions,
): Verdict {
  if (change.operation === 'DELETE') return ALLOWED;
  const namespace = namespaceOf(change.object);
  if (namespace !== undefined && !metallbNamespaces.includes(namespace)) return ALLOWED;
  const verdict = mayUseBgp(edition)
    ? reviewContent(kind, change)
    : reviewEdition(change, editionRequired(edition));
  return username === DECKHOUSE ? warned([...verdict.refusals, ...verdict.warnings]) : verdict;
}

/** A new one is refused. One that is there already, from an edition that has BGP, can be edited. */
function reviewEdition({ operation }: Write, sentence: string): Verdict {
  return operation === 'UPDATE' ? warned([sentence]) : refused([sentence]);
}

/** What is wrong already stays its owner's to mend, step by step. */
function reviewContent(kind: BgpKind, change: Write): Verdict {
  const before = change.operation === 'UPDATE' ? problemsOf(kind, change.oldObject) : [];
  const known = new Set(before.map(formatProblem));
  const news = problemsOf(kind, change.object).filter((one) => !known.has(formatProblem(one)));
  return news.length === 0 ? ALLOWED : refused([formatProblems(news)]);
}

function problemsOf(kind: BgpKind, object: unknown): readonly Problem[] {
  const parsed = BGP_PARSERS[kind](object);
  return parsed.ok ? [] : parsed.problems;
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
