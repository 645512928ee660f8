import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  accepting,
  type FsmAction,
  type FsmEvent,
  type FsmPhase,
  type FsmState,
  IDLE,
  nextDeadline,
  step,
} from '../../modules/metallb/src/bgp/fsm.ts';
import { BGP_REASON, notificationOf } from '../../modules/metallb/src/packet/bgp-error.ts';

const NOW = 1_000_000;
const OPTIONS = {
  passive: false,
  connectRetryMs: 5_000,
  keepaliveMs: undefined,
  sendHoldMs: 240_000,
  share: 1,
};
const NEVER = Number.POSITIVE_INFINITY;
const CEASE = notificationOf(BGP_REASON.administrativeShutdown);
const BAD = notificationOf(BGP_REASON.notSynchronized);

/** A connection that has come to nothing twice before. */
const STATES: Readonly<Record<FsmPhase, FsmState>> = {
  Idle: { ...IDLE, connectRetryCounter: 2 },
  Connect: { ...IDLE, phase: 'Connect', connectRetryCounter: 2, connectRetryAt: NOW + 1_000 },
  Active: { ...IDLE, phase: 'Active', connectRetryCounter: 2, connectRetryAt: NOW + 1_000 },
  OpenSent: { ...IDLE, phase: 'OpenSent', connectRetryCounter: 2, holdAt: NOW + 240_000 },
  OpenConfirm: {
    ...IDLE,
    ...{ phase: 'OpenConfirm', connectRetryCounter: 2, holdMs: 9_000 },
    ...{ holdAt: NOW + 9_000, keepaliveAt: NOW + 3_000 },
  },
  Established: {
    ...IDLE,
    ...{ phase: 'Established', connectRetryCounter: 2, holdMs: 9_000 },
    ...{ holdAt: NOW + 9_000, keepaliveAt: NOW + 3_000 },
  },
};

/** The events of RFC 4271 §8.1; 9 to 11 with the moment at which the timer is due. */
const EVENTS: Readonly<
  Record<string, { event: FsmEvent; at?: 'connectRetryAt' | 'holdAt' | 'keepaliveAt' }>
> = {
  '1 start': { event: { type: 'start' } },
  '2 stop': { event: { type: 'stop', notification: CEASE, automatic: false } },
  '8 automatic stop': { event: { type: 'stop', notification: CEASE, automatic: true } },
  '9 connect retry': { event: { type: 'time' }, at: 'connectRetryAt' },
  '10 hold': { event: { type: 'time' }, at: 'holdAt' },
  '11 keepalive': { event: { type: 'time' }, at: 'keepaliveAt' },
  '16 connected': { event: { type: 'connected' } },
  '18 lost': { event: { type: 'connection-lost', retryMs: 5_000 } },
  '19 OPEN': { event: { type: 'open', holdMs: 9_000 } },
  '21 bad header': { event: { type: 'bad-message', notification: BAD } },
  '23 collision': { event: { type: 'collision-lost' } },
  '24 version error': { event: { type: 'notification', isVersionError: true } },
  '25 NOTIFICATION': { event: { type: 'notification', isVersionError: false } },
  '26 KEEPALIVE': { event: { type: 'keepalive' } },
  '27 UPDATE': { event: { type: 'update' } },
};

/** In short: what goes out, what comes of the connection. */
function shown(action: FsmAction): string {
  if (action.do !== 'send-notification') return action.do;
  return `${action.notification.code}.${action.notification.subcode}`;
}

/** Phase after it, times that it came to nothing, and the actions. Where nothing is written, nothing happens. */
const ROWS: readonly [FsmPhase, string, FsmPhase, number, string][] = [
  ['Idle', '1 start', 'Connect', 2, 'connect'],
  ['Connect', '2 stop', 'Idle', 0, 'drop'],
  ['Connect', '8 automatic stop', 'Idle', 0, 'drop'],
  ['Connect', '9 connect retry', 'Connect', 2, 'drop connect'],
  ['Connect', '16 connected', 'OpenSent', 2, 'send-open'],
  ['Connect', '18 lost', 'Idle', 3, 'drop'],
  ['Connect', '19 OPEN', 'Idle', 3, 'drop'],
  ['Connect', '21 bad header', 'Idle', 3, '1.1 drop'],
  ['Connect', '23 collision', 'Idle', 3, 'drop'],
  ['Connect', '24 version error', 'Idle', 3, 'drop'],
  ['Connect', '25 NOTIFICATION', 'Idle', 3, 'drop'],
  ['Connect', '26 KEEPALIVE', 'Idle', 3, 'drop'],
  ['Connect', '27 UPDATE', 'Idle', 3, 'drop'],
  ['Active', '2 stop', 'Idle', 0, 'drop'],
  ['Active', '8 automatic stop', 'Idle', 0, 'drop'],
  ['Active', '9 connect retry', 'Connect', 2, 'connect'],
  ['Active', '16 connected', 'OpenSent', 2, 'send-open'],
  ['Active', '18 lost', 'Idle', 3, 'drop'],
  ['Active', '19 OPEN', 'Idle', 3, 'drop'],
  ['Active', '21 bad header', 'Idle', 3, '1.1 drop'],
  ['Active', '23 collision', 'Idle', 3, 'drop'],
  ['Active', '24 version error', 'Idle', 3, 'drop'],
  ['Active', '25 NOTIFICATION', 'Idle', 3, 'drop'],
  ['Active', '26 KEEPALIVE', 'Idle', 3, 'drop'],
  ['Active', '27 UPDATE', 'Idle', 3, 'drop'],
  ['OpenSent', '2 stop', 'Idle', 0, '6.2 drop'],
  ['OpenSent', '8 automatic stop', 'Idle', 3, '6.2 drop'],
  ['OpenSent', '10 hold', 'Idle', 3, '4.0 drop'],
  ['OpenSent', '18 lost', 'Active', 2, 'drop'],
  ['OpenSent', '19 OPEN', 'OpenConfirm', 2, 'send-keepalive'],
  ['OpenSent', '21 bad header', 'Idle', 3, '1.1 drop'],
  ['OpenSent', '23 collision', 'Idle', 3, '6.7 drop'],
  ['OpenSent', '24 version error', 'Idle', 2, 'drop'],
  ['OpenSent', '25 NOTIFICATION', 'Idle', 3, 'drop'],
  ['OpenSent', '26 KEEPALIVE', 'Idle', 3, '5.1 drop'],
  ['OpenSent', '27 UPDATE', 'Idle', 3, '5.1 drop'],
  ['OpenConfirm', '2 stop', 'Idle', 0, '6.2 drop'],
  ['OpenConfirm', '8 automatic stop', 'Idle', 3, '6.2 drop'],
  ['OpenConfirm', '10 hold', 'Idle', 3, '4.0 drop'],
  ['OpenConfirm', '11 keepalive', 'OpenConfirm', 2, 'send-keepalive'],
  ['OpenConfirm', '18 lost', 'Idle', 3, 'drop'],
  ['OpenConfirm', '19 OPEN', 'Idle', 3, '5.2 drop'],
  ['OpenConfirm', '21 bad header', 'Idle', 3, '1.1 drop'],
  ['OpenConfirm', '23 collision', 'Idle', 3, '6.7 drop'],
  ['OpenConfirm', '24 version error', 'Idle', 2, 'drop'],
  ['OpenConfirm', '25 NOTIFICATION', 'Idle', 3, 'drop'],
  ['OpenConfirm', '26 KEEPALIVE', 'Established', 2, 'established'],
  ['OpenConfirm', '27 UPDATE', 'Idle', 3, '5.2 drop'],
  ['Established', '2 stop', 'Idle', 0, '6.2 drop ended'],
  ['Established', '8 automatic stop', 'Idle', 3, '6.2 drop ended'],
  ['Established', '10 hold', 'Idle', 3, '4.0 drop ended'],
  ['Established', '11 keepalive', 'Established', 2, 'send-keepalive'],
  ['Established', '18 lost', 'Idle', 3, 'drop ended'],
  ['Established', '19 OPEN', 'Idle', 3, '5.3 drop ended'],
  ['Established', '21 bad header', 'Idle', 3, '1.1 drop ended'],
  ['Established', '23 collision', 'Idle', 3, '6.7 drop ended'],
  ['Established', '24 version error', 'Idle', 2, 'drop ended'],
  ['Established', '25 NOTIFICATION', 'Idle', 3, 'drop ended'],
];

for (const phase of Object.keys(STATES) as FsmPhase[]) {
  for (const [name, { event, at }] of Object.entries(EVENTS)) {
    const state = STATES[phase];
    const due = at === undefined ? NOW : state[at];
    // A timer that does not run in this phase can't expire.
    if (due === NEVER) continue;
    const row = ROWS.find(([from, on]) => from === phase && on === name);
    const [, , to, counter, actions] = row ?? [phase, name, phase, 2, ''];
    test(`${phase}, ${name}: ${row === undefined ? 'nothing happens' : `${to}, ${actions}`}`, () => {
      const outcome = step(state, event, due, OPTIONS);
      assert.is(outcome.state.phase, to);
      assert.is(outcome.state.connectRetryCounter, counter);
      assert.is(outcome.actions.map(shown).join(' '), actions);
    });
  }
}

test('every row is of a phase and an event', () => {
  for (const [from, on] of ROWS) assert.ok(from in STATES && on in EVENTS, `${from} ${on}`);
});

test('the hold time runs anew with each KEEPALIVE and UPDATE, and keepalives are a third of it apart', () => {
  const { state } = step(STATES.OpenSent, { type: 'open', holdMs: 9_000 }, NOW, OPTIONS);
  assert.equal([state.holdAt, state.keepaliveAt], [NOW + 9_000, NOW + 3_000]);
  for (const type of ['keepalive', 'update'] as const) {
    assert.is(step(STATES.Established, { type }, NOW + 4_000, OPTIONS).state.holdAt, NOW + 13_000);
  }
  const sent = step(STATES.Established, { type: 'time' }, NOW + 3_000, OPTIONS);
  assert.equal([sent.state.keepaliveAt, sent.state.holdAt], [NOW + 6_000, NOW + 9_000]);
});

test('with a hold time of 0 neither side sends keepalives, and silence ends nothing', () => {
  const { state } = step(STATES.OpenSent, { type: 'open', holdMs: 0 }, NOW, OPTIONS);
  assert.is(nextDeadline(state), NEVER);
  const established = step(state, { type: 'keepalive' }, NOW, OPTIONS).state;
  assert.is(established.phase, 'Established');
  assert.is(nextDeadline(established), NEVER);
});

test('a keepalive time of its own counts where it is shorter than a third of the hold time', () => {
  const at = (keepaliveMs: number) =>
    step(STATES.OpenSent, { type: 'open', holdMs: 9_000 }, NOW, { ...OPTIONS, keepaliveMs }).state
      .keepaliveAt;
  assert.equal([at(1_000), at(60_000)], [NOW + 1_000, NOW + 3_000]);
});

test('attempts at a connection and keepalives come by chance a little sooner, the hold time never (RFC 4271 §10)', () => {
  const sooner = { ...OPTIONS, share: 0.75 };
  const on = (phase: FsmPhase, event: FsmEvent, after: number) =>
    step(STATES[phase], event, NOW + after, sooner).state;
  assert.is(on('Idle', { type: 'start' }, 0).connectRetryAt, NOW + 3_750);
  assert.is(on('Connect', { type: 'time' }, 1_000).connectRetryAt, NOW + 4_750);
  assert.is(
    on('OpenSent', { type: 'connection-lost', retryMs: 5_000 }, 0).connectRetryAt,
    NOW + 5_000,
  );
  const confirmed = on('OpenSent', { type: 'open', holdMs: 9_000 }, 0);
  assert.equal([confirmed.keepaliveAt, confirmed.holdAt], [NOW + 2_250, NOW + 9_000]);
  assert.is(on('Established', { type: 'time' }, 3_000).keepaliveAt, NOW + 5_250);
  const waiting = on('Established', { type: 'sent', isAllSent: false }, 0);
  assert.is(waiting.sendHoldAt, NOW + 240_000);
});

test('a peer that takes nothing of what is sent for the send hold time is given up without a word', () => {
  const waiting = step(STATES.Established, { type: 'sent', isAllSent: false }, NOW, OPTIONS).state;
  assert.is(waiting.sendHoldAt, NOW + 240_000);
  const alive = { ...waiting, holdAt: NOW + 300_000, keepaliveAt: NOW + 300_000 };
  const done = step(alive, { type: 'time' }, NOW + 240_000, OPTIONS);
  assert.equal(done.actions.map(shown), ['drop', 'ended']);
  assert.is(step(waiting, { type: 'sent', isAllSent: true }, NOW, OPTIONS).state.sendHoldAt, NEVER);
});

test('who waits for the peer never connects', () => {
  const { state, actions } = step(IDLE, { type: 'start' }, NOW, { ...OPTIONS, passive: true });
  assert.equal([state.phase, nextDeadline(state), actions], ['Active', NEVER, []]);
  const lost = step(STATES.OpenSent, { type: 'connection-lost', retryMs: 5_000 }, NOW, {
    ...OPTIONS,
    passive: true,
  });
  assert.is(nextDeadline(lost.state), NEVER);
});

test('a connection that the peer opened begins where the next event is that it is there', () => {
  const { state } = step(accepting(4), { type: 'connected' }, NOW, OPTIONS);
  assert.equal([state.phase, state.connectRetryCounter], ['OpenSent', 4]);
});

test.run();
