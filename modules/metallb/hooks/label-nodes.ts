import type { MetalLoadBalancerClass } from '../src/api/metal-load-balancer-class.ts';
import { CHILD_ANNOTATION, LABEL } from '../src/api/names.ts';
import type { Node } from '../src/api/node.ts';
import type { KubernetesObject } from '../src/api/object.ts';
import {
  type Announcing,
  announcingFor,
  announcingNodes,
} from '../src/metallb/announcing-nodes.ts';
import { balancerNodes } from '../src/placement/balancer-nodes.ts';
import { addLabel, removeLabel } from '../src/store/json-patch.ts';
import type { JsonPatchOperation, Operation } from '../src/store/store.ts';
import { BINDING, hookConfig } from './lib/bindings.ts';
import { type Hook, snapshotOf } from './lib/hook.ts';
import {
  ANNOUNCING_FILTER,
  CHILD_CLASS_FILTER,
  CLASS_FILTER,
  NODE_FILTER,
} from './lib/jq-filters.ts';
import { judgedObject } from './lib/judged-objects.ts';
import { readState } from './lib/snapshots.ts';

export interface LabelView {
  readonly classes: readonly MetalLoadBalancerClass[];
  readonly nodes: readonly Node[];
  /** The classes that children name. */
  readonly childClasses: Iterable<string>;
  /** Nodes that announce for Services without a class. */
  readonly announcing: Announcing;
}

/**
 * Gives every node of a class, of an advertisement and of a BGP peer the member label, which the DaemonSet follows, and takes it from
 * all others. While children name a class that is not in force, or the last good version of one of the others is in force,
 * nothing but the label tells who they are about: then no node loses it, as their IPs are announced.
 */
export function labelNodes(view: LabelView): Operation[] {
  const { classes, nodes, childClasses, announcing } = view;
  const members = new Set([
    ...classes.flatMap(({ spec }) => balancerNodes(spec, nodes).map(({ name }) => name)),
    ...announcingNodes(announcing, nodes),
  ]);
  const isLabelled = ({ labels }: Node) => labels[LABEL.member] !== undefined;
  const joining = nodes.filter((node) => !isLabelled(node) && members.has(node.metadata.name));
  const leaving = nodes.filter((node) => isLabelled(node) && !members.has(node.metadata.name));
  const mayLeave = leaving.length > 0 && announcing.isSure && areInForce(classes, childClasses);
  const released = mayLeave ? leaving : [];
  return [
    ...joining.map((node) => patchOf(node, (object) => addLabel(object, LABEL.member, ''))),
    ...released.map((node) => patchOf(node, (object) => removeLabel(object, LABEL.member))),
  ];
}

function areInForce(classes: readonly MetalLoadBalancerClass[], names: Iterable<string>): boolean {
  const inForce = new Set(classes.map(({ metadata }) => metadata.name));
  for (const name of names) if (!inForce.has(name)) return false;
  return true;
}

function patchOf(
  { metadata }: Node,
  patch: (object: KubernetesObject) => JsonPatchOperation[],
): Operation {
  const object = { apiVersion: 'v1', kind: 'Node', metadata };
  return { do: 'patch', ref: { kind: 'Node', name: metadata.name }, patch: patch(object) };
}

/** Objects that say which nodes announce. */
const ANNOUNCING = [BINDING.advertisements, BINDING.peers, BINDING.configurations];

/** Keeps the member label of the nodes. */
export const hook: Hook = {
  config: hookConfig('label-nodes', [
    { ...BINDING.classes, jqFilter: CLASS_FILTER },
    { ...BINDING.nodes, jqFilter: NODE_FILTER },
    { ...BINDING.children, jqFilter: CHILD_CLASS_FILTER },
    ...ANNOUNCING.map((binding) => ({ ...binding, jqFilter: ANNOUNCING_FILTER })),
  ]),
  handle(contexts) {
    const { classes, nodes } = readState(contexts);
    const judged = ANNOUNCING.flatMap(({ name }) => snapshotOf(contexts, name)).map(judgedObject);
    const children = snapshotOf(contexts, BINDING.children.name);
    const childClasses = children.flatMap(
      ({ metadata }) => metadata.annotations?.[CHILD_ANNOTATION.addressPool] ?? [],
    );
    return labelNodes({ classes, nodes, childClasses, announcing: announcingFor(judged) });
  },
};
