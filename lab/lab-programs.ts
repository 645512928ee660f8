import type { Program } from './program.ts';

/** This project's programs in a lab, as scenarios know them. */
export interface LabPrograms {
  /** Of several, any. */
  readonly controller: Program;
  /** The node program of a node. */
  node(name: string): Program;
  all(): readonly Program[];
}

/** Programs that the lab starts itself. */
export class OwnPrograms implements LabPrograms {
  readonly controller: Program;
  readonly #byNode: ReadonlyMap<string, Program>;

  constructor(controller: Program, byNode: ReadonlyMap<string, Program>) {
    this.controller = controller;
    this.#byNode = byNode;
  }

  node(name: string): Program {
    const program = this.#byNode.get(name);
    if (program === undefined) throw new Error(`no node ${name}`);
    return program;
  }

  all(): readonly Program[] {
    return [this.controller, ...this.#byNode.values()];
  }
}
