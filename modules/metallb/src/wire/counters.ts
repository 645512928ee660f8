import type { Counter } from '../duty/messages.ts';
import { IpCounts } from './ip-counts.ts';

type Labels = Readonly<Record<string, string>>;

/** Counters and gauges of the wire process, cumulative since its start; the speaker serves them. */
export class Counters {
  readonly ofIps = new IpCounts();
  readonly #values = new Map<string, { -readonly [Field in keyof Counter]: Counter[Field] }>();

  add(name: string, labels: Labels = {}, amount = 1): void {
    this.#entry(name, 'counter', labels).value += amount;
  }

  set(name: string, labels: Labels, value: number): void {
    this.#entry(name, 'gauge', labels).value = value;
  }

  remove(name: string, labels: Labels): void {
    this.#values.delete(keyOf(name, labels));
  }

  /** Nothing is so there any more; what has happened there stays counted. */
  removeGaugesOf(interfaceName: string): void {
    for (const [key, { type, labels }] of this.#values) {
      if (type === 'gauge' && labels['interface'] === interfaceName) this.#values.delete(key);
    }
  }

  snapshot(): Counter[] {
    return [...this.#values.values()].map((entry) => ({ ...entry }));
  }

  #entry(name: string, type: Counter['type'], labels: Labels) {
    const key = keyOf(name, labels);
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const entry = { name, type, labels, value: 0 };
    this.#values.set(key, entry);
    return entry;
  }
}

function keyOf(name: string, labels: Labels): string {
  return `${name} ${Object.values(labels).join(' ')}`;
}
