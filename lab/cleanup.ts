type Undo = () => Promise<void> | void;

/** Steps that undo what was set up, run in reverse order, each at most once, also on signals and crashes. */
export class CleanUp {
  readonly #steps: Undo[] = [];
  #running: Promise<void> | undefined;

  push(undo: Undo): void {
    this.#steps.push(undo);
  }

  /** Idempotent. A failing step does not keep the others from running. */
  run(): Promise<void> {
    this.#running ??= this.#runAll();
    return this.#running;
  }

  async #runAll(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        process.stderr.write(`lab clean-up: ${String(error)}\n`);
      }
    }
  }
}

const EXIT_CODE_BY_SIGNAL = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
/** As a shell shows the end by SIGPIPE. */
const EXIT_CODE_WITHOUT_READER = 141;
const open = new Set<CleanUp>();

let ending = false;

/** A signal or a crash is about to end this process: nothing new is worth beginning. */
export function isEnding(): boolean {
  return ending;
}

/** From now on, a signal or an uncaught error runs `cleanUp` before this process ends. */
export function runBeforeExit(cleanUp: CleanUp): void {
  if (ending) throw new Error('this process is about to end');
  if (open.size === 0) listen();
  open.add(cleanUp);
  cleanUp.push(() => {
    open.delete(cleanUp);
  });
}

let listening = false;

function listen(): void {
  if (listening) return;
  listening = true;
  for (const [signal, code] of Object.entries(EXIT_CODE_BY_SIGNAL)) {
    // A second one, as from a terminal to a whole group, must not cut the clean-up short.
    process.on(signal, () => void endAfterCleanUp(code));
  }
  // Whoever read the output is gone; an error that is told there would only make the next one.
  for (const output of [process.stdout, process.stderr]) {
    output.on('error', () => void endAfterCleanUp(EXIT_CODE_WITHOUT_READER));
  }
  process.on('uncaughtException', (error) => {
    process.stderr.write(`${error.stack}\n`);
    void endAfterCleanUp(1);
  });
  process.on('unhandledRejection', (reason) => {
    process.stderr.write(`${String(reason)}\n`);
    void endAfterCleanUp(1);
  });
}

/** The last one first: programs end before their folders and namespaces go. */
async function endAfterCleanUp(code: number): Promise<void> {
  ending = true;
  for (const cleanUp of [...open].reverse()) await cleanUp.run();
  process.exit(code);
}
