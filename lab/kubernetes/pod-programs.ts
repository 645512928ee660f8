import type { LabPrograms } from '../lab-programs.ts';
import type { Program } from '../program.ts';
import type { Kubelets } from './kubelet.ts';

/** The programs of the Pods that run at the moment. */
export class PodPrograms implements LabPrograms {
  readonly #kubelets: Kubelets;

  constructor(kubelets: Kubelets) {
    this.#kubelets = kubelets;
  }

  /** @throws before the first one has started */
  get controller(): Program {
    const [first] = this.#kubelets.programs('controller-').values();
    if (first === undefined) throw new Error('no Pod of the controller runs');
    return first;
  }

  node(name: string): Program {
    return this.#kubelets.programOn(name, 'speaker-');
  }

  all(): readonly Program[] {
    return ['controller-', 'speaker-', 'shell-operator-'].flatMap((prefix) => [
      ...this.#kubelets.programs(prefix).values(),
    ]);
  }
}
