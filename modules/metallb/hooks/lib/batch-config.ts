import type { AlertHook, Hook, HookConfig, ValuesHook } from './hook.ts';

interface BatchEntry {
  readonly name: string;
  readonly hook: Hook | AlertHook | ValuesHook;
}

/**
 * What a batch hook prints for `hook config` (addon-operator; Deckhouse's module-sdk). The operator itself puts all
 * bindings of a hook in one group. Unlike elsewhere, executeHookOnEvent is a boolean and times are nanoseconds.
 */
export function batchConfig(hooks: readonly BatchEntry[], path: string): object {
  return {
    version: 'v1',
    hooks: hooks.map(({ name, hook: { config } }) => ({
      configVersion: config.configVersion,
      metadata: { name, path },
      kubernetes: config.kubernetes.map(({ group, executeHookOnEvent, ...binding }) => ({
        ...binding,
        executeHookOnEvent: executeHookOnEvent === undefined || executeHookOnEvent.length > 0,
        executeHookOnSynchronization: binding.executeHookOnSynchronization ?? true,
        // The module's templates need nothing of what hooks write.
        waitForSynchronization: false,
      })),
      schedule: config.schedule.map(({ name, crontab, queue }) => ({ name, crontab, queue })),
      settings: settingsInNanoseconds(config.settings),
      ...(config.beforeHelm !== undefined && { beforeHelm: config.beforeHelm }),
      ...(config.afterDeleteHelm !== undefined && { afterDeleteHelm: config.afterDeleteHelm }),
    })),
    has_settings_check: false,
  };
}

function settingsInNanoseconds(settings: HookConfig['settings']): object {
  const [, ms = ''] = /^(\d+)ms$/.exec(settings.executionMinInterval) ?? [];
  return { ...settings, executionMinInterval: Number(ms) * 1e6 };
}
