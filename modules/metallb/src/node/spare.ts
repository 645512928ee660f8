import { type ChildProcess, fork } from 'node:child_process';

/** Not while the process that has just started needs the processor for itself. */
const PREPARE_AFTER_MS = 1_000;

/**
 * A process that has loaded its program and waits to be told to start. Loading takes longer than an IP may stay
 * unanswered, so it is done before anything fails.
 */
export class Spare {
  readonly #path: string;
  readonly #argv: readonly string[];
  #process: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(path: string, argv: readonly string[]) {
    this.#path = path;
    this.#argv = argv;
  }

  /** The waiting process, if there is one; the next is prepared soon. */
  take(): ChildProcess | undefined {
    const taken = this.#process;
    this.#process = undefined;
    taken?.removeAllListeners();
    this.#prepareLater();
    return taken;
  }

  /** For ever. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#process?.kill('SIGKILL');
  }

  #prepareLater(): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    this.#timer = setTimeout(() => this.#prepare(), PREPARE_AFTER_MS);
  }

  #prepare(): void {
    const spare = fork(this.#path, [...this.#argv]);
    const gone = () => {
      if (this.#process !== spare) return;
      this.#process = undefined;
      this.#prepareLater();
    };
    spare.once('exit', gone);
    spare.once('error', gone);
    this.#process = spare;
  }
}
