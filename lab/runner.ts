import { isEnding } from './cleanup.ts';
import type { StoreKind } from './lab.ts';
import { Lane } from './lane.ts';
import { Machine } from './machine.ts';
import { untilMeasuringIsLeft } from './measuring-last.ts';
import type { Scenario, ScenarioOptions } from './scenario.ts';
import { ScenarioQueue } from './scenario-queue.ts';

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
 * Plays scenarios, in several labs side by side: most of the time they wait. What is timed comes last, also in the runs
 * beside this one. What is timed from its beginning to its end has the only lab.
 */
export class ScenarioRunner {
  readonly #write: (text: string) => void;
  readonly #store: StoreKind;
  readonly #playedTwice: string[] = [];
  #passed = 0;
  #failed = 0;

  /** @param store where the cluster state of all labs is */
  constructor(write: (text: string) => void, store: StoreKind) {
    this.#write = write;
    this.#store = store;
  }

  async playAll(
    scenarios: readonly Scenario[],
    { lanes, repeat }: { readonly lanes: number; readonly repeat: number },
  ): Promise<RunCounts> {
    const rounds = scenarios.flatMap((one) => Array.from({ length: repeat }, () => one));
    const those = (timed: ScenarioOptions['timed']) =>
      rounds.filter(({ options }) => (options.timed ?? false) === timed);
    const first = this.#newLane();
    const others = Array.from({ length: lanes - 1 }, () => this.#newLane());
    await this.#playIn([first, ...others], those(false));
    await untilMeasuringIsLeft();
    await this.#playIn([first, ...others], those('in-part'));
    for (const lane of others) await lane.end();
    await this.#playIn([first], those(true));
    await first.end();
    if (this.#playedTwice.length > 0) this.#write(`played twice: ${this.#playedTwice.join(', ')}`);
    return { passed: this.#passed, failed: this.#failed };
  }

  #newLane(): Lane {
    return new Lane(this.#write, this.#store);
  }

  async #playIn(lanes: readonly Lane[], scenarios: readonly Scenario[]): Promise<void> {
    const queue = new ScenarioQueue(scenarios);
    await Promise.all(lanes.map((lane) => this.#playFrom(queue, lane)));
  }

  async #playFrom(queue: ScenarioQueue, lane: Lane): Promise<void> {
    for (let one = queue.next(lane.labKey); one !== undefined; one = queue.next(lane.labKey)) {
      if (isEnding()) return;
      await this.#playAndCount(lane, one);
    }
  }

  async #playAndCount(lane: Lane, one: Scenario): Promise<void> {
    const passes = () => Machine.share((machine) => lane.play(one, machine));
    if (await passes()) {
      this.#passed += 1;
    } else if (this.#playedTwice.length < SECOND_TRIES && !isEnding()) {
      this.#playedTwice.push(one.name);
      this.#write(`once more, on a fresh lab: ${one.name}`);
      if (await passes()) this.#passed += 1;
      else this.#failed += 1;
    } else {
      this.#failed += 1;
    }
  }
}
