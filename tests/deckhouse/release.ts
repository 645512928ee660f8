import { helm } from '../cluster/helm.ts';

/** Where Deckhouse keeps the releases of its modules. */
export const RELEASE_NAMESPACE = 'd8-system';

export interface ReleaseState {
  readonly revision: number;
  readonly manifest: string;
  /** What it was given, without the chart's own. */
  readonly values: unknown;
}

/** The Helm release of a module, as addon-operator makes it: named as the module, its definitions left alone. */
export class ModuleRelease {
  readonly #name: string;
  readonly #chart: string;
  readonly #where: readonly string[];

  constructor(name: string, chart: string, kubeconfig: string) {
    this.#name = name;
    this.#chart = chart;
    this.#where = [`--namespace=${RELEASE_NAMESPACE}`, `--kubeconfig=${kubeconfig}`];
  }

  /**
   * Installs or upgrades. addon-operator first renders and leaves a release with the same checksum alone; the keys of
   * heartbeats make that differ each time (ADR 0013), so this does not look.
   * @throws Error with what helm says
   */
  async upgrade(values: object): Promise<void> {
    const flags = ['--install', '--skip-crds', '--take-ownership', '--create-namespace'];
    await this.#run(['upgrade', this.#name, this.#chart, '--values', 'VALUES', ...flags], values);
  }

  async uninstall(): Promise<void> {
    await this.#run(['uninstall', this.#name, '--ignore-not-found', '--wait']);
  }

  /** Undefined where there is no release. */
  async state(): Promise<ReleaseState | undefined> {
    const history = await helm(['history', this.#name, '--output=json', ...this.#where]);
    if (history.code !== 0) {
      if (history.stderr.includes('not found')) return undefined;
      throw new Error(history.stderr);
    }
    const revisions = (JSON.parse(history.stdout) as { revision: number }[]).map(
      ({ revision }) => revision,
    );
    return {
      revision: Math.max(...revisions),
      manifest: await this.#run(['get', 'manifest', this.#name]),
      values: JSON.parse(await this.#run(['get', 'values', this.#name, '--output=json'])),
    };
  }

  async #run(args: readonly string[], values?: object): Promise<string> {
    const { code, stdout, stderr } = await helm([...args, ...this.#where], values);
    if (code !== 0) throw new Error(`helm ${args[0]}: ${stderr.trim()}`);
    return stdout;
  }
}
