import { BINDING } from './lib/bindings.ts';
import { heldKeys, rotatedKeys } from './lib/heartbeat-keys.ts';
import { snapshotOf, type ValuesHook } from './lib/hook.ts';
import { HEARTBEAT_SECRET_FILTER, MODULE_VERSION_FILTER } from './lib/jq-filters.ts';
import { valueAt } from './lib/json.ts';

/** Of the settings, where no ModuleConfig says which one it has. */
const NEWEST_VERSION = 3;

const SHARED = {
  // That of the module's other steps: it never runs beside them, on keys that Helm is about to write.
  ...{ group: 'main', queue: 'main', allowFailure: false },
  executeHookOnSynchronization: false,
  keepFullObjectsInMemory: false,
} as const;

/**
 * Hands the templates what they would look up. addon-operator first renders them without asking the cluster, to see
 * whether anything has changed: with keys made anew each time, something always has.
 */
export const hook: ValuesHook = {
  config: {
    configVersion: 'v1',
    settings: { executionMinInterval: '500ms', executionBurst: 1 },
    beforeHelm: 10,
    kubernetes: [
      // A version alone is no setting: no change of it leads to a run of the module by itself.
      { ...BINDING.moduleConfigs, jqFilter: MODULE_VERSION_FILTER, ...SHARED },
      {
        ...{ ...BINDING.heartbeatSecret, jqFilter: HEARTBEAT_SECRET_FILTER, ...SHARED },
        executeHookOnEvent: [],
      },
    ],
    schedule: [],
  },
  compute(contexts, values, newKey) {
    const [secret] = snapshotOf(contexts, BINDING.heartbeatSecret.name);
    const [moduleConfig] = snapshotOf(contexts, BINDING.moduleConfigs.name);
    const rotation = valueAt(values, 'metallb', 'heartbeat', 'rotation');
    const wanted = typeof rotation === 'number' ? rotation : 0;
    const version = valueAt(moduleConfig, 'spec', 'version');
    return {
      heartbeatKeys: rotatedKeys(heldKeys(secret), wanted, newKey),
      moduleConfigVersion: typeof version === 'number' ? version : NEWEST_VERSION,
    };
  },
};
