import { BINDING } from './lib/bindings.ts';
import { type Hook, snapshotOf } from './lib/hook.ts';
import {
  CHILD_TO_PURGE_FILTER,
  CLASS_TO_PURGE_FILTER,
  METALLB_TO_PURGE_FILTER,
  NODE_TO_PURGE_FILTER,
  SERVICE_TO_FOLD_FILTER,
} from './lib/jq-filters.ts';
import { planPurge } from './lib/purge-plan.ts';

const STEP = 'afterDeleteHelm';

/** Objects that are there when the step comes; nothing that happens to them is a reason to run. */
const SILENT = {
  ...{ group: 'main', queue: '/modules/metallb/purge', allowFailure: false },
  ...{ executeHookOnEvent: [], executeHookOnSynchronization: false },
  keepFullObjectsInMemory: false,
} as const;

const METALLB = [
  BINDING.ipAddressPools,
  BINDING.metalLoadBalancerPools,
  BINDING.advertisements,
  BINDING.peers,
  BINDING.bgpAdvertisements,
  BINDING.profiles,
  BINDING.communities,
  BINDING.deckhousePeers,
  BINDING.configurations,
  BINDING.l2Statuses,
  BINDING.bgpStatuses,
  BINDING.configurationStates,
];

/** Takes away what the module wrote into objects that outlive it, once Deckhouse has deleted its release. */
export const hook: Hook = {
  config: {
    configVersion: 'v1',
    settings: { executionMinInterval: '500ms', executionBurst: 1 },
    [STEP]: 10,
    kubernetes: [
      { ...BINDING.services, jqFilter: SERVICE_TO_FOLD_FILTER, ...SILENT },
      { ...BINDING.children, jqFilter: CHILD_TO_PURGE_FILTER, ...SILENT },
      { ...BINDING.nodes, jqFilter: NODE_TO_PURGE_FILTER, ...SILENT },
      { ...BINDING.classes, jqFilter: CLASS_TO_PURGE_FILTER, ...SILENT },
      ...METALLB.map((binding) => ({ ...binding, jqFilter: METALLB_TO_PURGE_FILTER, ...SILENT })),
    ],
    schedule: [],
  },
  handle(contexts) {
    // Called for anything else, it would take all IPs from a module that runs.
    if (!contexts.some(({ binding }) => binding === STEP)) return [];
    const removals = planPurge({
      services: snapshotOf(contexts, BINDING.services.name),
      children: snapshotOf(contexts, BINDING.children.name),
      nodes: snapshotOf(contexts, BINDING.nodes.name),
      classes: snapshotOf(contexts, BINDING.classes.name),
      metallb: METALLB.flatMap(({ name }) => snapshotOf(contexts, name)),
    });
    return removals.flatMap(({ operations }) => operations);
  },
};
