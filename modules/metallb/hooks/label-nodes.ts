import type { MetalLoadBalancerClass } from '../src/api/metal-load-balancer-class.ts';
import { LABEL } from '../src/api/names.ts';
import type { Node } from '../src/api/node.ts';
import { balancerNodes } from '../src/placement/balancer-nodes.ts';
import { addLabel, removeLabel } from '../src/store/json-patch.ts';
import type { Operation } from '../src/store/store.ts';
import { BINDING, hookConfig } from './lib/bindings.ts';
import type { Hook } from './lib/hook.ts';
import { CLASS_FILTER, NODE_FILTER } from './lib/jq-filters.ts';
import { readState } from './lib/snapshots.ts';

/** Gives every balancer node the member label, which the DaemonSet follows, and takes it from all others. */
export function labelNodes(
  classes: readonly MetalLoadBalancerClass[],
  nodes: readonly Node[],
): Operation[] {
  const members = new Set(
    classes.flatMap(({ spec }) => balancerNodes(spec, nodes).map(({ name }) => name)),
  );
  return nodes.flatMap(({ metadata }) => {
    const { name } = metadata;
    const object = { apiVersion: 'v1', kind: 'Node', metadata };
    const isLabelled = metadata.labels?.[LABEL.member] !== undefined;
    if (members.has(name) === isLabelled) return [];
    const patch = isLabelled
      ? removeLabel(object, LABEL.member)
      : addLabel(object, LABEL.member, '');
    return [{ do: 'patch', ref: { kind: 'Node', name }, patch }];
  });
}

/** Keeps the member label of the nodes. */
export const hook: Hook = {
  config: hookConfig('label-nodes', [
    { ...BINDING.classes, jqFilter: CLASS_FILTER },
    { ...BINDING.nodes, jqFilter: NODE_FILTER },
  ]),
  handle(contexts) {
    const { classes, nodes } = readState(contexts);
    return labelNodes(classes, nodes);
  },
};
