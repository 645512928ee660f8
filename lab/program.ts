import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { standBack } from './bystander.ts';
import { CleanUp, runBeforeExit } from './cleanup.ts';
import { commandLineOf, descendantsOf, isAlive, signal } from './processes.ts';

export interface ProgramOptions {
  readonly name: string;
  readonly command: readonly string[];
  readonly namespace?: string;
  readonly logFile: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Runs on another machine than the nodes in a cluster. */
  readonly isElsewhere?: boolean;
}

/** A long-lived program of the lab, its log in a file. It does not outlive this process, however that ends. */
export class Program {
  readonly name: string;
  readonly #options: ProgramOptions;
  #child: ChildProcess | undefined;
  #cleanUp: CleanUp | undefined;

  constructor(options: ProgramOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error(`${this.name} does not run`);
    return this.#child.pid;
  }

  get running(): boolean {
    return (
      this.#child?.pid !== undefined && this.#child.exitCode === null && isAlive(this.#child.pid)
    );
  }

  /** What it has ended with, 128 and its number for a signal; undefined while it runs, and before its start. */
  get exitCode(): number | undefined {
    const { exitCode = null, signalCode = null } = this.#child ?? {};
    if (signalCode !== null) return 128 + constants.signals[signalCode];
    return exitCode ?? undefined;
  }

  /** Idempotent. */
  start(): void {
    if (this.running) return;
    this.#endWithThisProcess();
    const { namespace, command, logFile } = this.#options;
    const inNamespace = namespace === undefined ? [] : ['ip', 'netns', 'exec', namespace];
    const [program = '', ...args] = [...inNamespace, ...command];
    const log = openSync(logFile, 'a');
    this.#child = spawn(program, args, {
      stdio: ['ignore', log, log],
      env: { ...programEnvironment(), ...this.#options.environment },
      detached: true, // Ctrl-C must not end it before the clean-up does
    });
    closeSync(log);
    if (this.#options.isElsewhere) standBack(this.#child);
  }

  /** The program itself or, by a part of its command line, one of its descendants. */
  pidOf(part: string): number {
    const found = [this.pid, ...descendantsOf(this.pid)].find((pid) =>
      commandLineOf(pid).includes(part),
    );
    if (found === undefined) throw new Error(`${this.name} runs no ${part}`);
    return found;
  }

  /** The program and all its descendants. */
  pids(): number[] {
    return [this.pid, ...descendantsOf(this.pid)];
  }

  /** Asks it to end, waits until it has. */
  async stop(deadlineMs = 35_000): Promise<void> {
    if (!this.running) return;
    signal(this.pid, 'SIGTERM');
    await this.#ended(deadlineMs);
  }

  /** SIGKILL for the program and its descendants, as a power cut would. */
  async killTree(): Promise<void> {
    if (!this.running) return;
    const pids = this.pids();
    for (const pid of pids) signal(pid, 'SIGSTOP'); // so that no parent restarts a child in between
    for (const pid of pids) signal(pid, 'SIGKILL');
    await this.#ended(5_000);
  }

  #endWithThisProcess(): void {
    if (this.#cleanUp !== undefined) return;
    this.#cleanUp = new CleanUp();
    this.#cleanUp.push(() => this.killTree());
    runBeforeExit(this.#cleanUp);
  }

  async #ended(deadlineMs: number): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    await once(child, 'exit', { signal: AbortSignal.timeout(deadlineMs) }).catch(
      (cause: unknown) => {
        for (const pid of this.pids()) signal(pid, 'SIGKILL');
        throw new Error(`${this.name} did not end within ${deadlineMs} ms`, { cause });
      },
    );
  }

  lastLogLines(count: number): string[] {
    if (!existsSync(this.#options.logFile)) return []; // never started
    return readFileSync(this.#options.logFile, 'utf8').trimEnd().split('\n').slice(-count);
  }
}

/** Without NODE_EXTRA_CA_CERTS, which costs every start of Node 40 ms. */
function programEnvironment(): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _, NODE_CHANNEL_FD: __, ...environment } = process.env;
  return environment;
}
