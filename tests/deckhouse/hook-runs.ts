import type { Api } from '../../lab/kubernetes/api.ts';
import type { HookStep } from './hook-config.ts';
import type { ModuleHook } from './hook-files.ts';
import { HookMetrics } from './hook-metrics.ts';
import { type ObjectOperation, parseOperations, perform } from './object-operations.ts';
import { runExecutable } from './run-files.ts';
import { type Snapshot, takeSnapshots } from './snapshots.ts';
import { parseValuesPatch, type ValuesOperation } from './values-patch.ts';

/** More often, and hooks would go on for ever. */
const MOST_ROUNDS = 20;

const NOTHING = { operations: [], changedValues: false } as const;

/** One run and what it asked for. */
export interface HookRun {
  readonly hook: string;
  readonly operations: readonly ObjectOperation[];
  /** Whether the values are others than before. */
  readonly changedValues: boolean;
  /** Why it failed, of a hook that may: the operator logs it and goes on. */
  readonly failure?: string;
}

/** The values that hooks are given, as they are now. */
export interface HookValues {
  all(): object;
  config(): object;
}

/** Runs the hooks of one module on what the API server has, and does what they ask for. */
export class HookRuns {
  readonly metrics = new HookMetrics();
  /** Of all runs, in their order. */
  readonly valuesPatches: ValuesOperation[] = [];
  readonly #api: Api;
  readonly #hooks: readonly ModuleHook[];
  readonly #key: string;
  readonly #commands: string;
  /** What each hook saw in its last run. */
  readonly #seen = new Map<string, string>();

  constructor(api: Api, options: { hooks: readonly ModuleHook[]; key: string; commands: string }) {
    this.#api = api;
    this.#hooks = options.hooks;
    this.#key = options.key;
    this.#commands = options.commands;
  }

  /** Those of a step, by their number in it, each with the snapshots of all its bindings. */
  async step(step: HookStep, values: HookValues): Promise<HookRun[]> {
    const runs: HookRun[] = [];
    const place = ({ config }: ModuleHook) => config.order[step] ?? Number.NaN;
    const hooks = this.#hooks.filter(({ config }) => config.order[step] !== undefined);
    for (const hook of hooks.sort((a, b) => place(a) - place(b))) {
      const snapshots = await takeSnapshots(this.#api, hook.config.bindings);
      const context = step === 'onStartup' ? { binding: step } : { binding: step, snapshots };
      this.#seen.set(hook.name, noticed(hook, snapshots));
      runs.push(await this.#run(hook, context, values));
    }
    return runs;
  }

  /**
   * The first runs on objects. Hooks that nobody waits for have queues of their own; the driver runs them as late as that
   * allows, so that a module which counted on them before Helm fails here.
   */
  async synchronize(isWaitedFor: boolean, values: HookValues): Promise<HookRun[]> {
    const runs: HookRun[] = [];
    for (const hook of this.#hooks) {
      const bindings = hook.config.bindings.filter(({ onSynchronization }) => onSynchronization);
      const isDue = bindings.some((binding) => binding.isWaitedFor) === isWaitedFor;
      if (bindings.length > 0 && isDue) {
        runs.push(await this.#runGroup(hook, await this.#look(hook), values));
      }
    }
    return runs;
  }

  /** What the clock runs. */
  async passTime(values: HookValues): Promise<HookRun[]> {
    const runs: HookRun[] = [];
    for (const hook of this.#hooks.filter(({ config }) => config.schedules.length > 0)) {
      runs.push(await this.#runGroup(hook, await this.#look(hook), values));
    }
    return runs;
  }

  /** Runs hooks whose objects have changed since they saw them, until none have. @throws Error when there is no end */
  async settle(values: HookValues): Promise<HookRun[]> {
    const runs: HookRun[] = [];
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const before = runs.length;
      for (const hook of this.#hooks) {
        if (!hook.config.bindings.some(({ onEvent }) => onEvent)) continue;
        const snapshots = await this.#look(hook);
        if (this.#seen.get(hook.name) === noticed(hook, snapshots)) continue;
        runs.push(await this.#runGroup(hook, snapshots, values));
      }
      if (runs.length === before) return runs;
    }
    const last = JSON.stringify(runs.at(-1));
    throw new Error(`hooks come to no rest in ${MOST_ROUNDS} rounds; the last run: ${last}`);
  }

  #look({ config }: ModuleHook): Promise<Record<string, Snapshot>> {
    return takeSnapshots(this.#api, config.bindings);
  }

  /** The operator puts all bindings of a hook in one group. */
  async #runGroup(
    hook: ModuleHook,
    snapshots: Record<string, Snapshot>,
    values: HookValues,
  ): Promise<HookRun> {
    this.#seen.set(hook.name, noticed(hook, snapshots));
    const { bindings } = hook.config;
    const binding = bindings.at(-1)?.name;
    try {
      const context = { binding, type: 'Group', groupName: 'main', snapshots };
      return await this.#run(hook, context, values);
    } catch (failure) {
      if (!bindings.every(({ mayFail }) => mayFail)) throw failure;
      // What it could not do, it is to see again.
      this.#seen.delete(hook.name);
      return { ...NOTHING, hook: hook.name, failure: String(failure) };
    }
  }

  async #run(hook: ModuleHook, context: object, values: HookValues): Promise<HookRun> {
    const input = {
      BINDING_CONTEXT_PATH: JSON.stringify([context]),
      VALUES_PATH: JSON.stringify(values.all()),
      CONFIG_VALUES_PATH: JSON.stringify(values.config()),
      VALUES_JSON_PATCH_PATH: '',
      CONFIG_VALUES_JSON_PATCH_PATH: '',
      KUBERNETES_PATCH_PATH: '',
      METRICS_PATH: '',
    };
    const { code, stderr, files } = await runExecutable(hook.command, input, this.#commands);
    if (code !== 0) throw new Error(`hook ${hook.name}: exit code ${code}: ${stderr.trim()}`);
    if (files['CONFIG_VALUES_JSON_PATCH_PATH'] !== '') {
      throw new Error(`hook ${hook.name} wants to change the ModuleConfig, which is the user's`);
    }
    const operations = parseOperations(files['KUBERNETES_PATCH_PATH'] ?? '');
    for (const operation of operations) await perform(this.#api, operation);
    this.valuesPatches.push(...parseValuesPatch(files['VALUES_JSON_PATCH_PATH'] ?? '', this.#key));
    this.metrics.apply(files['METRICS_PATH'] ?? '');
    const changedValues = JSON.stringify(values.all()) !== input.VALUES_PATH;
    return { hook: hook.name, operations, changedValues };
  }
}

/** Of what a hook sees, the part whose change runs it. */
function noticed({ config }: ModuleHook, snapshots: Readonly<Record<string, Snapshot>>): string {
  const names = config.bindings.filter(({ onEvent }) => onEvent).map(({ name }) => name);
  return JSON.stringify(names.map((name) => snapshots[name]));
}
