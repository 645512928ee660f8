import { isRecord } from '../../modules/metallb/src/api/fields.ts';

interface Gauge {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What hooks have measured, as the operator keeps it: a run that writes to a group replaces the group. */
export class HookMetrics {
  readonly #groups = new Map<string, Gauge[]>();

  /** @param text the file that a run left  @throws Error for an operation that no operator knows */
  apply(text: string): void {
    const operations = text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => parseOperation(JSON.parse(line)));
    for (const { group } of operations) this.#groups.set(group, []);
    for (const { group, gauge } of operations) {
      if (gauge !== undefined) this.#groups.get(group)?.push(gauge);
    }
  }

  /** The gauges of that name. */
  named(wanted: string): Gauge[] {
    return [...this.#groups.values()].flat().filter(({ name }) => name === wanted);
  }
}

function parseOperation(operation: unknown): { group: string; gauge: Gauge | undefined } {
  const { group, action, name, labels = {}, value } = isRecord(operation) ? operation : {};
  if (typeof group === 'string' && action === 'expire') return { group, gauge: undefined };
  const isGauge = action === 'set' && typeof name === 'string' && typeof value === 'number';
  if (typeof group === 'string' && isGauge && isRecord(labels)) {
    return { group, gauge: { name, labels: labels as Gauge['labels'], value } };
  }
  throw new Error(`metric ${JSON.stringify(operation)}: expected a gauge of a group, or its end`);
}
