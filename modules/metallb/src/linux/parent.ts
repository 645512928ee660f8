/** What a child of `node` tells it. */
export type ToParent =
  | { readonly kind: 'ready' }
  /** A setting is wrong, and this says which. */
  | { readonly kind: 'refused'; readonly sentence: string }
  /** Every 100 ms from the wire: its event loop runs. */
  | { readonly kind: 'pulse' }
  /** What the wire would need if it were restarted now; `node` keeps the last one and never looks inside. */
  | { readonly kind: 'announced'; readonly state: unknown };

/** What `node` hands to a restarted wire. */
export interface Resume {
  readonly state: unknown;
  /** How long ago the wire before last showed that it ran: the state was true then. */
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
  tellParent({ kind: 'refused', sentence });
  return true;
}

/** Calls `onResume` at most once, before any I/O of this process when the parent has something to hand over. */
export function receiveResume(onResume: (resume: Resume) => void): void {
  process.on('message', (message: unknown) => {
    if (isResume(message)) onResume({ state: message.state, ageMs: message.ageMs });
  });
}

function isResume(message: unknown): message is Resume {
  return (
    typeof message === 'object' &&
    message !== null &&
    'kind' in message &&
    message.kind === 'resume' &&
    'state' in message &&
    'ageMs' in message &&
    typeof message.ageMs === 'number'
  );
}
