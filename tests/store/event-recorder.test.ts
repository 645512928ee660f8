import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  InvalidError,
  NotFoundError,
  NotLeadingError,
  StoreUnavailableError,
} from '../../modules/metallb/src/store/errors.ts';
import { EventRecorder } from '../../modules/metallb/src/store/event-recorder.ts';
import type {
  EventSink,
  Occurrence,
  RecordedEvent,
} from '../../modules/metallb/src/store/event-sink.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** A recorder and what arrives at its sink. */
class Bench implements EventSink {
  readonly clock = new FakeClock();
  readonly created: RecordedEvent[] = [];
  readonly repeated: RecordedEvent[] = [];
  readonly dropped = new Map<string, number>();
  sent = 0;
  /** Thrown at the next calls, one each. */
  readonly failures: Error[] = [];
  #random = 0;
  readonly recorder = new EventRecorder({
    sink: this,
    clock: this.clock,
    random: () => {
      this.#random = (this.#random + 0.37) % 1;
      return this.#random;
    },
    onSent: () => {
      this.sent += 1;
    },
    onDropped: (reason) => this.dropped.set(reason, (this.dropped.get(reason) ?? 0) + 1),
    onRefused: () => {},
  });

  async create(event: RecordedEvent): Promise<void> {
    this.#fail();
    this.created.push(event);
  }

  async repeat(event: RecordedEvent): Promise<void> {
    this.#fail();
    this.repeated.push(event);
  }

  async settle(passMs = 0): Promise<void> {
    this.clock.advance(passMs);
    for (let turn = 0; turn < 5_000; turn += 1) await Promise.resolve();
  }

  #fail(): void {
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
  }
}

function about(name: string, message = 'it moved'): Occurrence {
  const subject = { apiVersion: 'v1', kind: 'Service', namespace: 'default', name, uid: name };
  return { subject, type: 'Normal', reason: 'nodeAssigned', message };
}

test('what happens is told once, with when it happened', async () => {
  const bench = new Bench();
  bench.recorder.record(about('web'));
  await bench.settle();
  const [event] = bench.created;
  assert.is(event?.message, 'it moved');
  assert.equal([event?.count, event?.firstEpochMs, event?.lastEpochMs], [1, 1.7e12, 1.7e12]);
  assert.match(event?.name ?? '', /^web\.[0-9a-f]{16,}$/);
  assert.is(bench.sent, 1);
});

test('the same again is counted on the Event that is there', async () => {
  const bench = new Bench();
  bench.recorder.record(about('web'));
  await bench.settle(1_000);
  bench.recorder.record(about('web'));
  bench.recorder.record(about('web'));
  await bench.settle();
  assert.is(bench.created.length, 1);
  const [again] = bench.repeated;
  assert.is(again?.name, bench.created[0]?.name);
  assert.equal([again?.count, again?.lastEpochMs], [3, 1.7e12 + 1_000]);
});

test('another message, reason or object is another Event', async () => {
  const bench = new Bench();
  bench.recorder.record(about('web'));
  bench.recorder.record(about('web', 'it moved back'));
  bench.recorder.record({ ...about('web'), reason: 'IPReleased' });
  bench.recorder.record(about('mail'));
  await bench.settle();
  assert.is(bench.created.length, 4);
  assert.is(new Set(bench.created.map(({ name }) => name)).size, 4);
});

test('a Service of the same name that was made anew has its own Events', async () => {
  const bench = new Bench();
  const first = about('web');
  bench.recorder.record(first);
  bench.recorder.record({ ...first, subject: { ...first.subject, uid: 'another' } });
  await bench.settle();
  assert.is(bench.created.length, 2);
});

test('what happens many times before it could be told is told once, with its count', async () => {
  const bench = new Bench();
  for (let time = 0; time < 500; time += 1) bench.recorder.record(about('web'));
  await bench.settle();
  assert.equal(
    bench.created.map(({ count }) => count),
    [500],
  );
  assert.is(bench.dropped.size, 0);
});

test('an object that has too much to tell is cut short, others are not', async () => {
  const bench = new Bench();
  for (let time = 0; time < 100; time += 1) bench.recorder.record(about('web', `move ${time}`));
  bench.recorder.record(about('mail'));
  await bench.settle();
  assert.is(bench.created.length, 26);
  assert.equal([...bench.dropped], [['object-rate', 75]]);
  await bench.settle(300_000);
  bench.recorder.record(about('web', 'later'));
  await bench.settle();
  assert.is(bench.created.at(-1)?.message, 'later');
});

test('the count goes on while nothing is told, and is right when it is told again', async () => {
  const bench = new Bench();
  for (let time = 0; time < 100; time += 1) {
    bench.recorder.record(about('web'));
    await bench.settle();
  }
  assert.is(bench.repeated.at(-1)?.count, 25);
  await bench.settle(300_000);
  bench.recorder.record(about('web'));
  await bench.settle();
  assert.is(bench.repeated.at(-1)?.count, 101);
});

test('many objects at once are told at a rate that the API server can bear', async () => {
  const bench = new Bench();
  for (let index = 0; index < 1_000; index += 1) bench.recorder.record(about(`s${index}`));
  await bench.settle();
  assert.is(bench.created.length, 200);
  for (let second = 0; second < 10; second += 1) await bench.settle(1_000);
  assert.ok(bench.created.length > 300 && bench.created.length <= 400, `${bench.created.length}`);
  assert.is(bench.dropped.size, 0);
});

test('what is too much to keep is dropped and counted', async () => {
  const bench = new Bench();
  for (let index = 0; index < 10_000; index += 1) bench.recorder.record(about(`s${index}`));
  assert.equal([...bench.dropped], [['queue-full', 10_000 - 2_048]]);
});

test('an API server that is away is asked again, later and later, and gets all of it in the end', async () => {
  const bench = new Bench();
  bench.failures.push(...Array.from({ length: 3 }, () => new StoreUnavailableError('away')));
  bench.recorder.record(about('web'));
  bench.recorder.record(about('mail'));
  await bench.settle();
  assert.is(bench.created.length, 0);
  await bench.settle(999);
  await bench.settle(2_000);
  assert.is(bench.created.length, 0);
  await bench.settle(4_000);
  assert.is(bench.created.length, 2);
  assert.is(bench.dropped.size, 0);
});

test('an Event that is refused is dropped and holds up nothing', async () => {
  const bench = new Bench();
  bench.failures.push(new InvalidError('no such namespace'));
  bench.recorder.record(about('web'));
  bench.recorder.record(about('mail'));
  await bench.settle();
  assert.equal(
    bench.created.map(({ subject }) => subject.name),
    ['mail'],
  );
  assert.equal([...bench.dropped], [['refused', 1]]);
});

test('what a controller did that leads no more is not told by it', async () => {
  const bench = new Bench();
  bench.failures.push(new NotLeadingError('not any more'));
  bench.recorder.record(about('web'));
  await bench.settle(60_000);
  assert.is(bench.created.length, 0);
  assert.equal([...bench.dropped], [['not-leading', 1]]);
});

test('an Event that has expired is made anew', async () => {
  const bench = new Bench();
  bench.recorder.record(about('web'));
  await bench.settle();
  bench.failures.push(new NotFoundError('expired'));
  bench.recorder.record(about('web'));
  await bench.settle();
  assert.is(bench.created.length, 2);
  assert.is(bench.created[1]?.count, 2);
});

test('a message that is too long is cut to what the API server takes', async () => {
  const bench = new Bench();
  bench.recorder.record(about('web', 'ü'.repeat(2_000)));
  await bench.settle();
  const message = bench.created[0]?.message ?? '';
  assert.ok(Buffer.byteLength(message) <= 1_024);
  assert.match(message, /^ü{500,}…$/);
});

test('after the stop nothing is told any more', async () => {
  const bench = new Bench();
  for (let index = 0; index < 300; index += 1) bench.recorder.record(about(`s${index}`));
  await bench.settle();
  await bench.recorder.stop();
  bench.recorder.record(about('web'));
  await bench.settle(60_000);
  assert.is(bench.created.length, 200);
  assert.equal([...bench.dropped], [['stopped', 101]]);
});

test('an Event of an object with a long name has a name that is allowed', async () => {
  const bench = new Bench();
  bench.recorder.record(about(`${'a'.repeat(199)}.${'b'.repeat(50)}`));
  await bench.settle();
  const name = bench.created[0]?.name ?? '';
  assert.ok(name.length <= 253);
  assert.match(name, /^[a-z0-9]+(?:\.[a-z0-9]+)*$/);
});

test.run();
