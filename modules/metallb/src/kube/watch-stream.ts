import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { isRecord } from '../api/fields.ts';
import type { KubernetesObject } from '../api/object.ts';
import { shownValue } from '../api/shown-value.ts';
import type { Kind } from '../store/store.ts';
import type { Clock, Timer } from '../time/clock.ts';
import { parseApiObject } from './kinds.ts';

/** One line of a watch. */
export type WatchLine =
  | { readonly type: 'changed' | 'deleted'; readonly object: KubernetesObject }
  | { readonly type: 'bookmark'; readonly resourceVersion: string }
  /** The API server ends the watch, most often since it has forgotten the version (410). */
  | { readonly type: 'error'; readonly message: string };

/** The stream holds something that is no watch event, so that changes may have been missed. */
export class UnreadableWatchError extends Error {
  override readonly name = 'UnreadableWatchError';
}

/** Nothing came for so long that the other side must be gone, though the connection looks open. */
class SilentWatchError extends Error {
  override readonly name = 'SilentWatchError';
}

export interface WatchLimits {
  /** Of a stream of which something has been heard. */
  readonly silenceMs: number;
  /** Of a stream of which nothing has been heard yet. */
  readonly muteMs: number;
  readonly lineLength: number;
}

/** A map, since every object has members such as `constructor`. */
const TYPES: ReadonlyMap<unknown, 'changed' | 'deleted'> = new Map([
  ['ADDED', 'changed'],
  ['MODIFIED', 'changed'],
  ['DELETED', 'deleted'],
]);

/**
 * The lines of a watch as they come. What is read waits in the socket while the caller works, so a slow caller slows
 * the API server down and does not fill memory.
 *
 * @throws UnreadableWatchError when a line is longer than the limit, SilentWatchError
 */
export async function* readLines(
  body: Readable,
  clock: Clock,
  { silenceMs, muteMs, lineLength }: WatchLimits,
): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  const silence = new SilenceLimit(body, clock, muteMs);
  let rest = '';
  try {
    for await (const chunk of body) {
      silence.heard(silenceMs);
      const [end = '', ...more] = decoder.write(chunk).split('\n');
      // Looking for its end again with each chunk would cost a long line its square.
      rest += end;
      if (rest.length > lineLength) {
        throw new UnreadableWatchError(`a line is longer than ${lineLength} characters`);
      }
      const next = more.pop();
      if (next === undefined) continue;
      yield rest;
      yield* more;
      rest = next;
    }
  } finally {
    silence.end();
  }
}

/** Ends a stream from which nothing came for too long. */
class SilenceLimit {
  readonly #body: Readable;
  readonly #clock: Clock;
  #limitMs: number;
  #heardAt: number;
  #timer: Timer;

  constructor(body: Readable, clock: Clock, limitMs: number) {
    this.#body = body;
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#heardAt = clock.now();
    this.#timer = clock.after(limitMs, () => this.#check());
  }

  /** @param limitMs from now on */
  heard(limitMs: number): void {
    this.#heardAt = this.#clock.now();
    if (limitMs === this.#limitMs) return;
    this.#limitMs = limitMs;
    this.#timer.cancel();
    this.#check();
  }

  end(): void {
    this.#timer.cancel();
  }

  #check(): void {
    const leftMs = this.#heardAt + this.#limitMs - this.#clock.now();
    if (leftMs > 0) this.#timer = this.#clock.after(leftMs, () => this.#check());
    else this.#body.destroy(new SilentWatchError(`nothing was heard for ${this.#limitMs} ms`));
  }
}

/** @throws UnreadableWatchError */
export function parseWatchLine(kind: Kind, line: string): WatchLine {
  const event = parsedRecord(line);
  const object = event['object'];
  if (event['type'] === 'ERROR') return { type: 'error', message: messageOf(object) };
  if (event['type'] === 'BOOKMARK') {
    return { type: 'bookmark', resourceVersion: versionOf(object, line) };
  }
  const type = TYPES.get(event['type']);
  const parsed = parseApiObject(kind, object);
  if (type === undefined || parsed === undefined) throw unreadable(line);
  return { type, object: parsed };
}

function parsedRecord(line: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(line);
    if (isRecord(parsed)) return parsed;
  } catch (error) {
    throw unreadable(line, error);
  }
  throw unreadable(line);
}

function versionOf(object: unknown, line: string): string {
  const metadata = isRecord(object) ? object['metadata'] : undefined;
  const version = isRecord(metadata) ? metadata['resourceVersion'] : undefined;
  if (typeof version !== 'string') throw unreadable(line);
  return version;
}

function messageOf(status: unknown): string {
  const message = isRecord(status) ? status['message'] : undefined;
  return typeof message === 'string' ? message : shownValue(status);
}

function unreadable(line: string, cause?: unknown): UnreadableWatchError {
  return new UnreadableWatchError(`expected a watch event as JSON, got ${shownValue(line)}`, {
    cause,
  });
}
