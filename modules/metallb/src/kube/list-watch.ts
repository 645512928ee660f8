import { type KubernetesObject, keyOf } from '../api/object.ts';
import { NotFoundError } from '../store/errors.ts';
import { KINDS } from '../store/kinds.ts';
import type { WatchEvent, WatchOptions } from '../store/store.ts';
import { Backoff } from '../time/backoff.ts';
import type { Clock } from '../time/clock.ts';
import { sleep } from '../time/sleep.ts';
import type { ConnectedClient } from './api-client.ts';
import { ExpiredError, UndefinedKindError } from './errors.ts';
import { collectionPath } from './kinds.ts';
import { listObjects, selectorOf } from './list-objects.ts';
import { parseWatchLine, readLines, UnreadableWatchError, type WatchLine } from './watch-stream.ts';

export interface ListWatchPorts {
  readonly client: Pick<ConnectedClient, 'request' | 'stream'>;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly onEvent: (event: WatchEvent) => void;
  /** The API server sent what can't be understood; all is listed again. */
  readonly onUnreadable: (error: UnreadableWatchError) => void;
  /** The kind is not defined, and counts as one without objects until it is. */
  readonly onUndefined: () => void;
}

/** How long a watch may last: not the same for all, so that nodes don't come back in step. */
const WATCH_SECONDS = { shortest: 300, longest: 600 };
const LINE_LENGTH = 16 * 1024 * 1024;
/** The API server sends a bookmark about once a minute when nothing else happens. */
const SILENCE_MS = 90_000;
/** But none at all of a kind that has not changed since its start: then only the end of the watch is due. */
const LATE_MS = 30_000;
/** A host that is gone is noticed by the kernel: libuv probes every second then, ten times. */
const KEEP_ALIVE_MS = 15_000;
/** A watch that ends earlier is no better than one that fails: it must not be tried again at once for ever. */
const HEALTHY_MS = 1_000;
const RETRY = { initialMs: 250, maximumMs: 10_000 };
/** Somebody has to install the definition first. */
const UNDEFINED_RETRY = { initialMs: 1_000, maximumMs: 60_000 };
/** A definition that was there is gone if it is not found for so long: one API server of several may know it later. */
const GONE_MS = 30_000;

/**
 * One watch, kept up for ever: lists, follows changes, goes on from the last version when the stream ends, lists again
 * when that version is forgotten.
 *
 * Invariant: `#known` is the state at `#resourceVersion`, and all of it has been told.
 */
export class ListWatch {
  readonly #ports: ListWatchPorts;
  readonly #options: WatchOptions;
  /** While the API server can't be asked. */
  readonly #unreachable: Backoff;
  /** While it can, but watches don't last. */
  readonly #shortLived: Backoff;
  /** While the kind is not defined. */
  readonly #undefined: Backoff;
  readonly #stopping = new AbortController();
  #round = new AbortController();
  #running: Promise<void> | undefined;
  #known = new Map<string, KubernetesObject>();
  #resourceVersion = '';
  #revision = 0;
  #mustList = true;
  /** Why; told again when it is for another reason. */
  #lostBy: string | undefined;
  /** On the clock, while there is no definition. */
  #undefinedSince: number | undefined;

  constructor(ports: ListWatchPorts, options: WatchOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#unreachable = new Backoff(ports.random, RETRY);
    this.#shortLived = new Backoff(ports.random, RETRY);
    this.#undefined = new Backoff(ports.random, UNDEFINED_RETRY);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Lists again as soon as the API server can be asked; a list under way may have begun too early to count. */
  relist(): void {
    this.#mustList = true;
    this.#round.abort();
  }

  /** Resolves when nothing is told any more and nothing is under way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#round.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#round = new AbortController();
      const { signal } = this.#round;
      const pauseMs = await this.#playRound(signal);
      if (pauseMs > 0 && !signal.aborted) {
        await sleep(this.#ports.clock, pauseMs, this.#stopping.signal);
      }
    }
  }

  /** @returns how long to wait before the next round */
  async #playRound(signal: AbortSignal): Promise<number> {
    try {
      if (this.#mustList) await this.#list();
      const lastedMs = await this.#follow(signal);
      this.#unreachable.reset();
      if (lastedMs < HEALTHY_MS) return this.#shortLived.nextDelayMs();
      this.#shortLived.reset();
      return 0;
    } catch (error) {
      if (this.#isOptional && error instanceof UndefinedKindError) return this.#await(error);
      if (!signal.aborted) this.#fail(error);
      return this.#unreachable.nextDelayMs();
    }
  }

  get #isOptional(): boolean {
    return KINDS[this.#options.kind].isOptional === true;
  }

  /** What was there stays until it is sure that it is gone. @returns how long to wait for the definition */
  #await(error: UndefinedKindError): number {
    const now = this.#ports.clock.now();
    if (this.#undefinedSince === undefined) {
      this.#undefinedSince = now;
      this.#undefined.reset();
      this.#ports.onUndefined();
    }
    if (this.#known.size > 0 && now - this.#undefinedSince < GONE_MS) {
      this.#fail(error);
    } else {
      this.#known.clear();
      this.#tellAll();
    }
    return this.#undefined.nextDelayMs();
  }

  async #list(): Promise<void> {
    this.#mustList = false;
    try {
      const { client } = this.#ports;
      const list = await listObjects(client, this.#options, this.#stopping.signal);
      this.#known = new Map(list.objects.map((object) => [keyOf(object.metadata), object]));
      this.#advance(list.resourceVersion);
      this.#undefinedSince = undefined;
      this.#tellAll();
    } catch (error) {
      this.#mustList = true;
      throw error instanceof NotFoundError ? undefinedKind(this.#options, error) : error;
    }
  }

  /** @returns how long the watch lasted */
  async #follow(signal: AbortSignal): Promise<number> {
    const { client, clock, random } = this.#ports;
    const { shortest, longest } = WATCH_SECONDS;
    const seconds = Math.round(shortest + random() * (longest - shortest));
    const query = {
      ...selectorOf(this.#options),
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: this.#resourceVersion,
      timeoutSeconds: String(seconds),
    };
    const stream = await client.stream({ path: collectionPath(this.#options), query }, signal);
    stream.socket.setKeepAlive(true, KEEP_ALIVE_MS);
    if (this.#lostBy !== undefined) this.#tellAll();
    const openedAt = clock.now();
    const muteMs = seconds * 1_000 + LATE_MS;
    const limits = { silenceMs: SILENCE_MS, muteMs, lineLength: LINE_LENGTH };
    await this.#hear(readLines(stream, clock, limits), signal);
    return clock.now() - openedAt;
  }

  /** A stream that ends, however it does, is no loss yet: the next attempt to open one tells. */
  async #hear(lines: AsyncIterable<string>, signal: AbortSignal): Promise<void> {
    try {
      for await (const line of lines) {
        if (signal.aborted) return;
        this.#apply(parseWatchLine(this.#options.kind, line));
      }
    } catch (error) {
      if (signal.aborted || !(error instanceof UnreadableWatchError)) return;
      this.#mustList = true;
      this.#ports.onUnreadable(error);
    }
  }

  #apply(line: WatchLine): void {
    switch (line.type) {
      case 'changed':
      case 'deleted': {
        const { object } = line;
        const key = keyOf(object.metadata);
        if (line.type === 'changed') this.#known.set(key, object);
        else this.#known.delete(key);
        this.#advance(object.metadata.resourceVersion);
        this.#tell({ type: line.type, object, revision: this.#revision });
        return;
      }
      case 'bookmark':
        this.#advance(line.resourceVersion);
        this.#tell({ type: 'bookmark', revision: this.#revision });
        return;
      case 'error':
        // 410 as a rule: the version is forgotten.
        this.#mustList = true;
    }
  }

  #fail(error: unknown): void {
    const isGone = this.#isOptional && error instanceof NotFoundError;
    if (isGone || error instanceof ExpiredError) {
      this.#mustList = true;
    } else {
      const reason = error instanceof Error ? error : new Error(String(error));
      if (reason.name === this.#lostBy) return;
      this.#lostBy = reason.name;
      this.#tell({ type: 'lost', error: reason });
    }
  }

  #advance(resourceVersion: string): void {
    this.#resourceVersion = resourceVersion;
    this.#revision = Math.max(this.#revision, Number(resourceVersion));
  }

  #tellAll(): void {
    this.#lostBy = undefined;
    this.#tell({ type: 'listed', objects: [...this.#known.values()], revision: this.#revision });
  }

  /** Not from within: what a listener throws is not a failure of the watch. */
  #tell(event: WatchEvent): void {
    queueMicrotask(() => {
      if (!this.#stopping.signal.aborted) this.#ports.onEvent(event);
    });
  }
}

function undefinedKind({ kind }: WatchOptions, cause: Error): UndefinedKindError {
  const message = `the API server knows no ${kind}: is its CustomResourceDefinition installed?`;
  return new UndefinedKindError(`${message} (${cause.message})`, { cause });
}
