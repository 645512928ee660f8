import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ClassPlacements } from '../../modules/metallb/src/controller/class-placements.ts';
import type { PlacementChild } from '../../modules/metallb/src/placement/distribution.ts';
import { place } from '../../modules/metallb/src/placement/place.ts';

const NODE_NAMES = ['n1', 'n2', 'n3', 'n4'];

type Step =
  | { readonly kind: 'service'; readonly service: string; readonly count: number }
  | { readonly kind: 'nodes'; readonly eligible: readonly string[] };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('service' as const),
        service: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
        count: fc.integer({ min: 0, max: 5 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('nodes' as const),
        eligible: fc.subarray(NODE_NAMES, { minLength: 1 }),
      }),
    },
  ),
  { maxLength: 30 },
);

/** A controller's use of placements, beside the same decisions taken with all children in view. */
class Cluster {
  readonly services = new Map<string, number>();
  /** What is written in the store: child key to node. */
  readonly written = new Map<string, string>();
  eligible: readonly string[] = NODE_NAMES;
  readonly #moved = new Set<string>();
  readonly #placements = new ClassPlacements((service) => this.#moved.add(service));

  take(step: Step): void {
    if (step.kind === 'nodes') {
      this.eligible = step.eligible;
      for (const service of this.services.keys()) this.#moved.add(service);
    } else {
      this.services.set(step.service, step.count);
      this.#moved.add(step.service);
    }
    for (const service of this.#moved) {
      this.#moved.delete(service);
      this.#reconcile(service);
    }
  }

  get nodes() {
    return NODE_NAMES.map((name) => ({ name, eligible: this.eligible.includes(name) }));
  }

  get children(): PlacementChild[] {
    return [...this.services.keys()].flatMap((service) => this.#childrenOf(service));
  }

  #childrenOf(service: string): PlacementChild[] {
    return Array.from({ length: this.services.get(service) ?? 0 }, (_, order) => {
      const key = `${service}#${order}`;
      return { key, service, order, node: this.written.get(key) };
    });
  }

  #reconcile(service: string): void {
    const children = this.#childrenOf(service);
    for (const key of this.written.keys()) {
      const isLeft = key.startsWith(`${service}#`) && !children.some((child) => child.key === key);
      if (isLeft) this.written.delete(key);
    }
    if (children.length === 0) return this.#placements.forget(service);
    const placed = this.#placements.place({ className: 'c', nodes: this.nodes, children });
    for (const { key } of children) this.written.set(key, placed.get(key) ?? '');
  }
}

test('deciding Service by Service ends where deciding over all children changes nothing', () => {
  fc.assert(
    fc.property(steps, (sequence) => {
      const cluster = new Cluster();
      for (const step of sequence) {
        cluster.take(step);
        const { nodes, children } = cluster;
        const all = place({ className: 'c', nodes, children });
        assert.equal(
          children.map(({ key }) => all.get(key)),
          children.map(({ node }) => node),
        );
      }
    }),
    { numRuns: 300 },
  );
});

test('a new Service lands where it would with all children in view', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 5 }), (sequence, count) => {
      const cluster = new Cluster();
      for (const step of sequence) cluster.take(step);
      cluster.services.set('new', count);
      const { nodes, children } = cluster;
      const all = place({ className: 'c', nodes, children });
      cluster.take({ kind: 'service', service: 'new', count });
      assert.equal(
        cluster.children.map(({ node }) => node),
        children.map(({ key }) => all.get(key)),
      );
    }),
    { numRuns: 300 },
  );
});

test('a Service looked at again stays where it is, though others left its node the fullest', () => {
  const cluster = new Cluster();
  cluster.take({ kind: 'nodes', eligible: ['n1', 'n2'] });
  const services = ['s', 't', 'u', 'v', 'w', 'x'];
  for (const service of services) cluster.take({ kind: 'service', service, count: 1 });
  const on = (service: string) => cluster.written.get(`${service}#0`);
  const elsewhere = services.filter((service) => on(service) !== on('x'));
  const gone = elsewhere.slice(1);
  for (const service of gone) cluster.take({ kind: 'service', service, count: 0 });
  const before = on('x');
  cluster.take({ kind: 'service', service: 'x', count: 1 });
  assert.is(on('x'), before);
});

test.run();
