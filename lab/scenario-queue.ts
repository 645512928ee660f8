import { labKey, type Scenario } from './scenario.ts';

/** Scenarios that wait for a lane. Those that need the same lab are played in one as far as that keeps no lane waiting. */
export class ScenarioQueue {
  /** By the lab they need, the most first. */
  readonly #waiting: Map<string, Scenario[]>;
  readonly #begun = new Set<string>();

  constructor(scenarios: readonly Scenario[]) {
    const groups = new Map<string, Scenario[]>();
    for (const one of scenarios) {
      const group = groups.get(labKey(one));
      if (group === undefined) groups.set(labKey(one), [one]);
      else group.push(one);
    }
    this.#waiting = new Map([...groups].toSorted(([, a], [, b]) => b.length - a.length));
  }

  /** @param standing the key of the lab that the lane has */
  next(standing: string | undefined): Scenario | undefined {
    const keys = [...this.#waiting.keys()];
    const key =
      keys.find((one) => one === standing) ?? keys.find((one) => !this.#begun.has(one)) ?? keys[0];
    if (key === undefined) return undefined;
    this.#begun.add(key);
    const group = this.#waiting.get(key);
    const one = group?.shift();
    if (group?.length === 0) this.#waiting.delete(key);
    return one;
  }
}
