import { LRUCache } from 'lru-cache';
import { Backoff } from '../time/backoff.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { TokenBucket } from '../time/token-bucket.ts';
import { NotFoundError, NotLeadingError, StoreUnavailableError } from './errors.ts';
import type { EventSink, EventSubject, Occurrence, RecordedEvent } from './event-sink.ts';

/** Why an Event was not told. */
export type EventDropReason = 'object-rate' | 'queue-full' | 'refused' | 'not-leading' | 'stopped';

export interface EventRecorderPorts {
  readonly sink: EventSink;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly onSent: () => void;
  readonly onDropped: (reason: EventDropReason) => void;
  /** The sink refused an Event; the next one may go. */
  readonly onRefused: (error: unknown) => void;
}

/** What is remembered of one Event, so that the same again is counted and not told anew. */
interface Entry {
  readonly occurrence: Occurrence;
  readonly firstEpochMs: number;
  lastEpochMs: number;
  count: number;
  /** Under which it was created; undefined until then. */
  name: string | undefined;
}

/** As client-go: a controller that goes round in circles tells 25 times, then once in five minutes. */
const PER_OBJECT = { ratePerSecond: 1 / 300, burst: 25 };
/** The API server has better things to do; a burst covers what one failure moves. */
const OVERALL = { ratePerSecond: 20, burst: 200 };
const MAX_REMEMBERED = 4_096;
const MAX_WAITING = 2_048;
const MAX_MESSAGE_BYTES = 1_024;
const RETRY = { initialMs: 1_000, maximumMs: 60_000 };

/**
 * Tells Events without ever holding up the work that they are about: `record` only takes a note. The same again is
 * counted; what is too much for one object, for the API server or for memory is dropped, and that is counted, too.
 *
 * Invariant: an entry waits at most once, and every waiting one is sent with its latest count.
 */
export class EventRecorder {
  readonly #ports: EventRecorderPorts;
  readonly #entries = new LRUCache<string, Entry>({ max: MAX_REMEMBERED });
  readonly #buckets = new LRUCache<string, TokenBucket>({ max: MAX_REMEMBERED });
  readonly #overall: TokenBucket;
  readonly #waiting = new Set<Entry>();
  readonly #backoff: Backoff;
  #sending: Promise<void> | undefined;
  #pause: Timer | undefined;
  #stopped = false;

  constructor(ports: EventRecorderPorts) {
    this.#ports = ports;
    this.#overall = new TokenBucket({ ...OVERALL, now: ports.clock.now() });
    this.#backoff = new Backoff(ports.random, RETRY);
  }

  /** Never throws. */
  record(occurrence: Occurrence): void {
    const entry = this.#note({ ...occurrence, message: shortened(occurrence.message) });
    if (this.#stopped) return this.#ports.onDropped('stopped');
    if (this.#waiting.has(entry)) return;
    if (!this.#bucketOf(occurrence.subject).tryTake(this.#ports.clock.now())) {
      return this.#ports.onDropped('object-rate');
    }
    if (this.#waiting.size >= MAX_WAITING) return this.#ports.onDropped('queue-full');
    this.#waiting.add(entry);
    this.#wake();
  }

  /** Resolves once nothing is under way; what waits is dropped. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#pause?.cancel();
    for (const _ of this.#waiting) this.#ports.onDropped('stopped');
    this.#waiting.clear();
    await this.#sending;
  }

  #note(occurrence: Occurrence): Entry {
    const { clock } = this.#ports;
    const { subject, type, reason, message } = occurrence;
    const key = [idOf(subject), type, reason, message].join('\n');
    const known = this.#entries.get(key);
    const lastEpochMs = clock.epochMs();
    if (known !== undefined) {
      known.count += 1;
      known.lastEpochMs = lastEpochMs;
      return known;
    }
    const entry: Entry = {
      ...{ occurrence, firstEpochMs: lastEpochMs, lastEpochMs, count: 1, name: undefined },
    };
    this.#entries.set(key, entry);
    return entry;
  }

  #bucketOf(subject: EventSubject): TokenBucket {
    const id = idOf(subject);
    const known = this.#buckets.get(id);
    if (known !== undefined) return known;
    const bucket = new TokenBucket({ ...PER_OBJECT, now: this.#ports.clock.now() });
    this.#buckets.set(id, bucket);
    return bucket;
  }

  #wake(): void {
    if (this.#sending !== undefined || this.#pause !== undefined) return;
    this.#sending = this.#sendAll();
  }

  /** One at a time, until nothing waits or it is time to pause. Never rejects. */
  async #sendAll(): Promise<void> {
    // `record` returns before anything is sent, so that what happens together is counted together.
    await Promise.resolve();
    const pauseMs = await this.#sendUntilPause();
    this.#sending = undefined;
    if (pauseMs !== undefined && !this.#stopped) this.#pauseFor(pauseMs);
  }

  /** @returns how long to wait before the next one may go; undefined when none waits */
  async #sendUntilPause(): Promise<number | undefined> {
    const { clock } = this.#ports;
    for (const entry of this.#waiting) {
      if (!this.#overall.tryTake(clock.now())) return this.#overall.waitMs(clock.now());
      this.#waiting.delete(entry);
      const delayMs = await this.#send(entry);
      if (delayMs === undefined || this.#stopped) continue;
      this.#waiting.add(entry);
      return delayMs;
    }
    return undefined;
  }

  #pauseFor(delayMs: number): void {
    this.#pause = this.#ports.clock.after(delayMs, () => {
      this.#pause = undefined;
      this.#wake();
    });
  }

  /** @returns how long to wait before it is tried again; undefined where that is settled */
  async #send(entry: Entry): Promise<number | undefined> {
    try {
      await this.#tell(entry);
      this.#backoff.reset();
      this.#ports.onSent();
    } catch (error) {
      // Also where it is not allowed: roles are often granted later.
      if (error instanceof StoreUnavailableError) {
        this.#ports.onRefused(error);
        return this.#backoff.nextDelayMs();
      }
      this.#giveUp(error);
    }
    return undefined;
  }

  #giveUp(error: unknown): void {
    // What this controller did while it led is written in statuses; the rest is the leader's to tell.
    if (error instanceof NotLeadingError) return this.#ports.onDropped('not-leading');
    this.#ports.onDropped('refused');
    this.#ports.onRefused(error);
  }

  async #tell(entry: Entry): Promise<void> {
    const { sink } = this.#ports;
    if (entry.name !== undefined) {
      try {
        return await sink.repeat(recorded(entry, entry.name));
      } catch (error) {
        // Events expire after an hour.
        if (!(error instanceof NotFoundError)) throw error;
      }
    }
    const name = this.#newName(entry.occurrence.subject);
    await sink.create(recorded(entry, name));
    entry.name = name;
  }

  /** As client-go makes them: the object's name and something unique, as the time is there. */
  #newName({ name }: EventSubject): string {
    const hex = (digits: number) =>
      Math.floor(this.#ports.random() * 16 ** digits)
        .toString(16)
        .padStart(digits, '0');
    const prefix = name.slice(0, 200).replace(/[^a-z0-9]+$/, '');
    return `${prefix}.${Math.floor(this.#ports.clock.epochMs()).toString(16)}${hex(8)}`;
  }
}

function idOf({ apiVersion, kind, namespace, name, uid }: EventSubject): string {
  return [apiVersion, kind, namespace, name, uid].join('/');
}

function recorded({ occurrence, ...entry }: Entry, name: string): RecordedEvent {
  return { ...occurrence, ...entry, name };
}

/** The API server refuses longer ones. */
function shortened(message: string): string {
  if (Buffer.byteLength(message) <= MAX_MESSAGE_BYTES) return message;
  const kept = Buffer.from(message)
    .subarray(0, MAX_MESSAGE_BYTES - 3)
    .toString('utf8');
  return `${kept.replace(/\ufffd$/, '')}…`;
}
