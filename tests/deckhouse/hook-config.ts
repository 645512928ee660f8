import { isRecord } from '../../modules/metallb/src/api/fields.ts';

/** A binding to objects, as the driver knows it. */
export interface ObjectBinding {
  readonly name: string;
  readonly apiVersion: string;
  readonly kind: string;
  /** All when absent. */
  readonly names: readonly string[] | undefined;
  readonly namespaces: readonly string[] | undefined;
  readonly jqFilter: string | undefined;
  readonly onEvent: boolean;
  readonly onSynchronization: boolean;
  /** The module's other steps wait until it was run once. */
  readonly isWaitedFor: boolean;
  /** A run that fails is dropped; otherwise it is repeated until it succeeds. */
  readonly mayFail: boolean;
}

export interface HookConfig {
  readonly bindings: readonly ObjectBinding[];
  /** Names of what runs it by the clock. */
  readonly schedules: readonly string[];
  /** Its place among the hooks of that step. */
  readonly order: { readonly [step in HookStep]?: number };
}

export const STEPS = [
  'onStartup',
  'beforeHelm',
  'afterHelm',
  'beforeDeleteHelm',
  'afterDeleteHelm',
] as const;
export type HookStep = (typeof STEPS)[number];

const KNOWN = ['configVersion', 'metadata', 'kubernetes', 'schedule', 'settings', ...STEPS];
const KNOWN_OF_BINDING = [
  'allowFailure',
  ...['name', 'apiVersion', 'kind', 'nameSelector', 'namespace', 'jqFilter', 'group', 'queue'],
  ...['executeHookOnEvent', 'executeHookOnSynchronization', 'waitForSynchronization'],
  'keepFullObjectsInMemory',
];

/**
 * A hook's configuration: of a plain executable (`--config`) or a member of a batch (`hook config`).
 * @throws Error for what the driver does not do as addon-operator does it: it would run the hook otherwise than there
 */
export function parseHookConfig(config: unknown): HookConfig {
  const fields = isRecord(config) ? config : {};
  if (fields['configVersion'] !== 'v1') throw new Error('expected configVersion v1');
  refuseOthers(fields, KNOWN);
  const steps = STEPS.filter((step) => typeof fields[step] === 'number');
  return {
    bindings: listIn(fields, 'kubernetes').map(parseBinding),
    schedules: listIn(fields, 'schedule').map((one) => String(isRecord(one) && one['name'])),
    order: Object.fromEntries(steps.map((step) => [step, fields[step]])),
  };
}

function parseBinding(binding: unknown): ObjectBinding {
  const fields = isRecord(binding) ? binding : {};
  refuseOthers(fields, KNOWN_OF_BINDING);
  const { name, apiVersion, kind, namespace, jqFilter, executeHookOnEvent: events } = fields;
  if (typeof name !== 'string' || typeof apiVersion !== 'string' || typeof kind !== 'string') {
    throw new Error(`${JSON.stringify(binding)}: expected a name, an apiVersion and a kind`);
  }
  return {
    ...{ name, apiVersion, kind },
    names: namesIn(fields),
    namespaces: isRecord(namespace) ? namesIn(namespace) : undefined,
    jqFilter: typeof jqFilter === 'string' ? jqFilter : undefined,
    // A boolean in a batch, a list elsewhere.
    onEvent: Array.isArray(events) ? events.length > 0 : events !== false,
    onSynchronization: fields['executeHookOnSynchronization'] !== false,
    isWaitedFor: fields['waitForSynchronization'] !== false,
    mayFail: fields['allowFailure'] === true,
  };
}

/** Of a binding, or of its namespaces. */
function namesIn(fields: Readonly<Record<string, unknown>>): string[] | undefined {
  const { nameSelector } = fields;
  return isRecord(nameSelector) ? listIn(nameSelector, 'matchNames').map(String) : undefined;
}

function listIn(fields: Readonly<Record<string, unknown>>, name: string): unknown[] {
  const list = fields[name] ?? [];
  if (!Array.isArray(list)) throw new Error(`${name}: expected a list`);
  return list;
}

function refuseOthers(fields: Readonly<Record<string, unknown>>, known: readonly string[]): void {
  const others = Object.keys(fields).filter((name) => !known.includes(name));
  if (others.length > 0) throw new Error(`tests/deckhouse does not know ${others.join(', ')}`);
}
