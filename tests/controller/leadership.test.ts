import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  Leadership,
  type LeadershipOptions,
} from '../../modules/metallb/src/controller/leadership.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { Cable, MemoryLease } from '../support/memory-lease.ts';
import { SILENT } from '../support/silent-log.ts';

const OPTIONS = { durationMs: 3_000, renewDeadlineMs: 2_000, retryMs: 500 };

/** Two replicas that compete for one Lease, in virtual time. */
class Race {
  readonly clock = new FakeClock();
  readonly lease = new MemoryLease();
  readonly cables = { a: new Cable(), b: new Cable() };
  /** `a leads`, `a stands by`, as they were told. */
  readonly told: string[] = [];
  /** Who was told that what it had sent must not arrive any more. */
  readonly lapsed: string[] = [];
  readonly a = this.#replica('a');
  readonly b = this.#replica('b');

  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 50) {
      this.clock.advance(Math.min(50, left));
      await settled();
      assert.not(this.a.leads && this.b.leads, 'both lead');
    }
  }

  async start(...names: ('a' | 'b')[]): Promise<void> {
    for (const name of names) {
      this[name].start();
      await settled();
    }
  }

  #replica(name: 'a' | 'b'): Leadership {
    const ports = {
      lease: this.lease.lock(this.cables[name].pass),
      clock: this.clock,
      random: () => 0,
      log: SILENT,
      onLeading: () => this.told.push(`${name} leads`),
      onLapse: () => this.lapsed.push(name),
      onStandby: () => this.told.push(`${name} stands by`),
    };
    const options: LeadershipOptions = { ...OPTIONS, identity: name };
    return new Leadership(ports, options);
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

async function raceWith(...started: ('a' | 'b')[]): Promise<Race> {
  const race = new Race();
  await race.start(...started);
  return race;
}

test('the first one leads at once, the second stands by for as long as the first renews', async () => {
  const race = await raceWith('a', 'b');
  assert.equal(race.told, ['a leads', 'b stands by']);
  await race.pass(60_000);
  assert.equal(race.told.length, 2);
  assert.is(race.b.holder, 'a');
  assert.is(race.lease.stored?.transitions, 0);
  assert.is(race.lease.stored?.durationMs, 3_000);
});

test('the Lease says since when it is held, and when it was renewed last', async () => {
  const race = await raceWith('a');
  const acquired = race.clock.epochMs();
  await race.pass(10_000);
  assert.is(race.lease.stored?.acquiredEpochMs, acquired);
  assert.is(race.lease.stored?.renewedEpochMs, acquired + 10_000);
});

test('when the leader dies, the other leads after the duration and a retry at the latest', async () => {
  const race = await raceWith('a', 'b');
  await race.pass(10_000);
  race.cables.a.isCut = true;
  const died = race.clock.now();
  while (!race.b.leads) await race.pass(50);
  const afterMs = race.clock.now() - died;
  assert.ok(afterMs >= 2_500 && afterMs <= 3_600, `after ${afterMs} ms`);
  assert.is(race.lease.stored?.transitions, 1);
});

test('a leader that reaches nobody stops writing before anybody else may begin, and goes on when nobody did', async () => {
  const race = await raceWith('a', 'b');
  race.cables.a.isCut = true;
  race.cables.b.isCut = true;
  await race.pass(1_950);
  assert.ok(race.a.leads);
  assert.equal(race.lapsed, []);
  await race.pass(100);
  assert.not(race.a.leads);
  assert.equal(race.lapsed, ['a']);
  await race.pass(60_000);
  race.cables.a.isCut = false;
  await race.pass(500);
  assert.ok(race.a.leads);
  assert.equal(race.told, ['a leads', 'b stands by'], 'it is the same term');
  assert.is(race.lease.stored?.transitions, 0);
});

test('a leader that reaches nobody while another leads begins anew when it leads again', async () => {
  const race = await raceWith('a', 'b');
  race.cables.a.isCut = true;
  await race.pass(5_000);
  assert.ok(race.b.leads);
  await race.b.stop();
  race.cables.a.isCut = false;
  await race.pass(500);
  assert.ok(race.a.leads);
  assert.equal(race.told, ['a leads', 'b stands by', 'b leads', 'a stands by', 'a leads']);
});

test('an API server away for less than the deadline changes nothing', async () => {
  const race = await raceWith('a', 'b');
  await race.pass(5_000);
  race.cables.a.isCut = true;
  await race.pass(1_400);
  race.cables.a.isCut = false;
  await race.pass(10_000);
  assert.equal(race.told, ['a leads', 'b stands by']);
});

test('a renewal whose answer is lost does not end the term', async () => {
  const race = await raceWith('a', 'b');
  race.cables.a.losesAnswers = true;
  await race.pass(1_100);
  race.cables.a.losesAnswers = false;
  await race.pass(5_000);
  assert.equal(race.told, ['a leads', 'b stands by']);
});

test('a renewal counts from when it was sent, not from when its answer came', async () => {
  const race = new Race();
  const lock = race.lease.lock();
  const answers: (() => void)[] = [];
  const held = <T>(answer: Promise<T>) =>
    new Promise<T>((resolve) => answers.push(() => resolve(answer)));
  const slow = new Leadership(
    {
      lease: { ...lock, create: (record, ms) => held(lock.create(record, ms)) },
      clock: race.clock,
      random: () => 0,
      log: SILENT,
      onLeading: () => race.told.push('slow leads'),
      onLapse: () => {},
      onStandby: () => race.told.push('slow stands by'),
    },
    { ...OPTIONS, identity: 'slow' },
  );
  slow.start();
  await settled();
  race.clock.advance(2_000);
  answers[0]?.();
  await settled();
  assert.not(slow.leads);
  await race.pass(500);
  assert.ok(slow.leads);
});

test('a released Lease goes to the other at its next try', async () => {
  const race = await raceWith('a', 'b');
  await race.pass(5_000);
  await race.a.stop();
  assert.is(race.lease.stored?.holder, '');
  assert.not(race.a.leads);
  await race.pass(500);
  assert.ok(race.b.leads);
  await race.pass(60_000);
  assert.not(race.a.leads);
});

test('one that stands by takes nothing away when it stops', async () => {
  const race = await raceWith('a', 'b');
  await race.b.stop();
  await race.pass(1_000);
  assert.is(race.lease.stored?.holder, 'a');
});

test('a leader that was paused does not lead when it wakes up, before any timer has run', async () => {
  const race = await raceWith('a');
  const now = race.clock.now.bind(race.clock);
  race.clock.now = () => now() + 1_999;
  assert.ok(race.a.leads);
  race.clock.now = () => now() + 2_000;
  assert.not(race.a.leads);
});

test('a machine whose monotonic clock stood still is found out by its wall clock', async () => {
  const race = await raceWith('a');
  const epochMs = race.clock.epochMs.bind(race.clock);
  race.clock.epochMs = () => epochMs() + 10_000;
  assert.not(race.a.leads);
  race.clock.epochMs = epochMs;
  await race.pass(1_000);
  assert.ok(race.a.leads);
});

test('a wall clock that is set back changes nothing', async () => {
  const race = await raceWith('a', 'b');
  const epochMs = race.clock.epochMs.bind(race.clock);
  race.clock.epochMs = () => epochMs() - 3_600_000;
  await race.pass(30_000);
  assert.equal(race.told, ['a leads', 'b stands by']);
});

test('a Lease that is deleted under its leader is made anew by it, for a new term, and not taken by the other', async () => {
  const race = await raceWith('a', 'b');
  await race.pass(1_200);
  race.lease.remove();
  await race.pass(10_000);
  assert.equal(race.told, ['a leads', 'b stands by', 'a stands by', 'a leads']);
  assert.is(race.lease.stored?.holder, 'a');
});

test('a Lease that Helm brings, which nobody has held yet, is taken at once', async () => {
  const race = new Race();
  race.lease.render();
  await race.start('a', 'b');
  assert.equal(race.told, ['a leads', 'b stands by']);
  assert.is(race.lease.stored?.durationMs, 3_000);
});

test('a Lease that is deleted under its leader and made anew by Helm stays that leader’s', async () => {
  for (const goneMs of [0, 300, 700]) {
    const race = await raceWith('b', 'a');
    await race.pass(1_200);
    race.lease.remove();
    await race.pass(goneMs);
    race.lease.render();
    await race.pass(10_000);
    assert.equal(
      race.told.filter((word) => word === 'a leads'),
      [],
      `gone for ${goneMs} ms`,
    );
    assert.is(race.lease.stored?.holder, 'b');
  }
});

test('one who saw a Lease come back empty waits as if it had just been renewed', async () => {
  const race = await raceWith('a', 'b');
  race.cables.a.isCut = true;
  race.lease.remove();
  race.lease.render();
  await race.pass(2_900);
  assert.not(race.b.leads);
  await race.pass(1_200);
  assert.ok(race.b.leads);
});

test('one who saw a Lease vanish waits as if it had just been renewed', async () => {
  const race = await raceWith('a', 'b');
  race.cables.a.isCut = true;
  race.lease.remove();
  await race.pass(2_900);
  assert.not(race.b.leads);
  await race.pass(1_200);
  assert.ok(race.b.leads);
});

test('a Lease that somebody gives to another replica ends the term at the next renewal', async () => {
  const race = await raceWith('a', 'b');
  race.lease.edit({ holder: 'b' });
  await race.pass(500);
  assert.not(race.a.leads);
  assert.equal(race.told.slice(0, 3), ['a leads', 'b stands by', 'a stands by']);
});

test('a Lease that was given up by somebody else’s hand and won again is another term', async () => {
  const race = await raceWith('a');
  race.lease.edit({ holder: '' });
  await race.pass(500);
  assert.ok(race.a.leads);
  assert.equal(race.told, ['a leads', 'a stands by', 'a leads']);
});

test('a Lease of another tool that does not say how long it holds is waited for', async () => {
  const race = new Race();
  await race.lease.lock().create(
    {
      holder: 'somebody',
      durationMs: undefined,
      acquiredEpochMs: undefined,
      renewedEpochMs: undefined,
      transitions: 4,
    },
    1_000,
  );
  await race.start('a');
  await race.pass(2_900);
  assert.equal(race.told, ['a stands by']);
  await race.pass(200);
  assert.ok(race.a.leads);
  assert.is(race.lease.stored?.transitions, 5);
});

test.run();
