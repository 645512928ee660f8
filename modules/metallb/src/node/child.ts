import { type ChildProcess, fork } from 'node:child_process';
import { isExiting } from './exiting.ts';
import { Spare } from './spare.ts';

/** As the other programs use them: warn for what mends itself, error for what a human must act on. */
export type LogLevel = 'info' | 'warn' | 'error';

/** What happens to a child. */
export interface ChildOptions {
  readonly name: string;
  /** Its program. */
  readonly path: string;
  readonly argv: readonly string[];
  /** It waits to be told to start, so that a spare one can be kept at hand. */
  readonly hasSpare: boolean;
  /** How long it may take until its first pulse: loading its program is the most of it. */
  readonly firstPulseMs: number;
  /** How long it may be silent afterwards. */
  readonly pulseMs: number;
  readonly log: (level: LogLevel, message: string, facts: object) => void;
  /** The child refused its settings with this sentence and waits to be stopped, at the first start. */
  readonly onRefused: (sentence: string) => void;
  /** The child says whether it has work for bfdd. */
  readonly onWantsBfdd: (wanted: boolean) => void;
}

const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 5_000;
/** A child that lived this long was well: its next restart is immediate again. */
const HEALTHY_MS = 1_000;

/** One child process that is restarted whenever it ends: at once the first time, then with growing delays. */
export class Child {
  readonly #options: ChildOptions;
  readonly #spare: Spare | undefined;
  #process: ChildProcess | undefined;
  #startedAt = 0;
  #delayMs = 0;
  #restarts = 0;
  #ready = false;
  #wasReady = false;
  #leaving = false;
  #stopping = false;
  /** When the next pulse is late. */
  #pulseDue = 0;
  /** It has been killed for its silence. */
  #hangs = false;
  /** The last sign that it ran. */
  #lastAliveAt = 0;
  /** What it would need if it were restarted now. */
  readonly #memory = new Map<string, unknown>();

  constructor(options: ChildOptions) {
    this.#options = options;
    this.#spare = options.hasSpare ? new Spare(options.path, options.argv) : undefined;
  }

  start(): void {
    const { path, argv, name, log } = this.#options;
    const child = this.#spare?.take() ?? fork(path, argv);
    this.#process = child;
    this.#startedAt = performance.now();
    this.#ready = false;
    this.#hangs = false;
    this.#pulseDue = this.#startedAt + this.#options.firstPulseMs;
    child.on('message', (message) => this.#receive(message));
    child.on('error', (error) => this.#failed(child, error));
    child.once('exit', (code, signal) => this.#exited(child, code, signal));
    // A child that is already gone again is started anew, and told anew.
    if (this.#spare !== undefined) child.send(this.#startMessage(), () => undefined);
    this.#sayLeaving();
    log('info', 'child started', { child: name, pid: child.pid, restarts: this.#restarts });
  }

  /** With what the one before wanted to be remembered, and how long ago that one was alive. */
  #startMessage() {
    if (this.#memory.size === 0) return { kind: 'start' };
    const ageMs = performance.now() - this.#lastAliveAt;
    return { kind: 'start', resume: { state: Object.fromEntries(this.#memory), ageMs } };
  }

  /** Tells it, and whoever takes its place, that it will be stopped. */
  leave(): void {
    this.#leaving = true;
    this.#sayLeaving();
  }

  #sayLeaving(): void {
    if (this.#leaving) this.#process?.send({ kind: 'leave' }, () => undefined);
  }

  /** Asks the child to stop; kills it after `graceMs`. Resolves when it is gone. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    this.#spare?.stop();
    const child = this.#process;
    if (child === undefined) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await gone;
    clearTimeout(timer);
  }

  /** Kills a child whose event loop stands still, and starts one anew that runs no more. */
  checkPulse(): void {
    const { pid } = this.#process ?? {};
    // Its successor need not wait until the kernel has taken back all captures: with a hundred, that takes seconds.
    if (this.#process !== undefined && pid !== undefined && isExiting(pid)) {
      return this.#gone(this.#process);
    }
    if (this.#hangs || !this.#pulseIsLate()) return;
    const child = this.#process;
    // The pulse may wait unread because this process itself was late: read first (two turns), then judge.
    setImmediate(() =>
      setImmediate(() => {
        if (child !== this.#process || this.#hangs || !this.#pulseIsLate()) return;
        this.#hangs = true;
        this.#options.log('warn', 'child hangs, killing it', { child: this.#options.name });
        child?.kill('SIGKILL');
      }),
    );
  }

  /** Forgives the silence of a time in which this process stood still too. */
  forgivePulse(): void {
    this.#expectPulse();
  }

  /** @returns what /healthz and /readyz show */
  status() {
    return {
      alive: this.#process !== undefined && !this.#pulseIsLate(),
      ready: this.#ready,
      pid: this.#process?.pid,
      restarts: this.#restarts,
    };
  }

  #pulseIsLate(): boolean {
    return this.#process !== undefined && performance.now() > this.#pulseDue;
  }

  /** Never sooner than it was expected before: the first pulse has more time. */
  #expectPulse(): void {
    this.#pulseDue = Math.max(this.#pulseDue, performance.now() + this.#options.pulseMs);
  }

  #receive(message: unknown): void {
    if (typeof message !== 'object' || message === null || !('kind' in message)) return;
    this.#lastAliveAt = performance.now();
    if (message.kind === 'ready') {
      this.#ready = true;
      this.#wasReady = true;
    }
    if (message.kind === 'refused' && 'sentence' in message) this.#refused(message.sentence);
    if (message.kind === 'pulse') this.#pulseDue = this.#lastAliveAt + this.#options.pulseMs;
    if (message.kind === 'wants-bfdd' && 'wanted' in message) {
      this.#options.onWantsBfdd(message.wanted === true);
    }
    if (message.kind === 'remember' && 'entries' in message) {
      if ('anew' in message && message.anew === true) this.#memory.clear();
      this.#remember(message.entries);
    }
  }

  /** What was right once may be right again, and the other child works on: restarting is less than stopping all. */
  #refused(sentence: unknown): void {
    const { name, log, onRefused } = this.#options;
    if (!this.#wasReady) return onRefused(String(sentence));
    log('error', 'child refuses its settings, starting it again', { child: name, sentence });
    this.#process?.kill('SIGKILL');
  }

  #remember(entries: unknown): void {
    for (const [key, value] of Object.entries(entries ?? {})) {
      if (value === null) this.#memory.delete(key);
      else this.#memory.set(key, value);
    }
  }

  #exited(child: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    const { name, log } = this.#options;
    const level = this.#stopping ? 'info' : 'warn';
    log(level, 'child ended', { child: name, pid: child.pid, code, signal });
    this.#gone(child);
  }

  /** It does nothing any more, whether it has exited or not. */
  #gone(child: ChildProcess): void {
    if (child !== this.#process) return;
    this.#process = undefined;
    this.#ready = false;
    if (!this.#stopping) this.#restart();
  }

  /** @param error of starting the process, or of reaching it: only after the former it never exits */
  #failed(child: ChildProcess, error: Error): void {
    const { name, log } = this.#options;
    log('error', 'child failed', { child: name, error: error.message });
    if (child.pid === undefined) this.#exited(child, null, null);
  }

  #restart(): void {
    if (performance.now() - this.#startedAt > HEALTHY_MS) this.#delayMs = 0;
    setTimeout(() => {
      if (this.#stopping) return;
      this.#restarts += 1;
      this.start();
    }, this.#delayMs);
    this.#delayMs = Math.min(Math.max(this.#delayMs * 2, FIRST_DELAY_MS), MAX_DELAY_MS);
  }
}
