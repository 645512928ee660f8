import { BGP_REASON, type BgpNotification, notificationOf } from '../packet/bgp-error.ts';

/** RFC 4271 §8.2.2. */
export type FsmPhase = 'Idle' | 'Connect' | 'Active' | 'OpenSent' | 'OpenConfirm' | 'Established';

/** One connection to a peer, or the attempt at one. Times are milliseconds of a clock that never goes back. */
export interface FsmState {
  readonly phase: FsmPhase;
  /** How often in a row it came to nothing: what the pause before the next attempt grows with. */
  readonly connectRetryCounter: number;
  readonly connectRetryAt: number;
  readonly holdAt: number;
  readonly keepaliveAt: number;
  /** RFC 9687: until then the peer must have taken something of what waits to be sent. */
  readonly sendHoldAt: number;
  /** Negotiated; 0: neither side sends keepalives. */
  readonly holdMs: number;
}

export interface FsmOptions {
  /** Waits for the peer to connect, and never does so itself. */
  readonly passive: boolean;
  /** How long an attempt at a connection may take. */
  readonly connectRetryMs: number;
  /** undefined: a third of the hold time */
  readonly keepaliveMs: number | undefined;
  readonly sendHoldMs: number;
}

/** What a step goes by. */
export interface StepOptions extends FsmOptions {
  /** How much of its time the ConnectRetryTimer or KeepaliveTimer runs that the step starts: 0.75 to 1 (RFC 4271 §10). */
  readonly share: number;
}

/** The events of RFC 4271 §8.1, by number in the tests. */
export type FsmEvent =
  /** 1 and 3 to 7; after the pause of §8.1.1 (13) it is the same. */
  | { readonly type: 'start' }
  /** 2 and 8: by people, or by what this node finds out. */
  | { readonly type: 'stop'; readonly notification: BgpNotification; readonly automatic: boolean }
  /** 9 to 11, and what RFC 9687 adds: whichever is due. */
  | { readonly type: 'time' }
  /** 16 and 17 */
  | { readonly type: 'connected' }
  /** 18, and what the ConnectRetryTimer is restarted with where that is said. */
  | { readonly type: 'connection-lost'; readonly retryMs: number }
  /** 19, after everything in it has been found acceptable. */
  | { readonly type: 'open'; readonly holdMs: number }
  /** 21, 22 and 28 */
  | { readonly type: 'bad-message'; readonly notification: BgpNotification }
  /** 23 */
  | { readonly type: 'collision-lost' }
  /** 24 and 25 */
  | { readonly type: 'notification'; readonly isVersionError: boolean }
  /** 26 */
  | { readonly type: 'keepalive' }
  /** 27 */
  | { readonly type: 'update' }
  /** The peer has taken something of what waits, or everything. */
  | { readonly type: 'sent'; readonly isAllSent: boolean };

export type FsmAction =
  | { readonly do: 'connect' }
  | { readonly do: 'drop' }
  | { readonly do: 'send-open' }
  | { readonly do: 'send-keepalive' }
  | { readonly do: 'send-notification'; readonly notification: BgpNotification }
  | { readonly do: 'established' }
  /** The session is over: what was learned and sent in it is worth nothing now. */
  | { readonly do: 'ended' };

export interface FsmStep {
  readonly state: FsmState;
  readonly actions: readonly FsmAction[];
}

/** §8.2.2: "a HoldTimer value of 4 minutes is suggested" until the peer has said its own. */
const OPEN_HOLD_MS = 240_000;
const NEVER = Number.POSITIVE_INFINITY;
const KEEPALIVES_PER_HOLD = 3;

export const IDLE: FsmState = {
  phase: 'Idle',
  connectRetryCounter: 0,
  connectRetryAt: NEVER,
  holdAt: NEVER,
  keepaliveAt: NEVER,
  sendHoldAt: NEVER,
  holdMs: 0,
};

/** What a connection that the peer has opened begins as. */
export function accepting(connectRetryCounter: number): FsmState {
  return { ...IDLE, phase: 'Active', connectRetryCounter };
}

/** When `time` is due next. */
export function nextDeadline(state: FsmState): number {
  return Math.min(state.connectRetryAt, state.holdAt, state.keepaliveAt, state.sendHoldAt);
}

/** Whether an attempt has come to nothing, and the next one needs no `start` (§8.2.2: from OpenSent or Connect). */
export function isRetried(before: FsmPhase, { state, actions }: FsmStep): boolean {
  const isAttempt = before === 'OpenSent' || before === 'Connect';
  return isAttempt && state.phase !== 'Idle' && actions.includes(DROP);
}

/** What an event makes of a connection, and what is to be done. Pure: the same state and event give the same step. */
export function step(state: FsmState, event: FsmEvent, now: number, options: StepOptions): FsmStep {
  switch (state.phase) {
    case 'Idle':
      return event.type === 'start' ? start(state, now, options) : stay(state);
    case 'Connect':
    case 'Active':
      return whileConnecting(state, event, now, options);
    case 'OpenSent':
      return inOpenSent(state, event, now, options);
    case 'OpenConfirm':
      return inOpenConfirm(state, event, now, options);
    case 'Established':
      return inEstablished(state, event, now, options);
  }
}

function start(
  state: FsmState,
  now: number,
  { passive, connectRetryMs, share }: StepOptions,
): FsmStep {
  const connectRetryAt = passive ? NEVER : now + connectRetryMs * share;
  const next = { ...IDLE, connectRetryCounter: state.connectRetryCounter, connectRetryAt };
  if (passive) return { state: { ...next, phase: 'Active' }, actions: [] };
  return { state: { ...next, phase: 'Connect' }, actions: [{ do: 'connect' }] };
}

function whileConnecting(
  state: FsmState,
  event: FsmEvent,
  now: number,
  options: StepOptions,
): FsmStep {
  switch (event.type) {
    case 'start':
    case 'sent':
      return stay(state);
    case 'stop':
      return end(state, { counter: 0 });
    case 'time': {
      if (now < state.connectRetryAt) return stay(state);
      const connectRetryAt = now + options.connectRetryMs * options.share;
      return {
        state: { ...state, phase: 'Connect', connectRetryAt },
        actions: [...(state.phase === 'Connect' ? [DROP] : []), { do: 'connect' }],
      };
    }
    case 'connected':
      return {
        state: {
          ...state,
          phase: 'OpenSent',
          connectRetryAt: NEVER,
          holdAt: now + OPEN_HOLD_MS,
        },
        actions: [{ do: 'send-open' }],
      };
    case 'bad-message':
      return end(state, { notification: event.notification });
    default:
      return end(state, {});
  }
}

function inOpenSent(state: FsmState, event: FsmEvent, now: number, options: StepOptions): FsmStep {
  switch (event.type) {
    case 'open': {
      const confirmed = { ...state, phase: 'OpenConfirm', holdMs: event.holdMs } as const;
      return {
        state: keptAlive(withHold(confirmed, now), now, options),
        actions: [{ do: 'send-keepalive' }],
      };
    }
    case 'connection-lost':
      // §8.2.2: back to Active, where the peer may come by itself before the timer does.
      return {
        state: {
          ...IDLE,
          phase: 'Active',
          connectRetryCounter: state.connectRetryCounter,
          connectRetryAt: options.passive ? NEVER : now + event.retryMs,
        },
        actions: [DROP],
      };
    default:
      return afterOpen(state, event, now, BGP_REASON.unexpectedInOpenSent);
  }
}

function inOpenConfirm(
  state: FsmState,
  event: FsmEvent,
  now: number,
  options: StepOptions,
): FsmStep {
  if (event.type === 'keepalive') {
    return {
      state: { ...withHold(state, now), phase: 'Established' },
      actions: [{ do: 'established' }],
    };
  }
  if (event.type === 'time' && isKeepaliveDue(state, now)) return keepAlive(state, now, options);
  return afterOpen(state, event, now, BGP_REASON.unexpectedInOpenConfirm);
}

function inEstablished(
  state: FsmState,
  event: FsmEvent,
  now: number,
  options: StepOptions,
): FsmStep {
  switch (event.type) {
    case 'keepalive':
    case 'update':
      return stay(withHold(state, now));
    case 'sent':
      return stay({ ...state, sendHoldAt: event.isAllSent ? NEVER : now + options.sendHoldMs });
    case 'time':
      if (now >= state.sendHoldAt) {
        // The peer takes nothing, so it would not take the NOTIFICATION either (RFC 9687 §3.2).
        return end(state, {});
      }
      if (isKeepaliveDue(state, now)) return keepAlive(state, now, options);
      return afterOpen(state, event, now, BGP_REASON.unexpectedInEstablished);
    default:
      return afterOpen(state, event, now, BGP_REASON.unexpectedInEstablished);
  }
}

/** What is the same once an OPEN has been sent. */
function afterOpen(
  state: FsmState,
  event: FsmEvent,
  now: number,
  unexpected: readonly [number, number],
): FsmStep {
  switch (event.type) {
    case 'start':
    case 'connected':
    case 'sent':
      return stay(state);
    case 'time': {
      if (now < state.holdAt) return stay(state);
      return end(state, { notification: notificationOf(BGP_REASON.holdTimerExpired) });
    }
    case 'stop':
      return end(state, {
        notification: event.notification,
        ...(event.automatic ? {} : { counter: 0 }),
      });
    case 'bad-message':
      return end(state, { notification: event.notification });
    case 'collision-lost':
      return end(state, { notification: notificationOf(BGP_REASON.collisionResolution) });
    case 'notification':
      // Never answered by another one (§6.4). A version that is refused is no fault of the line.
      return end(state, event.isVersionError ? { counter: state.connectRetryCounter } : {});
    case 'connection-lost':
      return end(state, {});
    default:
      return end(state, { notification: notificationOf(unexpected) });
  }
}

const DROP: FsmAction = { do: 'drop' };

function stay(state: FsmState): FsmStep {
  return { state, actions: [] };
}

/** @param how `counter` where the attempt is not to count as one that came to nothing */
function end(
  state: FsmState,
  how: { readonly notification?: BgpNotification; readonly counter?: number },
): FsmStep {
  const { notification, counter = state.connectRetryCounter + 1 } = how;
  return {
    state: { ...IDLE, connectRetryCounter: counter },
    actions: [
      ...(notification === undefined ? [] : [{ do: 'send-notification', notification } as const]),
      DROP,
      ...(state.phase === 'Established' ? [{ do: 'ended' } as const] : []),
    ],
  };
}

function withHold(state: FsmState, now: number): FsmState {
  return { ...state, holdAt: state.holdMs === 0 ? NEVER : now + state.holdMs };
}

function keptAlive(state: FsmState, now: number, { keepaliveMs, share }: StepOptions): FsmState {
  const third = state.holdMs / KEEPALIVES_PER_HOLD;
  const interval = keepaliveMs === undefined ? third : Math.min(keepaliveMs, third);
  return { ...state, keepaliveAt: state.holdMs === 0 ? NEVER : now + interval * share };
}

function isKeepaliveDue(state: FsmState, now: number): boolean {
  return now >= state.keepaliveAt && now < state.holdAt;
}

function keepAlive(state: FsmState, now: number, options: StepOptions): FsmStep {
  return { state: keptAlive(state, now, options), actions: [{ do: 'send-keepalive' }] };
}
