import { CHILD_KIND } from '../api/names.ts';
import type { KubernetesObject } from '../api/object.ts';
import { Controller } from '../controller/controller.ts';
import { MemoryStore } from '../store/memory-store.ts';
import type { Kind, NewObject, ObjectRef, Operation } from '../store/store.ts';
import type { Logger } from '../telemetry/logger.ts';
import { VirtualClock } from './virtual-clock.ts';

/** What the simulated controller logs, its conditions say as well. */
const SILENT: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  with: () => SILENT,
};

const ROUND_MS = 1_000;
/** Delayed work of the controller is due within a round; retries come after a conflict, which is a write. */
const QUIET_ROUNDS = 3;
const MAX_ROUNDS = 10_000;

/** Counts what it is asked to write. */
class CountingStore extends MemoryStore {
  writes = 0;

  override async write(operation: Operation): Promise<KubernetesObject | undefined> {
    this.writes += 1;
    return await super.write(operation);
  }
}

/** The controller as it is, on a copy of a cluster and in time of its own: what it does there, it would do. */
export class Simulation {
  readonly #clock: VirtualClock;
  readonly #store: CountingStore;
  readonly #controller: Controller;
  #isStarted = false;

  /**
   * @param objects the cluster as it is; none of them is changed
   * @param options the settings of its controller
   */
  constructor(
    objects: readonly KubernetesObject[],
    nowEpochMs: number,
    options: ConstructorParameters<typeof Controller>[1] = {},
  ) {
    this.#clock = new VirtualClock(nowEpochMs);
    this.#store = new CountingStore(this.#clock);
    this.#store.load(objects.map(withoutForeignOwners));
    const ports = { store: this.#store, clock: this.#clock, log: SILENT };
    this.#controller = new Controller({ ...ports, random: () => 0, tell: () => {} }, options);
  }

  get epochMs(): number {
    return this.#clock.epochMs();
  }

  list(kind: Kind): readonly KubernetesObject[] {
    return this.#store.list(kind);
  }

  get(ref: ObjectRef): KubernetesObject | undefined {
    return this.#store.get(ref);
  }

  /** A user creates the object, or writes all of it, status included. */
  put(object: NewObject): void {
    this.#store.put(object);
  }

  /** A user deletes the object, and with it goes what it owns. */
  remove(ref: ObjectRef): void {
    this.#store.remove(ref);
  }

  /** Lets the controller do all that the state of now leads to. @throws Error when it never comes to rest */
  async settle(): Promise<void> {
    if (!this.#isStarted) {
      this.#isStarted = true;
      await this.#store.start();
      this.#controller.lead();
    }
    let quietRounds = 0;
    for (let round = 0; quietRounds < QUIET_ROUNDS; round += 1) {
      if (round === MAX_ROUNDS) throw new Error('the simulated controller does not come to rest');
      const before = this.#store.writes;
      await nextTurn();
      this.#clock.advance(ROUND_MS);
      await this.#controller.idle();
      await nextTurn();
      const isQuiet = this.#store.writes === before && this.#controller.queueDepth === 0;
      quietRounds = isQuiet ? quietRounds + 1 : 0;
    }
  }

  async stop(): Promise<void> {
    await this.#controller.stop();
    await this.#store.stop();
  }
}

/** Watches tell in turns of the event loop. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Owners that the copy has not got would look as if they were gone. Children are the controller's own concern. */
function withoutForeignOwners(object: KubernetesObject): KubernetesObject {
  if (object.kind === CHILD_KIND || object.metadata.ownerReferences === undefined) return object;
  const { ownerReferences: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
