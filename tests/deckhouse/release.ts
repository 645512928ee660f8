import { createHash } from 'node:crypto';
import { valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import { helm } from '../cluster/helm.ts';

/** Where Deckhouse keeps the releases of its modules. */
export const RELEASE_NAMESPACE = 'd8-system';

/** In the values of a release: of what it was made. */
const CHECKSUM = '_addonOperatorModuleChecksum';

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
   * Installs or upgrades, unless the release was made of what is rendered now. As addon-operator does, it renders without
   * asking the cluster: `lookup` finds nothing. That something of the release is absent, it does not notice.
   * @throws Error with what helm says
   */
  async upgrade(values: object): Promise<void> {
    const checksum = await this.#checksumOf(values);
    if (checksum === valueAt((await this.state())?.values, CHECKSUM)) return;
    await this.#upgrade({ ...values, [CHECKSUM]: checksum }, []);
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

  async #checksumOf(values: object): Promise<string> {
    const rendered = await this.#upgrade(values, ['--dry-run=client', '--output=json']);
    const { manifest } = JSON.parse(rendered) as { manifest: string };
    return createHash('sha256').update(manifest).digest('hex');
  }

  #upgrade(values: object, flags: readonly string[]): Promise<string> {
    const always = ['--install', '--skip-crds', '--take-ownership', '--create-namespace'];
    const args = ['upgrade', this.#name, this.#chart, '--values', 'VALUES', ...always, ...flags];
    return this.#run(args, values);
  }

  async #run(args: readonly string[], values?: object): Promise<string> {
    const { code, stdout, stderr } = await helm([...args, ...this.#where], values);
    if (code !== 0) throw new Error(`helm ${args[0]}: ${stderr.trim()}`);
    return stdout;
  }
}
