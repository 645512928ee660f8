import { type Lab, type StoreKind, startLab } from './lab.ts';
import type { Machine } from './machine.ts';
import { listNamespaces } from './namespaces.ts';
import { lastWordsOf, playAndTell, withDeadline } from './play.ts';
import { labKey, type Measurement, type Scenario } from './scenario.ts';
import { heal } from './standard.ts';
import { summarise } from './statistic.ts';

const DEFAULT_DEADLINE_MS = 60_000;
const LOG_LINES_SHOWN = 15;

/** Plays scenarios one after the other, in the lab of the one before where that is the one they need. */
export class Lane {
  readonly #write: (text: string) => void;
  readonly #store: StoreKind;
  #lab: { readonly lab: Lab; readonly key: string } | undefined;

  /**
   * @param write is given all that is to say of a scenario at once
   * @param store where the cluster state of its labs is
   */
  constructor(write: (text: string) => void, store: StoreKind) {
    this.#write = write;
    this.#store = store;
  }

  /** Of the lab that stands. */
  get labKey(): string | undefined {
    return this.#lab?.key;
  }

  /** @returns whether it passed */
  async play(one: Scenario, machine: Machine): Promise<boolean> {
    const passed = await playAndTell(
      {
        name: one.name,
        play: () => this.#play(one, machine),
        lastWords: () => lastWordsOf(this.#lab?.lab.programs() ?? [], LOG_LINES_SHOWN),
        waitedMs: () => machine.waitedMs,
      },
      this.#write,
    );
    if (!passed) await this.end(); // the next scenario deserves a lab that nobody has left broken
    return passed;
  }

  /** Its lab ends. @throws when something of it stays behind */
  async end(): Promise<void> {
    const lab = this.#lab?.lab;
    this.#lab = undefined;
    if (lab === undefined) return;
    await lab.stop();
    const left = await listNamespaces(lab.name);
    if (left.length > 0) throw new Error(`the lab left namespaces behind: ${left.join(' ')}`);
  }

  async #play(one: Scenario, machine: Machine): Promise<readonly string[]> {
    const lab = await this.#labFor(one);
    const deadlineMs = one.options.deadlineMs ?? DEFAULT_DEADLINE_MS;
    try {
      const measured = await withDeadline(
        healAndPlay(lab, one, machine),
        deadlineMs,
        () => machine.waitedMs,
      );
      return measured === undefined ? [] : [measurementLine(one.name, measured)];
    } finally {
      lab.endScenario();
    }
  }

  async #labFor(one: Scenario): Promise<Lab> {
    const key = labKey(one);
    if (this.#lab?.key !== key) {
      await this.end();
      this.#lab = { key, lab: await startLab({ ...one.options.lab, store: this.#store }) };
    }
    return this.#lab.lab;
  }
}

async function healAndPlay(
  lab: Lab,
  { name, options, play }: Scenario,
  machine: Machine,
): Promise<Measurement | undefined> {
  const { programs, timed = false } = options;
  if (programs !== false) await heal(lab);
  const measured = await (timed === true
    ? machine.alone(() => play(lab, (measure) => measure()))
    : play(lab, (measure) => machine.alone(measure)));
  if (machine.wasAlone !== (timed !== false))
    throw new Error(`${name}: timed is what measures alone`);
  return measured;
}

/** A measurement as one JSON line. @param name without its topic: `cable-out` for `failover/cable-out` */
function measurementLine(name: string, measured: Measurement): string {
  const scenario = name.split('/').at(-1);
  const { unit, samples, counts } = measured;
  return JSON.stringify({ scenario, unit, ...summarise(samples), ...counts });
}
