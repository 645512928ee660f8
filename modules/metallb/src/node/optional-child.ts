import type { Child } from './child.ts';

/** What is asked of a child. */
type Startable = Pick<Child, 'start' | 'stop' | 'forgivePulse' | 'checkPulse' | 'status'>;

/** A child that runs only while there is work for it. */
export class OptionalChild {
  readonly #create: () => Startable;
  readonly #graceMs: number;
  #wanted = false;
  #child: Startable | undefined;
  /** One that is being ended: its successor would be in its way. */
  #ending: Promise<void> | undefined;

  constructor(create: () => Startable, graceMs: number) {
    this.#create = create;
    this.#graceMs = graceMs;
  }

  /** Idempotent: whoever wants it says so again when it has itself been restarted. */
  setWanted(wanted: boolean): void {
    this.#wanted = wanted;
    this.#settle();
  }

  /** Resolves when it is gone. */
  async stop(): Promise<void> {
    this.setWanted(false);
    await this.#ending;
  }

  forgivePulse(): void {
    this.#child?.forgivePulse();
  }

  checkPulse(): void {
    this.#child?.checkPulse();
  }

  /** @returns undefined while it is not wanted */
  status(): ReturnType<Child['status']> | undefined {
    return this.#child?.status();
  }

  #settle(): void {
    if (this.#ending !== undefined) return;
    const child = this.#child;
    if (this.#wanted && child === undefined) {
      this.#child = this.#create();
      this.#child.start();
    }
    if (this.#wanted || child === undefined) return;
    this.#child = undefined;
    this.#ending = child.stop(this.#graceMs).then(() => {
      this.#ending = undefined;
      this.#settle();
    });
  }
}
