import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type {
  DataplaneLook,
  DataplaneOptions,
} from '../../modules/metallb/src/speaker/dataplane-gate.ts';
import { DataplaneWatch } from '../../modules/metallb/src/speaker/dataplane-watch.ts';
import { ip } from '../support/addresses.ts';
import { FakeClock } from '../support/fake-clock.ts';

const IP = ip('192.0.2.1');

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A watch over a kube-proxy that answers as `times` says, when `answer` is called or at once. */
class Fixture {
  readonly clock = new FakeClock();
  readonly released: string[] = [];
  readonly pending: (() => void)[] = [];
  times: { syncedEpochMs: number; queuedEpochMs: number } | undefined;
  answersAtOnce = true;
  looks = 0;
  gates = 0;
  synced = 0;
  readonly watch: DataplaneWatch;

  constructor(options: Partial<DataplaneOptions> = {}) {
    this.watch = new DataplaneWatch(
      {
        clock: this.clock,
        look: () => this.#look(),
        onReleased: (released) => this.released.push(...released.map((one) => one.ip)),
        onGate: () => {
          this.gates += 1;
        },
        onSynced: () => {
          this.synced += 1;
        },
      },
      { hasMetrics: true, blindWaitMs: 1_000, syncedBefore: 'never', ...options },
    );
  }

  #look(): Promise<DataplaneLook> {
    this.looks += 1;
    const answer = (): DataplaneLook => ({
      metrics:
        this.times === undefined
          ? { kind: 'unreadable', reason: 'silent' }
          : { kind: 'times', times: [{ family: undefined, ...this.times }] },
      healthyPorts: new Set(),
      bootEpochMs: 1,
    });
    if (this.answersAtOnce) return Promise.resolve(answer());
    return new Promise((resolve) => this.pending.push(() => resolve(answer())));
  }

  /** kube-proxy has written everything that it knows of. */
  sync(): void {
    const epochMs = this.clock.epochMs();
    this.times = { syncedEpochMs: epochMs, queuedEpochMs: epochMs };
  }

  async advance(ms: number, stepMs = 5): Promise<void> {
    for (let gone = 0; gone < ms; gone += stepMs) {
      this.clock.advance(stepMs);
      await turn();
    }
  }
}

test('a new IP is released by the first look after the sync that has it', async () => {
  const fixture = new Fixture();
  fixture.sync();
  fixture.watch.start();
  await fixture.advance(10_000, 100);
  assert.is(fixture.looks, 1, 'nothing to learn any more');
  fixture.watch.published(IP);
  assert.ok(fixture.watch.holds(IP, []));
  await fixture.advance(100);
  assert.equal(fixture.released, []);
  fixture.sync();
  await fixture.advance(60);
  assert.equal(fixture.released, [IP]);
  const { looks } = fixture;
  await fixture.advance(10_000, 100);
  assert.is(fixture.looks, looks);
});

test('an IP that nothing confirms is released after 2 s, in a few looks', async () => {
  const fixture = new Fixture();
  fixture.sync();
  fixture.watch.start();
  await fixture.advance(10_000, 100);
  fixture.watch.published(IP);
  fixture.watch.holds(IP, []);
  await fixture.advance(1_995);
  assert.equal(fixture.released, []);
  await fixture.advance(5);
  assert.equal(fixture.released, [IP]);
  assert.ok(fixture.looks < 25, `${fixture.looks} looks`);
});

test('a look that hangs keeps no IP longer, and there is never a second one beside it', async () => {
  const fixture = new Fixture();
  fixture.answersAtOnce = false;
  fixture.watch.start();
  await turn();
  fixture.watch.published(IP);
  fixture.watch.holds(IP, []);
  await fixture.advance(2_000);
  assert.equal(fixture.released, [IP]);
  assert.is(fixture.looks, 1);
});

test('what the gate says is told when it changes, and the sync once', async () => {
  const fixture = new Fixture();
  fixture.times = { syncedEpochMs: 0, queuedEpochMs: 5 };
  fixture.watch.start();
  await fixture.advance(3_000, 100);
  assert.is(fixture.gates, 1);
  assert.ok(fixture.watch.gate.failed);
  fixture.sync();
  await fixture.advance(1_000, 100);
  assert.not(fixture.watch.gate.failed);
  assert.equal([fixture.gates, fixture.synced], [2, 1]);
});

test('a watch that has stopped tells nothing and asks nobody', async () => {
  const fixture = new Fixture();
  fixture.answersAtOnce = false;
  fixture.watch.start();
  await fixture.advance(10);
  fixture.watch.published(IP);
  fixture.watch.holds(IP, []);
  fixture.watch.stop();
  fixture.sync();
  for (const answer of fixture.pending) answer();
  await fixture.advance(5_000, 100);
  assert.equal([fixture.looks, fixture.gates, fixture.released.length], [1, 0, 0]);
});

test.run();
