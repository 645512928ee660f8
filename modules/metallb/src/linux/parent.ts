/** What a child of `node` tells it. */
export type ToParent =
  | { readonly kind: 'ready' }
  /** A setting is wrong, and this says which. */
  | { readonly kind: 'refused'; readonly sentence: string }
  /** Its event loop runs: every 100 ms from the wire and bfdd, every second from the speaker. */
  | { readonly kind: 'pulse' }
  /** Whether there is work for bfdd, from the speaker: it runs nowhere else. */
  | { readonly kind: 'wants-bfdd'; readonly wanted: boolean }
  /**
   * What the wire or bfdd would need if it were restarted now, as far as it has changed: `node` keeps it by key, forgets keys with
   * `null`, and never looks inside. `anew` in the first message of a process: all that was kept before is over.
   */
  | {
      readonly kind: 'remember';
      readonly entries: Readonly<Record<string, unknown>>;
      readonly anew: boolean;
    };

/** What `node` hands to a restarted wire or bfdd. */
export interface Resume {
  readonly state: unknown;
  /** How long ago the process before last showed that it ran: the state was true then. */
  readonly ageMs: number;
}

/** Ends this process when its parent is gone, however that died. Without a parent it does nothing. */
export function exitWithParent(): void {
  if (process.send === undefined) return;
  // It may have died while this process was still loading.
  if (!process.connected) process.exit(1);
  process.once('disconnect', () => process.exit(1));
}

/** Without a parent it does nothing. */
export function tellParent(message: ToParent): void {
  // A parent that is just dying ends this process by `disconnect`; nothing else is to be done about it.
  if (process.connected) process.send?.(message, undefined, {}, () => undefined);
}

/**
 * Both children of a parent read the same settings: it says the sentence of the first that refuses them, and ends both.
 * @returns false without a parent
 */
export function leaveRefusalToParent(sentence: string): boolean {
  if (!process.connected) return false;
  exitWithParent();
  const refuse = () => tellParent({ kind: 'refused', sentence });
  refuse();
  // Nobody listens to a spare before it is told to start.
  process.on('message', refuse);
  return true;
}

/** What this process would need if it were restarted now; all that was kept for the one before is over with the first word. */
export class KeptByParent {
  #isBegun = false;

  /** As far as it has changed; `null` is forgotten. */
  remember(entries: Readonly<Record<string, unknown>>): void {
    tellParent({ kind: 'remember', entries, anew: !this.#isBegun });
    this.#isBegun = true;
  }
}

/** Ends with the parent, and resolves when that says so: a spare has loaded all its program by then. */
export function startedByParent(): Promise<Resume | undefined> {
  exitWithParent();
  return new Promise(whenStarted);
}

/**
 * Calls `onStart` when the parent says so, with what it has to hand over: until then this process is a spare that
 * touches nothing. Without a parent it is called at once.
 */
function whenStarted(onStart: (resume: Resume | undefined) => void): void {
  if (process.send === undefined) return onStart(undefined);
  const listen = (message: unknown) => {
    if (!isRecord(message) || message['kind'] !== 'start') return;
    process.off('message', listen);
    onStart(resumeIn(message['resume']));
  };
  process.on('message', listen);
}

/** Calls `onLeave` when the parent is about to end, so that who is outside hears of it before all else is in order. */
export function whenLeaving(onLeave: () => void): void {
  process.on('message', (message: unknown) => {
    if (isRecord(message) && message['kind'] === 'leave') onLeave();
  });
}

function resumeIn(value: unknown): Resume | undefined {
  if (!isRecord(value) || typeof value['ageMs'] !== 'number') return undefined;
  return { state: value['state'], ageMs: value['ageMs'] };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
