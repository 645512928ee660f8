import type { Observed } from '../../hooks/lib/observed.ts';
import { type ConditionValue, statusPatch } from '../../hooks/lib/status-patch.ts';
import type { Child } from '../api/child.ts';
import { CHILD_CONDITION } from '../api/conditions.ts';
import { CHILD_KIND } from '../api/names.ts';
import { keyOf } from '../api/object.ts';
import { noCommonInterface, sharedInterfaces } from '../duty/shared-interfaces.ts';
import type { Operation } from '../store/store.ts';
import type { ClusterState } from './cluster-state.ts';

/** Says on a child that nobody can announce its IP, and no longer when somebody can; no operation where it says so. */
export function announceability(
  child: Observed<Child>,
  cluster: ClusterState,
  nowEpochMs: number,
): Operation[] {
  const conditions = new Map([[CHILD_CONDITION.announceable, conditionOf(child.value, cluster)]]);
  const patch = statusPatch(child.object, { conditions }, nowEpochMs);
  if (patch.length === 0) return [];
  const { name, namespace } = child.object.metadata;
  return [
    { do: 'patch', ref: { kind: CHILD_KIND, namespace, name }, subresource: 'status', patch },
  ];
}

/** Sharers of an IP are one duty, on the interfaces that the classes of all of them allow (network rule 10). */
function conditionOf(child: Child, cluster: ClusterState): ConditionValue | undefined {
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
