import type { Observed } from '../../hooks/lib/observed.ts';
import { type ConditionValue, statusPatch } from '../../hooks/lib/status-patch.ts';
import type { Child } from '../api/child.ts';
import { CHILD_CONDITION } from '../api/conditions.ts';
import { isRouted } from '../api/metal-load-balancer-class.ts';
import { CHILD_KIND, CLASS_KIND } from '../api/names.ts';
import { keyOf } from '../api/object.ts';
import { isFitting, leftOutInWords, lengthsOf } from '../bgp/aggregates.ts';
import { noCommonInterface, sharedInterfaces } from '../duty/shared-interfaces.ts';
import type { Operation } from '../store/store.ts';
import type { ClusterState } from './cluster-state.ts';

export interface AnnounceabilityView {
  readonly cluster: ClusterState;
  /** The edition has it. */
  readonly hasBgp: boolean;
  readonly nowEpochMs: number;
}

/** Says on a child that nobody can announce its IP, and no longer when somebody can; no operation where it says so. */
export function announceability(
  child: Observed<Child>,
  { cluster, hasBgp, nowEpochMs }: AnnounceabilityView,
): Operation[] {
  const condition =
    noSharedInterface(child.value, cluster) ?? (hasBgp ? leftOut(child.value, cluster) : undefined);
  const conditions = new Map([[CHILD_CONDITION.announceable, condition]]);
  const patch = statusPatch(child.object, { conditions }, nowEpochMs);
  if (patch.length === 0) return [];
  const { name, namespace } = child.object.metadata;
  return [
    { do: 'patch', ref: { kind: CHILD_KIND, namespace, name }, subresource: 'status', patch },
  ];
}

/** Sharers of an IP are one duty, on the interfaces that the classes of all of them allow (network rule 10). */
function noSharedInterface(child: Child, cluster: ClusterState): ConditionValue | undefined {
  const { ip } = child.status;
  if (ip === undefined) return undefined;
  const key = keyOf(child.metadata);
  // The watch may not have told yet that this child has it.
  const others = cluster.childrenWithIp(ip).filter(({ metadata }) => keyOf(metadata) !== key);
  const sharers = [child, ...others].map(({ metadata, className }) => ({
    child: keyOf(metadata),
    className,
    interfaces: cluster.classes.get(className)?.spec.l2.interfaces ?? [],
  }));
  if (sharedInterfaces(sharers) !== undefined) return undefined;
  const message = noCommonInterface(ip, sharers);
  return { status: 'False', reason: 'NoCommonInterface', message };
}

/** What ARP and NDP do about it is another matter: whoever asks for BGP means it. */
function leftOut(
  { status: { ip }, className, serviceRef }: Child,
  { classes, services }: ClusterState,
) {
  const owner = classes.get(className);
  const policy = services.get(keyOf(serviceRef))?.externalTrafficPolicy ?? 'Cluster';
  if (ip === undefined || owner === undefined || !isRouted(owner)) return undefined;
  const { bgp } = owner.spec;
  if (isFitting(lengthsOf(bgp), ip, policy)) return undefined;
  const message = leftOutInWords(`${CLASS_KIND} ${className}: spec.bgp`, bgp, ip);
  return { status: 'False', reason: 'AggregateUnderLocal', message } as const;
}
