import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type BfdAction,
  type BfdOptions,
  BfdSession,
} from '../../modules/metallb/src/bfd/session.ts';
import {
  BFD_STATES,
  type BfdPacket,
  type BfdState,
  decodeBfd,
  encodeBfd,
} from '../../modules/metallb/src/packet/bfd.ts';

const OPTIONS: BfdOptions = {
  ...{ desiredMinTxMs: 50, requiredMinRxMs: 100, detectMultiplier: 3 },
  ...{ passive: false, key: undefined },
};
const OURS = 11;
const THEIRS = 22;

function begun(changes: Partial<BfdOptions> = {}, draw = 0): BfdSession {
  const session = new BfdSession(OURS, { ...OPTIONS, ...changes }, { random: () => draw });
  session.start(0);
  return session;
}

/** A packet of the peer. */
function packet(state: BfdState, changes: Partial<BfdPacket> = {}): BfdPacket {
  return {
    ...{ diagnostic: 0, state, poll: false, final: false, controlPlaneIndependent: false },
    ...{ demand: false, detectMultiplier: 3, myDiscriminator: THEIRS, yourDiscriminator: OURS },
    ...{ desiredMinTxMicroseconds: 50_000, requiredMinRxMicroseconds: 20_000 },
    ...{ requiredMinEchoRxMicroseconds: 0, authentication: undefined, ...changes },
  };
}

function hear(session: BfdSession, heard: BfdPacket, now = 0): readonly BfdAction[] {
  const outcome = session.received(heard, encodeBfd(heard), now);
  return typeof outcome === 'string' ? [] : outcome;
}

function sentIn(actions: readonly BfdAction[]): BfdPacket[] {
  return actions.flatMap((action) => (action.do === 'send' ? [decodeBfd(action.bytes)] : []));
}

function told(actions: readonly BfdAction[]): string[] {
  return actions.flatMap((action) => (action.do === 'tell' ? [action.event.type] : []));
}

/** A session that is in the state. */
function inState(state: BfdState, changes: Partial<BfdOptions> = {}): BfdSession {
  const session = begun(changes);
  if (state === 'AdminDown') session.stop(0);
  if (state === 'Init' || state === 'Up') hear(session, packet('Down'));
  if (state === 'Up') {
    hear(session, packet('Up'));
    hear(session, packet('Up', { final: true }));
  }
  assert.is(session.state, state);
  return session;
}

// RFC 5880 §6.8.6 row by row, from "Set bfd.RemoteDiscr"; what comes before is in packet/bfd and bfd/authentication.
test('the discriminator, minimum and multiplier of each packet count for the next ones', () => {
  const session = inState('Up');
  hear(session, packet('Up', { myDiscriminator: 33, requiredMinRxMicroseconds: 400_000 }), 10);
  const [next] = sentIn(session.transmit(10_000));
  assert.is(next?.yourDiscriminator, 33);
  assert.is(session.transmitAt, 10_400);
  hear(session, packet('Up', { desiredMinTxMicroseconds: 200_000, detectMultiplier: 5 }), 10_001);
  assert.is(session.detectionMs, 1_000);
});

test('a Final ends what has been asked', () => {
  const session = begun();
  hear(session, packet('Down'));
  const [up] = sentIn(hear(session, packet('Init')));
  assert.is(up?.poll, true, 'the interval of one second is changed');
  assert.is(sentIn(session.transmit(1_000))[0]?.poll, true);
  hear(session, packet('Up', { final: true }));
  assert.is(sentIn(session.transmit(2_000))[0]?.poll, false);
});

test('AdminDown hears nobody', () => {
  const session = inState('AdminDown');
  for (const state of BFD_STATES) {
    const heard = packet(state);
    assert.is(session.received(heard, encodeBfd(heard), 0), 'shut-down');
    assert.is(session.state, 'AdminDown');
  }
});

const CHANGES: [BfdState, BfdState, BfdState, string[]][] = [
  ['Down', 'AdminDown', 'Down', ['ended']],
  ['Down', 'Down', 'Init', []],
  ['Down', 'Init', 'Up', ['up']],
  ['Down', 'Up', 'Down', []],
  ['Init', 'AdminDown', 'Down', ['ended']],
  ['Init', 'Down', 'Init', []],
  ['Init', 'Init', 'Up', ['up']],
  ['Init', 'Up', 'Up', ['up']],
  ['Up', 'AdminDown', 'Down', ['ended']],
  ['Up', 'Down', 'Down', ['failed']],
  ['Up', 'Init', 'Up', []],
  ['Up', 'Up', 'Up', []],
];
for (const [local, remote, expected, events] of CHANGES) {
  test(`${local}, hearing ${remote}: ${expected}, told ${events.join() || 'nothing'}`, () => {
    const session = inState(local);
    const actions = hear(session, packet(remote), 1);
    assert.is(session.state, expected);
    assert.equal(told(actions), events);
    const states = sentIn(actions).map(({ state }) => state);
    assert.equal(states, expected === local ? [] : [expected], 'a change is told at once');
  });
}

test('a Poll is answered with a Final at once, which asks nothing and delays nothing', () => {
  const session = inState('Up');
  session.configure({ ...OPTIONS, desiredMinTxMs: 70 });
  const due = session.transmitAt;
  const answers = sentIn(hear(session, packet('Up', { poll: true }), 5));
  assert.equal(
    answers.map(({ poll, final }) => [poll, final]),
    [[false, true]],
  );
  assert.is(session.transmitAt, due);
  assert.is(sentIn(session.transmit(due))[0]?.poll, true, 'its own question comes in its turn');
});

test('a Poll that changes the state is answered once, with the new state', () => {
  const answers = sentIn(hear(begun(), packet('Down', { poll: true })));
  assert.equal(
    answers.map(({ state, final }) => [state, final]),
    [['Init', true]],
  );
});

test('demand mode is refused, in words', () => {
  const session = inState('Init');
  const heard = packet('Up', { demand: true });
  assert.is(session.received(heard, encodeBfd(heard), 0), 'demand-mode');
  assert.is(session.state, 'Init');
  assert.is(session.why, 'the peer wants demand mode, which is not spoken here');
});

test('a packet that counts for nothing does not keep the session up', () => {
  const session = inState('Up', {});
  const forged = packet('Up', { authentication: { kind: 'keyed-sha1', keyId: 1, sequence: 1 } });
  assert.is(session.received(forged, encodeBfd(forged), session.detectionMs - 1), 'signed');
  assert.equal(told(session.expire(session.detectionMs)), ['failed']);
});

// §6.8.3, §6.8.4, §6.8.7
test('until it is Up it sends once a second, less up to a quarter', () => {
  for (const [draw, expected] of [
    [0, 1_000],
    [0.5, 875],
    [0.9999, 750.025],
  ] as const) {
    const session = begun({}, draw);
    assert.is(session.transmitAt, expected);
    hear(session, packet('Down'), 0);
    assert.is(session.state, 'Init');
    assert.is(session.transmitAt, expected);
  }
});

test('with a multiplier of 1 no interval is longer than nine tenths', () => {
  for (const [draw, expected] of [
    [0, 900],
    [0.5, 825],
    [1, 750],
  ] as const) {
    assert.is(Math.round(begun({ detectMultiplier: 1 }, draw).transmitAt), expected);
  }
});

test('once Up it sends at its own pace at once, or the slower one that the peer can take', () => {
  const session = inState('Init');
  hear(session, packet('Up'), 400);
  assert.is(session.transmitAt, 450);
  hear(session, packet('Up', { requiredMinRxMicroseconds: 300_000 }), 410);
  assert.is(session.transmitAt, 700);
});

test('a peer that can take nothing gets nothing but answers', () => {
  const session = inState('Up');
  hear(session, packet('Up', { requiredMinRxMicroseconds: 0 }), 1);
  assert.is(session.transmitAt, Number.POSITIVE_INFINITY);
  const none = { poll: true, requiredMinRxMicroseconds: 0 };
  assert.is(sentIn(hear(session, packet('Up', none), 2)).length, 1);
});

test('the passive side waits for the peer, also after it has lost it', () => {
  const session = new BfdSession(OURS, { ...OPTIONS, passive: true }, { random: () => 0 });
  assert.equal(session.start(0), []);
  assert.is(session.transmitAt, Number.POSITIVE_INFINITY);
  assert.is(sentIn(hear(session, packet('Down', { yourDiscriminator: 0 }), 5)).length, 1);
  assert.is(session.transmitAt, 1_005);
  hear(session, packet('Up'), 6);
  assert.equal(sentIn(session.expire(1_000)), []);
  assert.is(session.transmitAt, Number.POSITIVE_INFINITY);
  assert.equal(
    sentIn(session.stop(1_001)),
    [],
    'it must not say good-bye either (RFC 5880 §6.8.7)',
  );
  assert.is(session.state, 'AdminDown');
});

test('the passive side says good-bye to a peer that it knows', () => {
  const session = new BfdSession(OURS, { ...OPTIONS, passive: true }, { random: () => 0 });
  session.start(0);
  hear(session, packet('Down', { yourDiscriminator: 0 }), 5);
  assert.equal(
    sentIn(session.stop(6)).map(({ state }) => state),
    ['AdminDown'],
  );
});

// The detection time is the peer's multiplier times the slower of what it sends and what is asked of it.
const DETECTION: [number, number, number, number][] = [
  [100, 50, 3, 300],
  [100, 200, 3, 600],
  [100, 100, 1, 100],
  [10, 10, 255, 2_550],
];
for (const [requiredMinRxMs, desiredMs, detectMultiplier, expected] of DETECTION) {
  test(`${detectMultiplier} of ${requiredMinRxMs} asked and ${desiredMs} sent: ${expected} ms`, () => {
    const session = inState('Up', { requiredMinRxMs });
    const desiredMinTxMicroseconds = desiredMs * 1_000;
    hear(session, packet('Up', { desiredMinTxMicroseconds, detectMultiplier }), 50);
    assert.is(session.expireAt, 50 + expected);
    assert.equal(session.expire(49 + expected), []);
    const actions = session.expire(50 + expected);
    assert.equal(told(actions), ['failed']);
    const [down] = sentIn(actions);
    assert.equal([down?.state, down?.diagnostic, down?.yourDiscriminator], ['Down', 1, 0]);
    assert.is(session.why, `nothing came from the peer for ${expected} ms`);
  });
}

test('a slower pace, and a shorter patience, wait until the peer has confirmed them', () => {
  const session = inState('Up');
  session.transmit(50);
  session.configure({ desiredMinTxMs: 400, requiredMinRxMs: 60, detectMultiplier: 3 });
  assert.equal([session.transmitAt, session.detectionMs], [100, 300]);
  const [asking] = sentIn(session.transmit(100));
  assert.equal([asking?.poll, asking?.desiredMinTxMicroseconds], [true, 400_000]);
  hear(session, packet('Up', { final: true }), 110);
  assert.equal([session.transmitAt, session.detectionMs], [500, 180]);
});

test('whoever is lost is asked nothing more', () => {
  const session = inState('Init');
  assert.is(sentIn(hear(session, packet('Up')))[0]?.poll, true);
  const [down] = sentIn(session.expire(session.expireAt));
  assert.equal([down?.state, down?.poll], ['Down', false]);
});

test('a faster pace, and more patience, count at once', () => {
  const session = inState('Up');
  session.transmit(50);
  session.configure({ desiredMinTxMs: 30, requiredMinRxMs: 500, detectMultiplier: 3 });
  assert.equal([session.transmitAt, session.detectionMs], [80, 1_500]);
});

test('an answer to an older question confirms nothing of what has changed since', () => {
  const session = inState('Up');
  session.configure({ ...OPTIONS, desiredMinTxMs: 400 });
  session.configure({ ...OPTIONS, desiredMinTxMs: 800 });
  hear(session, packet('Up', { final: true }), 10);
  assert.ok(session.transmitAt <= 50);
  assert.is(sentIn(session.transmit(60))[0]?.poll, true, 'asked again');
  hear(session, packet('Up', { final: true }), 70);
  assert.is(session.transmitAt, 860);
});

test('why it is not Up is said in the words of the peer', () => {
  const session = inState('Up');
  hear(session, packet('Down', { diagnostic: 1 }), 1);
  assert.is(session.why, "the peer's session is Down: nothing came for the detection time");
  hear(session, packet('AdminDown', { diagnostic: 7 }), 2);
  assert.is(session.why, 'the peer has shut the session down');
  hear(session, packet('Down'), 3);
  hear(session, packet('Init'), 4);
  assert.is(session.why, '');
});

test('shutting down is told at once, and again', () => {
  const session = inState('Up');
  const [last] = sentIn(session.stop(10));
  assert.equal([last?.state, last?.diagnostic], ['AdminDown', 7]);
  assert.is(session.transmitAt, 1_010);
  assert.equal(session.stop(20), []);
  assert.equal(session.start(30), []);
});

test('a session that is not started says nothing', () => {
  const session = new BfdSession(OURS, OPTIONS, { random: () => 0 });
  assert.equal(
    [session.transmitAt, session.expireAt],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  );
  assert.equal(session.transmit(1e9), []);
});

test.run();
