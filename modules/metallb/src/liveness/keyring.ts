import { LRUCache } from 'lru-cache';
import type { HeartbeatKey, HeartbeatKeys, SignedHeartbeat } from '../packet/heartbeat.ts';

/** `unused`: still in the file, but not accepted any more. */
export type KeyUse = 'signing' | 'accepted' | 'unused';

interface Entry {
  readonly key: HeartbeatKey;
  isInFile: boolean;
  isRetired: boolean;
  /** Last time that a node, this one included, needed it. */
  usedAt: number;
}

/** The ids that a node says it holds. */
interface Holding {
  readonly held: ReadonlySet<string>;
  readonly heardAt: number;
}

const HOUR_MS = 3_600_000;
/** Network rule 15. */
const UNUSED_LASTS_MS = 24 * HOUR_MS;
/** Of a key that was taken out of the file: kubelets bring a new file within two minutes, not all at once. */
const REMOVED_LASTS_MS = 5 * 60_000;
/** What a silent node holds; one that is heard again says so itself. */
const HOLDING_LASTS_MS = 120_000;
const MAX_NODES = 256;

/**
 * The heartbeat keys of this node on one segment (network rule 15). All of them verify; the newest that every node heard
 * holds signs, so that files may change in any order. A key goes once nobody has needed it for a day, or for minutes when
 * the file does not hold it any more.
 */
export class Keyring {
  /** In the file's order, and behind them those that were taken out of it. */
  #entries: Entry[] = [];
  #accepted: HeartbeatKeys;
  readonly #holdings = new LRUCache<string, Holding>({ max: MAX_NODES });
  #signing: HeartbeatKeys;
  #proving: HeartbeatKey;

  constructor(keys: HeartbeatKeys, now: number) {
    this.#accepted = keys;
    this.#signing = keys;
    this.#proving = keys[0];
    this.replace(keys, now);
  }

  /** What verifies heartbeats and proofs, the newest first. */
  get accepted(): HeartbeatKeys {
    return this.#accepted;
  }

  /** Heartbeats are signed once with each of these. */
  get signing(): HeartbeatKeys {
    return this.#signing;
  }

  /** Signs proofs of life: whoever asks for one has been heard, most likely. */
  get proving(): HeartbeatKey {
    return this.#proving;
  }

  /** By id. */
  get uses(): ReadonlyMap<string, KeyUse> {
    const useOf = ({ key, isRetired }: Entry) => {
      if (isRetired) return 'unused';
      return this.#signing.includes(key) ? 'signing' : 'accepted';
    };
    return new Map(this.#entries.map((entry) => [entry.key.id, useOf(entry)]));
  }

  /** These stand in the file now. */
  replace(keys: HeartbeatKeys, now: number): void {
    const entries = keys.map((key) => {
      const known = this.#entries.find((entry) => entry.key.id === key.id);
      if (known === undefined) return { key, isInFile: true, isRetired: false, usedAt: now };
      return Object.assign(known, { isInFile: true });
    });
    const removed = this.#entries.filter((entry) => !entries.includes(entry));
    for (const entry of removed) {
      if (entry.isInFile) Object.assign(entry, { isInFile: false, usedAt: now });
    }
    this.#entries = [...entries, ...removed];
    this.#accept();
  }

  #accept(): void {
    this.#entries = this.#entries.filter(({ isInFile, isRetired }) => isInFile || !isRetired);
    const [first, ...others] = this.#entries.filter(({ isRetired }) => !isRetired);
    if (first !== undefined) this.#accepted = [first.key, ...others.map(({ key }) => key)];
  }

  /** An authentic heartbeat says what its sender holds. @returns whether that was not known */
  holds({ node, heldKeys }: Pick<SignedHeartbeat, 'node' | 'heldKeys'>, now: number): boolean {
    const known = this.#holdings.get(node);
    const isKnown = known !== undefined && isRecent(known, now) && isSame(known.held, heldKeys);
    const held = isKnown ? known.held : new Set(heldKeys);
    this.#holdings.set(node, { held, heardAt: now });
    return !isKnown;
  }

  /** A node signs with it: a recorded heartbeat is no use of a key. */
  used(id: string, now: number): void {
    const entry = this.#entries.find(({ key }) => key.id === id);
    if (entry !== undefined) entry.usedAt = now;
  }

  /**
   * Settles with what to sign from now on: with the newest key that everybody heard holds; where there is none, and
   * where nobody was heard, with all, as some key is somebody's.
   */
  choose(now: number): void {
    const common = this.#newestCommon(now);
    this.#signing = common === undefined ? this.#accepted : [common];
    if (common === undefined) return;
    this.#proving = common;
    this.used(common.id, now);
  }

  #newestCommon(now: number): HeartbeatKey | undefined {
    const holdings = [...this.#holdings.values()].filter((holding) => isRecent(holding, now));
    if (holdings.length === 0) return undefined;
    return this.#accepted.find(({ id }) => holdings.every(({ held }) => held.has(id)));
  }

  /** No longer accepts what nobody has used for long enough; never the newest. @returns ids */
  retire(now: number): string[] {
    const unused = this.#entries.filter(({ isInFile, isRetired, usedAt }, index) => {
      const lastsMs = isInFile ? UNUSED_LASTS_MS : REMOVED_LASTS_MS;
      return index > 0 && !isRetired && now - usedAt >= lastsMs;
    });
    if (unused.length === 0) return [];
    for (const entry of unused) entry.isRetired = true;
    this.#accept();
    return unused.map(({ key }) => key.id);
  }
}

function isRecent({ heardAt }: Holding, now: number): boolean {
  return now - heardAt < HOLDING_LASTS_MS;
}

function isSame(held: ReadonlySet<string>, ids: readonly string[]): boolean {
  return held.size === ids.length && ids.every((id) => held.has(id));
}
