import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { Backoff } from '../time/backoff.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { type Link, parseLinks } from './link.ts';
import { pipesAlone } from './pipes-alone.ts';

/** What a link watch tells. */
export interface LinkWatchOptions {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** All links, at the start and whenever anything about them changed. */
  readonly onPicture: (links: readonly Link[]) => void;
  /** The watch goes on by itself: what was told last stays in force until the next picture. */
  readonly onError: (error: LinkWatchError) => void;
}

/** A running watch. */
export interface LinkWatch {
  /** Idempotent; nothing is told afterwards. */
  stop(): void;
}

/** `ip` failed, or wrote what can't be read. */
export class LinkWatchError extends Error {
  override readonly name = 'LinkWatchError';
}

/**
 * One change of a link is several events; they come within this time. Together with the run of `ip` it stays far
 * below the 50 ms in which a cut cable must be known.
 */
const COALESCE_MS = 5;
/** `ip monitor` does not say when it has begun to listen: what it may have missed is in a second picture. */
const SETTLE_MS = 250;
const BACKOFF = { initialMs: 100, maximumMs: 5_000 };
const MAX_OUTPUT_BYTES = 64 * 1_024 * 1_024;
/**
 * The shell outlives its parent only until the pipe that is its input closes, so that no `ip monitor` stays behind when
 * this process is killed. It gives up its own output, so that the output ends when `ip monitor` does.
 */
const MONITOR = 'ip -o monitor link address & exec >&-; read -r _; kill $! 2>/dev/null';

/** Watches interfaces and their addresses through netlink events. Needs no privilege. */
export function watchLinks(options: LinkWatchOptions): LinkWatch {
  const watch = new IpMonitor(options);
  watch.start();
  return watch;
}

class IpMonitor implements LinkWatch {
  readonly #options: LinkWatchOptions;
  readonly #backoff: Backoff;
  #monitor: ChildProcess | undefined;
  #timers = new Set<Timer>();
  #picture: 'idle' | 'due' | 'running' | 'running-outdated' = 'idle';
  #lastPicture = '';
  #stopped = false;

  constructor(options: LinkWatchOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.random, BACKOFF);
  }

  start(): void {
    const monitor = spawn('sh', ['-c', MONITOR], { stdio: pipesAlone() });
    this.#monitor = monitor;
    monitor.on('error', (error) => this.#fail('ip monitor does not start', error));
    // The shell may be gone when its input is closed.
    monitor.stdin.on('error', () => undefined);
    monitor.stdout.on('data', () => this.#changed());
    monitor.stdout.on('close', () => monitor.stdin.end());
    monitor.stderr.on('data', (text) => this.#fail(`ip monitor: ${String(text).trim()}`));
    monitor.once('close', () => this.#restart());
    this.#takePicture();
    this.#after(SETTLE_MS, () => this.#changed());
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    this.#monitor?.stdin?.end();
  }

  #restart(): void {
    if (this.#stopped) return;
    this.#fail('ip monitor ended');
    this.#after(this.#backoff.nextDelayMs(), () => this.start());
  }

  #changed(): void {
    if (this.#stopped) return;
    if (this.#picture === 'idle') {
      this.#picture = 'due';
      this.#after(COALESCE_MS, () => this.#takePicture());
    } else if (this.#picture === 'running') {
      this.#picture = 'running-outdated';
    }
  }

  #takePicture(): void {
    if (this.#picture === 'running' || this.#picture === 'running-outdated') {
      this.#picture = 'running-outdated';
      return;
    }
    this.#picture = 'running';
    const limits = { maxBuffer: MAX_OUTPUT_BYTES };
    execFile('ip', ['-j', '-d', 'address'], limits, (error, output) => {
      if (this.#stopped) return;
      const outdated = this.#picture === 'running-outdated';
      this.#picture = 'idle';
      if (error === null) this.#tell(output);
      else this.#pictureFailed(error);
      if (outdated) this.#changed();
    });
  }

  #tell(output: string): void {
    const links = this.#read(output);
    if (links === undefined) return;
    this.#backoff.reset();
    const picture = JSON.stringify(links);
    if (picture === this.#lastPicture) return;
    this.#lastPicture = picture;
    this.#options.onPicture(links);
  }

  #read(output: string): Link[] | undefined {
    try {
      return parseLinks(output);
    } catch (error) {
      this.#pictureFailed(error);
      return undefined;
    }
  }

  #pictureFailed(error: unknown): void {
    this.#fail("can't read the interfaces", error);
    this.#after(this.#backoff.nextDelayMs(), () => this.#changed());
  }

  #fail(message: string, cause?: unknown): void {
    if (!this.#stopped) this.#options.onError(new LinkWatchError(message, { cause }));
  }

  #after(delayMs: number, run: () => void): void {
    const timer = this.#options.clock.after(delayMs, () => {
      this.#timers.delete(timer);
      run();
    });
    this.#timers.add(timer);
  }
}
