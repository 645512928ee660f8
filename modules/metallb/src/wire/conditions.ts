import type { NodeConditionReport } from '../duty/messages.ts';

type Type = NodeConditionReport['condition'];

/** What is wrong on one segment; told once when it begins and once when it ends. */
export class Conditions {
  readonly #interface: string;
  readonly #report: (report: NodeConditionReport) => void;
  readonly #active = new Map<Type, string>();

  constructor(interfaceName: string, report: (report: NodeConditionReport) => void) {
    this.#interface = interfaceName;
    this.#report = report;
  }

  set(condition: Type, active: boolean, message: string): void {
    if (active ? this.#active.get(condition) === message : !this.#active.has(condition)) return;
    if (active) this.#active.set(condition, message);
    else this.#active.delete(condition);
    this.#report(this.#reportOf(condition, active, message));
  }

  endAll(): void {
    for (const condition of this.#active.keys()) this.set(condition, false, '');
  }

  active(): NodeConditionReport[] {
    return [...this.#active].map(([condition, message]) =>
      this.#reportOf(condition, true, message),
    );
  }

  #reportOf(condition: Type, active: boolean, message: string): NodeConditionReport {
    return {
      type: 'condition',
      condition,
      interface: this.#interface,
      active,
      message: active ? message : '',
    };
  }
}
