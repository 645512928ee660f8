import { join } from 'node:path';
import type { Api } from '../../lab/kubernetes/api.ts';
import { PATCH } from '../../lab/kubernetes/api.ts';
import { objectPath } from '../../lab/kubernetes/kinds.ts';
import { Converter } from './conversions.ts';
import { ensureDefinitions } from './definitions.ts';
import { confirmDisabling, type ModuleYaml } from './disabling.ts';
import { askEnabled } from './enabled-script.ts';
import { findHooks } from './hook-files.ts';
import { type HookRun, HookRuns, type HookValues } from './hook-runs.ts';
import { judge, type ModuleConfig, type SettingsContract, statusOf } from './module-config.ts';
import { readYaml } from './module-folder.ts';
import { ModuleRelease } from './release.ts';
import { schemaError } from './schema-errors.ts';
import { readSchemas } from './schemas.ts';
import { moduleValues } from './values.ts';

/** What came of looking at the ModuleConfig. */
export type Outcome =
  /** Nothing was done. */
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'disabled'; readonly reason: string }
  | { readonly kind: 'running'; readonly runs: readonly HookRun[] };

export interface Globals {
  readonly modulesImages: { readonly digests: object };
}

export interface ModuleRunOptions {
  /** Of the module, as its image brings it. */
  readonly folder: string;
  /** `global` of the values, without the digests of the module's images. */
  readonly globals: Globals;
  /** Deckhouse's: from the ModuleSource. */
  readonly registry: object;
  /** Directory of the commands that its executables find. */
  readonly commands: string;
}

/** Does for one module what Deckhouse and its addon-operator do, step by step, each time it is told to. */
export class ModuleRun {
  readonly release: ModuleRelease;
  readonly #api: Api;
  readonly #options: ModuleRunOptions;
  readonly #module: ModuleYaml;
  readonly #contract: SettingsContract;
  #hooks: HookRuns | undefined;

  constructor(api: Api, kubeconfig: string, options: ModuleRunOptions) {
    const { folder } = options;
    this.#api = api;
    this.#options = options;
    this.#module = readYaml(folder, 'module.yaml') as ModuleYaml;
    this.#contract = {
      converter: new Converter(folder),
      schemas: readSchemas(folder),
      key: this.#module.name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    };
    this.release = new ModuleRelease(this.#module.name, folder, kubeconfig);
  }

  /** Looks at the ModuleConfig and brings the cluster to what it says. @throws Error where Deckhouse would try again */
  async reconcile(): Promise<Outcome> {
    const config = await this.#moduleConfig();
    const verdict = judge(config, this.#contract);
    await this.#writeStatus(statusOf(config, verdict, this.#contract.converter));
    if (verdict.error !== undefined) return { kind: 'refused', message: verdict.error };
    if (config.spec.enabled !== true) return this.#disable(config);
    const values = this.#valuesOf(verdict.settings ?? {});
    const answer = await askEnabled(
      this.#options.folder,
      { all: values.all(), config: values.config() },
      this.#options.commands,
    );
    if (!answer.isEnabled) return { kind: 'disabled', reason: answer.reason };
    return { kind: 'running', runs: await this.#bringUp(values) };
  }

  /** Runs the hooks that something has happened to, until there are none, and the module where they changed values. */
  async settle(): Promise<readonly HookRun[]> {
    const values = await this.#currentValues();
    const runs = await (await this.#hookRuns()).settle(values);
    const isDue = runs.some(({ changedValues }) => changedValues);
    return isDue ? [...runs, ...(await this.#bringUp(values))] : runs;
  }

  /** As another process of the operator would: whatever hooks said to this one is forgotten. */
  restart(): void {
    this.#hooks = undefined;
  }

  /** Runs the hooks that the clock runs. */
  async passTime(): Promise<readonly HookRun[]> {
    return (await this.#hookRuns()).passTime(await this.#currentValues());
  }

  /** The gauges of a name that hooks have set. */
  measured(name: string) {
    return this.#hooks?.metrics.named(name) ?? [];
  }

  async #bringUp(values: HookValues): Promise<HookRun[]> {
    await ensureDefinitions(this.#api, this.#options.folder);
    const hooks = await this.#hookRuns();
    const runs = [
      ...(await hooks.step('onStartup', values)),
      ...(await hooks.synchronize(true, values)),
      ...(await hooks.step('beforeHelm', values)),
    ];
    await this.release.upgrade(this.#checked(values));
    return [
      ...runs,
      ...(await hooks.step('afterHelm', values)),
      ...(await hooks.synchronize(false, values)),
      ...(await hooks.settle(values)),
    ];
  }

  async #disable(config: ModuleConfig): Promise<Outcome> {
    const disabled: Outcome = { kind: 'disabled', reason: 'ModuleConfig' };
    if ((await this.release.state()) === undefined) return disabled;
    const refusal = confirmDisabling(config, this.#module);
    if (refusal !== undefined) return { kind: 'refused', message: refusal };
    const hooks = await this.#hookRuns();
    const values = this.#valuesOf(config.spec.settings ?? {});
    await hooks.step('beforeDeleteHelm', values);
    await this.release.uninstall();
    await hooks.step('afterDeleteHelm', values);
    return disabled;
  }

  async #hookRuns(): Promise<HookRuns> {
    const { folder, commands } = this.#options;
    const { key } = this.#contract;
    this.#hooks ??= new HookRuns(this.#api, {
      ...{ hooks: await findHooks(folder, commands), key, commands },
    });
    return this.#hooks;
  }

  async #currentValues(): Promise<HookValues> {
    const { settings = {} } = judge(await this.#moduleConfig(), this.#contract);
    return this.#valuesOf(settings);
  }

  /** With what hooks add to them while they run. */
  #valuesOf(settings: Readonly<Record<string, unknown>>): HookValues {
    const { folder, globals, registry } = this.#options;
    const { key, schemas } = this.#contract;
    const statics = (readYaml(folder, 'values.yaml') as Record<string, unknown>)[key];
    const digests = {
      ...globals.modulesImages.digests,
      [key]: readYaml(folder, 'images_digests.json'),
    };
    return {
      config: () => ({ [key]: settings }),
      all: () => {
        const patches = this.#hooks?.valuesPatches ?? [];
        const own = moduleValues(key, { statics, schemas, settings, patches, registry });
        const modulesImages = { ...globals.modulesImages, digests };
        return { global: { ...globals, modulesImages }, [key]: own };
      },
    };
  }

  /** @throws Error for values that the module's own schema refuses */
  #checked(values: HookValues): object {
    const { key, schemas } = this.#contract;
    const all = values.all() as Record<string, unknown>;
    const error = schemaError(schemas.helm, key, all[key]);
    if (error !== undefined) throw new Error(`values are not valid: ${error}`);
    return all;
  }

  async #moduleConfig(): Promise<ModuleConfig> {
    return (await this.#api.get(this.#configPath())) as ModuleConfig;
  }

  async #writeStatus(status: object): Promise<void> {
    await this.#api.send('PATCH', join(this.#configPath(), 'status'), { status }, PATCH.merge);
  }

  #configPath(): string {
    return objectPath('ModuleConfig', this.#module.name);
  }
}
