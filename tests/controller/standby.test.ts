import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { Controller } from '../../modules/metallb/src/controller/controller.ts';
import { fencedStore } from '../../modules/metallb/src/controller/fenced-store.ts';
import { NotLeadingError } from '../../modules/metallb/src/store/errors.ts';
import { MemoryStore } from '../../modules/metallb/src/store/memory-store.ts';
import type {
  Operation,
  Watch,
  WatchEvent,
  WatchOptions,
} from '../../modules/metallb/src/store/store.ts';
import { child, classOf, node, service } from '../support/cluster-objects.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { SILENT } from '../support/silent-log.ts';

/** A store whose writes can be held up, and whose watches may lag behind from some moment on. */
class SlowStore extends MemoryStore {
  readonly writes: Operation[] = [];
  isBehind = false;
  #gate: Promise<void> = Promise.resolve();
  #openGate: () => void = () => {};

  holdWrites(): void {
    this.#gate = new Promise((resolve) => {
      this.#openGate = resolve;
    });
  }

  letWrites(): void {
    this.#openGate();
  }

  override async write(operation: Operation): Promise<KubernetesObject | undefined> {
    this.writes.push(operation);
    await this.#gate;
    return await super.write(operation);
  }

  /** A watch that is open hears no changes while it is behind; one that is opened lists what is so. */
  override watch(options: WatchOptions, onEvent: (event: WatchEvent) => void): Watch {
    return super.watch(options, (event) => {
      if (event.type !== 'changed' || !this.isBehind) onEvent(event);
    });
  }
}

class Bench {
  readonly clock = new FakeClock();
  readonly store = new SlowStore(this.clock);
  readonly controller = new Controller({
    ...{ store: this.store, clock: this.clock, random: () => 0, log: SILENT, tell: () => {} },
  });

  static async of(...objects: KubernetesObject[]): Promise<Bench> {
    const bench = new Bench();
    const pool = classOf('ingress', { isDefault: true });
    for (const object of [pool, node('n1'), ...objects]) bench.store.put(object);
    await bench.store.start();
    return bench;
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 30; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      this.clock.advance(100);
    }
  }

  ips(name: string): string {
    const object = this.store.get({ kind: 'Service', namespace: 'default', name });
    return (
      JSON.stringify(object?.status ?? '')
        .match(/\d+\.\d+\.\d+\.\d+/g)
        ?.join() ?? ''
    );
  }
}

test('a standby knows the cluster, is ready, and writes nothing', async () => {
  const bench = await Bench.of(service('web'));
  bench.controller.standBy();
  await bench.settle();
  assert.ok(bench.controller.ready);
  assert.not(bench.controller.leading);
  assert.equal(bench.store.writes, []);
  assert.is(bench.controller.usage().size, 0);
});

test('it works as soon as it leads', async () => {
  const bench = await Bench.of(service('web'));
  bench.controller.standBy();
  await bench.settle();
  bench.controller.lead();
  await bench.settle();
  assert.ok(bench.controller.leading);
  assert.is(bench.ips('web'), '192.0.2.10');
});

test('it gives no IP that its predecessor gave a moment ago, although its watch has not told yet', async () => {
  const bench = await Bench.of(service('a'), service('b'));
  bench.controller.standBy();
  await bench.settle();
  bench.store.isBehind = true;
  bench.store.put(
    child('b-ingress-0', { service: 'b', className: 'ingress', node: 'n1', ips: ['192.0.2.10'] }),
  );
  bench.controller.lead();
  await bench.settle();
  assert.equal([bench.ips('a'), bench.ips('b')], ['192.0.2.11', '192.0.2.10']);
});

test('one that leads no more writes nothing from that moment on, not even what it had begun', async () => {
  const bench = await Bench.of(service('web', { count: 3 }));
  bench.controller.lead();
  bench.store.holdWrites();
  await bench.settle();
  const begun = bench.store.writes.length;
  bench.controller.standBy();
  bench.store.letWrites();
  await bench.settle();
  assert.is(bench.store.writes.length, begun);
  assert.not(bench.controller.leading);
});

test('nothing of a term is remembered in the next one', async () => {
  const bench = await Bench.of(service('a'));
  bench.controller.lead();
  await bench.settle();
  bench.controller.standBy();
  await bench.settle();
  // Another controller led meanwhile: the Service is gone, and its IP is somebody else's.
  bench.store.remove({ kind: 'Service', namespace: 'default', name: 'a' });
  bench.store.put(service('b'));
  bench.store.put(
    child('b-ingress-0', { service: 'b', className: 'ingress', node: 'n1', ips: ['192.0.2.10'] }),
  );
  bench.store.put(service('c'));
  bench.controller.lead();
  await bench.settle();
  assert.equal([bench.ips('b'), bench.ips('c')], ['192.0.2.10', '192.0.2.11']);
});

test('the next term waits for the writes of the one before', async () => {
  const bench = await Bench.of(service('web'));
  bench.controller.lead();
  bench.store.holdWrites();
  await bench.settle();
  bench.controller.standBy();
  bench.controller.lead();
  await bench.settle();
  assert.not(bench.controller.leading);
  bench.store.letWrites();
  await bench.settle();
  assert.ok(bench.controller.leading);
  assert.is(bench.ips('web'), '192.0.2.10');
});

test('a stop lets what was begun be written to its end', async () => {
  const bench = await Bench.of(service('web'));
  bench.controller.lead();
  bench.store.holdWrites();
  await bench.settle();
  const stopped = bench.controller.stop();
  bench.store.letWrites();
  await stopped;
  assert.is(bench.ips('web'), '192.0.2.10');
});

test('a fenced store asks before each write, and reads as before', async () => {
  const bench = await Bench.of();
  let leads = true;
  const store = fencedStore(bench.store, () => leads);
  const remove = { do: 'delete', ref: { kind: 'Node', name: 'n1' } } as const;
  leads = false;
  const refusal = await store.write(remove).catch((reason: unknown) => reason);
  assert.instance(refusal, NotLeadingError);
  assert.ok(bench.store.get(remove.ref));
  leads = true;
  await store.write(remove);
  assert.not(bench.store.get(remove.ref));
});

test.run();
