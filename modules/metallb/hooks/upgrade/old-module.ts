import type { KubernetesObject } from '../../src/api/object.ts';
import { formatProblems, type Parsed } from '../../src/api/problem.ts';
import type { OldModule } from '../../src/migration/generated-classes.ts';
import { parseIpAddressPool, parseL2Advertisement } from '../../src/migration/metallb-objects.ts';
import { type ModuleSettings, parseModuleConfig } from '../../src/migration/module-config.ts';
import { BINDING, hookConfig, type WatchedObjects } from '../lib/bindings.ts';
import { type BindingContext, type HookConfig, snapshotOf } from '../lib/hook.ts';

const WHOLE_SPEC = '{apiVersion, kind, metadata: {name: .metadata.name}, spec}';
const METADATA_AND_SPEC =
  '{apiVersion, kind, metadata: (.metadata | {name, namespace, labels}), spec}';

/** The settings, whole: the migration reads all that they say of pools and routers. */
export const SETTINGS = { ...BINDING.moduleConfigs, jqFilter: WHOLE_SPEC } satisfies WatchedObjects;

/** What an L2 part before classes was made of. */
export const OLD_L2 = {
  advertisements: {
    name: 'l2-advertisements',
    apiVersion: 'metallb.io/v1beta1',
    kind: 'L2Advertisement',
    jqFilter: METADATA_AND_SPEC,
  },
  pools: {
    name: 'ip-address-pools',
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    jqFilter: METADATA_AND_SPEC,
  },
} satisfies Record<string, WatchedObjects>;

/** addon-operator's part of a hook's configuration; shell-operator refuses it. */
interface UpgradeConfig extends HookConfig {
  readonly beforeHelm: number;
}

/** A hook that also runs before Helm, in this order: what Helm brings must find the work done. */
export function migrationConfig(
  name: string,
  beforeHelm: number,
  bindings: readonly WatchedObjects[],
): UpgradeConfig {
  return { ...hookConfig(name, bindings), beforeHelm };
}

/** @throws Error for a ModuleConfig that can't be read: to go on would be to take it for absent */
export function readSettings(contexts: readonly BindingContext[]): ModuleSettings | undefined {
  const [object] = snapshotOf(contexts, SETTINGS.name);
  return object && understood(parseModuleConfig(object));
}

/** @throws Error likewise */
export function readOldModule(contexts: readonly BindingContext[]): OldModule {
  const read = <T>(name: string, parse: (object: KubernetesObject) => Parsed<T>) =>
    snapshotOf(contexts, name).map((object) => understood(parse(object)));
  return {
    settings: readSettings(contexts),
    advertisements: read(OLD_L2.advertisements.name, parseL2Advertisement),
    pools: read(OLD_L2.pools.name, parseIpAddressPool),
  };
}

function understood<T>(parsed: Parsed<T>): T {
  if (parsed.ok) return parsed.value;
  throw new Error(formatProblems(parsed.problems));
}
