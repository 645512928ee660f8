import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../exec.ts';
import { commandPath } from './commands.ts';
import type { ControlPlane } from './control-plane.ts';

export const RELEASE = 'metallb';
/** Of the release and its Pods, where a lab wishes no other. */
export const RELEASE_NAMESPACE = 'metallb-system';
const CHART = join(import.meta.dirname, '..', '..', 'modules', 'metallb');

/** The module as a platform engineer installs it, by real helm on a real API server. */
export class HelmRelease {
  readonly #plane: ControlPlane;
  readonly #directory: string;
  readonly #namespace: string;

  /** @param directory for helm's cache and values */
  constructor(plane: ControlPlane, directory: string, namespace: string) {
    this.#plane = plane;
    this.#directory = directory;
    this.#namespace = namespace;
  }

  /** `helm upgrade --install`. @throws with what helm says */
  async upgrade(values: object): Promise<void> {
    const file = join(this.#directory, 'values.json');
    await writeFile(file, JSON.stringify(values));
    await this.#helm('upgrade', '--install', RELEASE, CHART, '--create-namespace', '-f', file);
  }

  async uninstall(): Promise<void> {
    await this.#helm('uninstall', RELEASE, '--wait');
  }

  /** Manifests of the release's hooks, as they will run. */
  hooks(): Promise<string> {
    return this.#helm('get', 'hooks', RELEASE);
  }

  async #helm(...args: readonly string[]): Promise<string> {
    const home = join(this.#directory, 'helm');
    const homes = ['CACHE', 'CONFIG', 'DATA'].map((kind) => `HELM_${kind}_HOME=${home}`);
    const config = `--kubeconfig=${this.#plane.kubeconfig('admin')}`;
    const where = [config, `--namespace=${this.#namespace}`];
    const command = ['env', ...homes, commandPath('helm'), ...args, ...where];
    return run(this.#plane.inNamespace(command));
  }
}
