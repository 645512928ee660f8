import { delay, tryRun } from './exec.ts';

const FORGET_EVERY_MS = 50;

/**
 * Makes a host forget its neighbours again and again, as many clients that come for the first time. Entries that wait
 * for an answer stay: deleting one would drop the packets that wait with it, which is no loss of the network.
 */
export class ForgetfulHost {
  readonly #namespace: string;
  #stopped = false;
  #running: Promise<void> | undefined;

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  start(): void {
    this.#running ??= this.#loop();
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #loop(): Promise<void> {
    const states = ['reachable', 'stale', 'delay', 'probe'].flatMap((state) => ['nud', state]);
    while (!this.#stopped) {
      // It may go on after a scenario that failed, until the lab's namespaces are no more.
      await tryRun(['ip', '-n', this.#namespace, 'neigh', 'flush', 'dev', 'eth0', ...states]);
      await delay(FORGET_EVERY_MS);
    }
  }
}
