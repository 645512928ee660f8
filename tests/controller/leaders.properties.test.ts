import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { listAt, valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import { CHILD_KIND } from '../../modules/metallb/src/api/names.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { Controller } from '../../modules/metallb/src/controller/controller.ts';
import { fencedStore } from '../../modules/metallb/src/controller/fenced-store.ts';
import { Leadership } from '../../modules/metallb/src/controller/leadership.ts';
import { MemoryStore } from '../../modules/metallb/src/store/memory-store.ts';
import { classOf, node, service } from '../support/cluster-objects.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { MemoryLease } from '../support/memory-lease.ts';
import { SILENT } from '../support/silent-log.ts';
import { SimulatedProcess } from '../support/simulated-process.ts';

const SERVICES = 200;
/** Half of what the margin between the deadline and the duration allows: there and back again. */
const SLOWEST_MS = 400;
/** A watch may be behind for longer than a Lease lasts. */
const LAZIEST_MS = 8_000;
const OPTIONS = { durationMs: 3_000, renewDeadlineMs: 2_000, retryMs: 500 };

interface Replica {
  readonly process: SimulatedProcess;
  readonly controller: Controller;
  readonly leadership: Leadership;
}

/** What may happen to the replica that leads, or to the other. */
type Fault =
  | { readonly kind: 'pause'; readonly ms: number }
  | { readonly kind: 'kill' | 'terminate' }
  | { readonly kind: 'clock step'; readonly ms: number };

interface Blow {
  readonly afterMs: number;
  readonly onLeader: boolean;
  readonly fault: Fault;
}

const blow: fc.Arbitrary<Blow> = fc.record({
  afterMs: fc.integer({ min: 0, max: 6_000 }),
  onLeader: fc.boolean(),
  fault: fc.oneof(
    fc.record({ kind: fc.constant('pause' as const), ms: fc.integer({ min: 100, max: 12_000 }) }),
    fc.record({ kind: fc.constantFrom('kill' as const, 'terminate' as const) }),
    fc.record({
      kind: fc.constant('clock step' as const),
      ms: fc.integer({ min: -86_400_000, max: 86_400_000 }),
    }),
  ),
});

/** Two replicas, a cluster that remembers all that was ever written, and users who go on creating Services. */
class Scene {
  readonly clock = new FakeClock();
  readonly store = new MemoryStore(this.clock);
  readonly lease = new MemoryLease();
  readonly #random: () => number;
  /** What should never have happened: an error thrown there and then would be taken for the store's. */
  readonly #violations = new Set<string>();
  /** By child: the IP that it once got. */
  readonly #given = new Map<string, string>();
  /** By IP: the child that has it. */
  readonly #holders = new Map<string | undefined, string>();
  #replicas: Replica[] = [];
  #started = 0;
  #services = 0;

  constructor(seed: number) {
    this.#random = randomFrom(seed);
  }

  async begin(): Promise<void> {
    this.store.put(classOf('ingress', { isDefault: true, addressPool: ['192.0.0.0/22'] }));
    for (const name of ['n1', 'n2', 'n3']) this.store.put(node(name));
    this.store.watch({ kind: CHILD_KIND }, (event) => {
      if (event.type === 'changed') this.#look(event.object);
      if (event.type === 'deleted')
        this.#holders.delete(this.#given.get(event.object.metadata.uid));
    });
    await this.store.start();
    this.#replicas = [this.#start(), this.#start()];
  }

  async pass(ms: number, stepMs = 25): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      const wanted = this.#random() < 0.3 ? this.#random() * 8 : 0;
      for (let created = 0; created < wanted; created += 1) this.#createService();
      this.clock.advance(Math.min(stepMs, left));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  strike({ onLeader, fault }: Blow): void {
    const index = this.#replicas.findIndex(({ leadership }) => leadership.leads === onLeader);
    const replica = this.#replicas[index];
    if (replica === undefined) return;
    const { process, controller, leadership } = replica;
    if (fault.kind === 'pause') {
      process.pause();
      this.clock.after(fault.ms, () => process.resume());
    } else if (fault.kind === 'clock step') {
      process.wallClockErrorMs += fault.ms;
    } else {
      if (fault.kind === 'kill') process.kill();
      else void controller.stop().then(() => leadership.stop());
      this.#replicas[index] = this.#start();
    }
  }

  async finish(): Promise<void> {
    while (this.#services < SERVICES) this.#createService();
    // A Service whose requests are lost again and again is tried a minute later at the latest.
    for (let minutes = 0; minutes < 5 && this.#incomplete() > 0; minutes += 1) {
      await this.pass(60_000, 200);
    }
    assert.equal([...this.#violations], []);
    const assigned = this.#assigned();
    const incomplete = this.#incomplete();
    assert.is(incomplete, 0, `${incomplete} of ${assigned.length} Services lack an IP`);
    assert.is(new Set(assigned.flat()).size, SERVICES * 2);
  }

  #incomplete(): number {
    return this.#assigned().filter((ips) => ips.length !== 2).length;
  }

  #assigned(): unknown[][] {
    return this.store.list('Service').map((object) => {
      const entries = listAt(object.status, 'loadBalancer', 'ingress');
      return entries.map((entry) => valueAt(entry, 'ip'));
    });
  }

  #createService(): void {
    if (this.#services === SERVICES) return;
    this.#services += 1;
    this.store.put(service(`s${this.#services}`, { count: 2 }));
  }

  #start(): Replica {
    const identity = `replica-${this.#started}`;
    this.#started += 1;
    const process = new SimulatedProcess(identity, {
      clock: this.clock,
      store: this.store,
      lease: this.lease,
      delayMs: () => (this.#random() < 0.02 ? undefined : this.#random() ** 8 * SLOWEST_MS),
      lagMs: () => this.#random() ** 8 * LAZIEST_MS,
      onWrite: (writer) => {
        const holder = this.lease.stored?.holder;
        if (writer !== holder) this.#violations.add(`${writer} wrote while ${holder} led`);
      },
    });
    const leads = () => leadership.leads;
    const { clock } = process;
    const ports = { clock, random: this.#random, log: SILENT, tell: () => {} };
    const controller = new Controller({ ...ports, store: fencedStore(process.store, leads) });
    const leadership = new Leadership(
      {
        ...ports,
        lease: process.lease,
        onLeading: () => controller.lead(),
        onLapse: () => {},
        onStandby: () => controller.standBy(),
      },
      { ...OPTIONS, identity },
    );
    leadership.start();
    return { process, controller, leadership };
  }

  /** At every moment: no IP twice, and none taken away from whom it was given to. */
  #look({ metadata, status }: KubernetesObject): void {
    const [entry] = listAt(status, 'loadBalancer', 'ingress');
    const ip = entry === undefined ? undefined : String(valueAt(entry, 'ip'));
    const before = this.#given.get(metadata.uid);
    if (before !== undefined && ip !== before) {
      this.#violations.add(`${metadata.name} moved from ${before} to ${ip}`);
    }
    if (ip === undefined) return;
    const holder = this.#holders.get(ip) ?? metadata.uid;
    if (holder !== metadata.uid) this.#violations.add(`${holder} and ${metadata.uid} have ${ip}`);
    this.#holders.set(ip, metadata.uid);
    this.#given.set(metadata.uid, ip);
  }
}

/** mulberry32 */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

test('whatever happens to two controllers, no IP is given twice, lost or moved, and only the leader writes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.array(blow, { minLength: 3, maxLength: 8 }),
      async (seed, blows) => {
        const scene = new Scene(seed);
        await scene.begin();
        for (const each of blows) {
          await scene.pass(each.afterMs);
          scene.strike(each);
        }
        await scene.finish();
      },
    ),
    // A counterexample made smaller would take minutes.
    { numRuns: 5, endOnFailure: true },
  );
});

test.run();
