import { isEnding } from './cleanup.ts';
import { type Lab, type StoreKind, startLab } from './lab.ts';
import { withTimedRun, withUntimedRun } from './lock.ts';
import { listNamespaces } from './namespaces.ts';
import type { Measurement, Scenario } from './scenario.ts';
import { heal } from './standard.ts';
import { summarise } from './statistic.ts';

const DEFAULT_DEADLINE_MS = 60_000;
const LOG_LINES_SHOWN = 15;
/**
 * A host that takes the processor away for a third of a second looks like a dead node, to the programs too. So a
 * scenario that fails is played once more, on a fresh lab, and said to have needed that; a run that needs it more often
 * than this has a fault.
 */
const SECOND_TRIES = 4;

export interface RunCounts {
  readonly passed: number;
  readonly failed: number;
}

/**
 * Plays scenarios, those that need the same lab one after the other in one; tells each on one line. What is timed comes
 * last: until then another run may go on beside this one.
 */
export class ScenarioRunner {
  readonly #write: (line: string) => void;
  #lab: { readonly lab: Lab; readonly key: string } | undefined;
  #passed = 0;
  #failed = 0;
  readonly #store: StoreKind;
  readonly #playedTwice: string[] = [];

  /** @param store where the cluster state of all labs is */
  constructor(write: (line: string) => void, store: StoreKind) {
    this.#write = write;
    this.#store = store;
  }

  async playAll(scenarios: readonly Scenario[], repeat: number): Promise<RunCounts> {
    const inOrder = [...scenarios].sort((a, b) => orderKey(a).localeCompare(orderKey(b)));
    for (const one of inOrder) {
      for (let round = 0; round < repeat && !isEnding(); round += 1) await this.#playAndTell(one);
    }
    await this.#endLab();
    if (this.#playedTwice.length > 0) this.#write(`played twice: ${this.#playedTwice.join(', ')}`);
    return { passed: this.#passed, failed: this.#failed };
  }

  async #playAndTell(one: Scenario): Promise<void> {
    const withMachine = one.options.timed ? withTimedRun : withUntimedRun;
    const succeeds = () => withMachine(() => this.#succeeds(one));
    if (await succeeds()) {
      this.#passed += 1;
    } else if (this.#playedTwice.length < SECOND_TRIES && !isEnding()) {
      this.#playedTwice.push(one.name);
      this.#write(`once more, on a fresh lab: ${one.name}`);
      if (await succeeds()) this.#passed += 1;
      else this.#failed += 1;
    } else {
      this.#failed += 1;
    }
  }

  async #succeeds(one: Scenario): Promise<boolean> {
    const startedAt = performance.now();
    const seconds = () => ((performance.now() - startedAt) / 1000).toFixed(1);
    try {
      const measured = await this.#play(one);
      this.#write(`ok   ${one.name}  ${seconds()} s`);
      if (measured !== undefined) this.#write(measurementLine(one.name, measured));
      return true;
    } catch (error) {
      this.#write(`FAIL ${one.name}  ${seconds()} s`);
      this.#write(describe(error));
      this.#showLogs();
      await this.#endLab(); // the next scenario deserves a lab that nobody has left broken
      return false;
    }
  }

  async #play(one: Scenario): Promise<Measurement | undefined> {
    const lab = await this.#labFor(one);
    const deadlineMs = one.options.deadlineMs ?? DEFAULT_DEADLINE_MS;
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not done after ${deadlineMs} ms`)), deadlineMs);
    });
    try {
      return await Promise.race([healAndPlay(lab, one), tooLong]);
    } finally {
      clearTimeout(timer);
      lab.endScenario();
    }
  }

  async #labFor(one: Scenario): Promise<Lab> {
    const key = labKey(one);
    if (this.#lab?.key !== key) {
      await this.#endLab();
      this.#lab = { key, lab: await startLab({ ...one.options.lab, store: this.#store }) };
    }
    return this.#lab.lab;
  }

  #showLogs(): void {
    for (const program of this.#lab?.lab.programs() ?? []) {
      this.#write(`--- last lines of ${program.name}`);
      for (const line of program.lastLogLines(LOG_LINES_SHOWN)) this.#write(`    ${line}`);
    }
  }

  /** @throws when something of the lab stays behind */
  async #endLab(): Promise<void> {
    const lab = this.#lab?.lab;
    this.#lab = undefined;
    if (lab === undefined) return;
    await lab.stop();
    const left = await listNamespaces(lab.name);
    if (left.length > 0) throw new Error(`the lab left namespaces behind: ${left.join(' ')}`);
  }
}

/** With the two values that a failed assertion compared. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const details = 'details' in error && typeof error.details === 'string' ? error.details : '';
  return `${error.stack}\n${details}`.trimEnd();
}

async function healAndPlay(lab: Lab, one: Scenario): Promise<Measurement | undefined> {
  if (one.options.programs !== false) await heal(lab);
  return one.play(lab);
}

function orderKey(one: Scenario): string {
  return `${one.options.timed ? 'timed' : 'any'} ${labKey(one)}`;
}

function labKey(one: Scenario): string {
  return JSON.stringify([one.options.programs ?? true, one.options.lab ?? {}]);
}

/** A measurement as one JSON line. @param name without its topic: `cable-out` for `failover/cable-out` */
function measurementLine(name: string, measured: Measurement): string {
  const scenario = name.split('/').at(-1);
  const { unit, samples, counts } = measured;
  return JSON.stringify({ scenario, unit, ...summarise(samples), ...counts });
}
