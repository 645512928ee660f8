import { defaultClass } from '../../hooks/lib/class-choice.ts';
import { listAt, valueAt } from '../../hooks/lib/json.ts';
import type { ConditionValue } from '../../hooks/lib/status-patch.ts';
import { CLASS_CONDITION } from '../api/conditions.ts';
import {
  type MetalLoadBalancerClass,
  parseMetalLoadBalancerClass,
} from '../api/metal-load-balancer-class.ts';
import { CLASS_KIND, LABEL } from '../api/names.ts';
import type { Node } from '../api/node.ts';
import type { KubernetesObject } from '../api/object.ts';
import { formatProblems, type Problem } from '../api/problem.ts';
import type { PoolUsage } from '../ipam/allocator.ts';
import { balancerNodes, nodesDespiteExcludeLabel } from '../placement/balancer-nodes.ts';
import type { Operation } from '../store/store.ts';
import { type ClassRouteView, classRemarks } from './class-remarks.ts';
import { acceptance } from './object-judge.ts';
import { statusOperation } from './status-operation.ts';

/** A condition is for people: it names no more nodes than they read. */
const NAMED_NODES = 10;

export interface ClassStatusView {
  readonly object: KubernetesObject;
  /** The version in force, which may be an older one; undefined when there never was one. */
  readonly inForce: MetalLoadBalancerClass | undefined;
  readonly classes: readonly MetalLoadBalancerClass[];
  readonly nodes: readonly Node[];
  readonly usage: PoolUsage;
  /** What is wrong with pools, of whatever class. */
  readonly poolProblems: readonly Problem[];
  readonly routing: ClassRouteView;
  readonly nowEpochMs: number;
}

/** The patch that brings a class's status to what is so, or undefined when it says that already. */
export function classStatusOperation(view: ClassStatusView): Operation | undefined {
  const { object, inForce, nodes, usage } = view;
  const names = inForce === undefined ? [] : balancerNodes(inForce.spec, nodes).map(nameOf).sort();
  const figures = {
    nodes: names,
    nodeCount: names.length,
    addresses: {
      total: String(usage.total),
      used: String(usage.used),
      summary: `${usage.used}/${usage.total}`,
    },
  };
  const conditions = new Map<string, ConditionValue | undefined>([
    [CLASS_CONDITION.accepted, acceptedCondition(view)],
    [CLASS_CONDITION.default, defaultCondition(view)],
    [CLASS_CONDITION.excludeLabelIgnored, excludeLabelCondition(view)],
  ]);
  return statusOperation({ kind: CLASS_KIND, object, figures, conditions }, view.nowEpochMs);
}

function nameOf({ name }: { readonly name: string }): string {
  return name;
}

/** As its status says, which is what users see; false until one is written. */
export function isAccepted(object: KubernetesObject | undefined): boolean {
  return listAt(object?.status, 'conditions').some(
    (condition) =>
      valueAt(condition, 'type') === CLASS_CONDITION.accepted &&
      valueAt(condition, 'status') === 'True',
  );
}

/** All problems at once; what was in force stays in force. */
function acceptedCondition({
  object,
  inForce,
  poolProblems,
  nodes,
  routing,
}: ClassStatusView): ConditionValue {
  const parsed = parseMetalLoadBalancerClass(object);
  if (!parsed.ok) {
    const consequence = inForce === undefined ? '' : '; the last good version stays in force';
    const message = `${formatProblems(parsed.problems)}${consequence}`;
    return { status: 'False', reason: 'Invalid', message };
  }
  const { name } = object.metadata;
  const own = poolProblems.filter((problem) => problem.object === name).map(inTermsOfClass);
  const overlaps: ConditionValue[] =
    own.length === 0
      ? []
      : [{ status: 'False', reason: 'PoolsOverlap', message: formatProblems(own) }];
  return acceptance([...overlaps, ...classRemarks(parsed.value, nodes, routing)]);
}

/** The allocator speaks of pools and their ranges; users know classes and spec.addressPool. */
function inTermsOfClass(problem: Problem): Problem {
  return {
    ...problem,
    object: `${CLASS_KIND}/${problem.object}`,
    field: problem.field.replace(/^ranges/, 'spec.addressPool'),
  };
}

/** Network rule 12: kubeadm puts the label on every control-plane node, whether people know it or not. */
/** Where every node has it; `spec.l2.ignoreExcludeLabel` is for ARP and NDP alone. */
function excludeLabelCondition({ inForce, nodes }: ClassStatusView): ConditionValue | undefined {
  if (inForce === undefined) return undefined;
  const { type, l2 } = inForce.spec;
  const isRouted = type !== 'L2';
  const honouring = { ...l2, ignoreExcludeLabel: l2.ignoreExcludeLabel && !isRouted };
  const names = nodesDespiteExcludeLabel({ ...inForce.spec, l2: honouring }, nodes).sort();
  if (names.length === 0) return undefined;
  const more = names.length > NAMED_NODES ? ` and ${names.length - NAMED_NODES} more` : '';
  const shown = `${names.slice(0, NAMED_NODES).join(', ')}${more}`;
  const { status, effect } = EFFECT_OF_EXCLUDE_LABEL[type];
  const message = `every node that could serve (${shown}) has the label ${LABEL.excludeFromLoadBalancers}, ${effect}`;
  return { status, reason: 'EveryNodeExcluded', message };
}

const EFFECT_OF_EXCLUDE_LABEL = {
  L2: {
    status: 'True',
    effect:
      'so it is ignored: remove it from the nodes that shall serve, or set spec.l2.ignoreExcludeLabel',
  },
  L2AndBGP: {
    status: 'True',
    effect:
      'so ARP and NDP ignore it, and by BGP nobody announces: remove it from the nodes that shall serve',
  },
  BGP: {
    status: 'False',
    effect: 'so nobody announces: remove it from the nodes that shall serve',
  },
} as const;

function defaultCondition({
  object,
  inForce,
  classes,
}: ClassStatusView): ConditionValue | undefined {
  const inCharge = defaultClass(classes)?.metadata.name;
  if (inForce?.spec.isDefault !== true || inCharge === object.metadata.name) return undefined;
  const message = `MetalLoadBalancerClass ${JSON.stringify(inCharge)} is older and has spec.isDefault too: it is the default, set spec.isDefault in one of them only`;
  return { status: 'False', reason: 'AnotherDefault', message };
}
