import type { NodeConditionReport } from '../duty/messages.ts';
import { Conditions } from './conditions.ts';

const OVERLOADED =
  'more frames come than this node can read: heartbeats of known nodes are read first, questions as far as time allows, and known clients notice nothing; look for who sends so much';

/** Interfaces that are flooded (network rule 16). */
export class Overloads {
  readonly #report: (report: NodeConditionReport) => void;
  readonly #conditions = new Map<string, Conditions>();

  constructor(report: (report: NodeConditionReport) => void) {
    this.#report = report;
  }

  set(interfaceName: string, overloaded: boolean): void {
    const known = this.#conditions.get(interfaceName);
    const conditions = known ?? new Conditions(interfaceName, this.#report);
    conditions.set('Overloaded', overloaded, OVERLOADED);
    if (overloaded) this.#conditions.set(interfaceName, conditions);
    else this.#conditions.delete(interfaceName);
  }

  active(): NodeConditionReport[] {
    return [...this.#conditions.values()].flatMap((conditions) => conditions.active());
  }
}
