import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../exec.ts';
import { Program, type ProgramOptions } from '../program.ts';
import type { RouterPlace } from './router.ts';

export interface DaemonOptions extends Pick<ProgramOptions, 'name' | 'command'> {
  /** The name of the file that its command names, in the place's directory. */
  readonly file: string;
  /** Whether it answers what it is asked. */
  readonly isReady: () => Promise<boolean>;
}

const READY_MS = 10_000;

/** A program of another project, which does what its file says. */
export class Daemon {
  readonly #directory: string;
  readonly #options: DaemonOptions;
  readonly #program: Program;

  constructor({ directory, namespace }: RouterPlace, options: DaemonOptions) {
    this.#directory = directory;
    this.#options = options;
    const { name, command } = options;
    this.#program = new Program({
      ...{ name, command, namespace, logFile: join(directory, `${name}.log`) },
      // Times in its log are read.
      environment: { TZ: 'UTC' },
    });
  }

  /** @returns once it is ready */
  async start(configuration: string): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    await this.configure(configuration);
    this.#program.start();
    const { name, isReady } = this.#options;
    await until({ what: `${name} to answer`, deadlineMs: READY_MS, everyMs: 50 }, isReady);
  }

  /** What its file says from now on: it may have to be told to read it. */
  configure(configuration: string): Promise<void> {
    return writeFile(join(this.#directory, this.#options.file), configuration);
  }

  stop(): Promise<void> {
    return this.#program.stop();
  }

  /** As after a power cut. */
  kill(): Promise<void> {
    return this.#program.killTree();
  }

  /** The program and all its descendants. */
  pids(): number[] {
    return this.#program.pids();
  }

  /** The last lines of its log. */
  lastLines(count: number): string[] {
    return this.#program.lastLogLines(count);
  }
}
