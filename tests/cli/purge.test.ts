import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CHILD_KIND, CLASS_KIND, LABEL } from '../../modules/metallb/src/api/names.ts';
import { readCommand } from '../../modules/metallb/src/cli/command-line.ts';
import { CommandFailure } from '../../modules/metallb/src/cli/failure.ts';
import type { ControllerLease } from '../../modules/metallb/src/cli/find-leader.ts';
import { plain } from '../../modules/metallb/src/cli/paint.ts';
import { type PurgeCluster, type PurgeReport, purge } from '../../modules/metallb/src/cli/purge.ts';
import { formatPurge } from '../../modules/metallb/src/cli/purge-text.ts';
import { UsageError } from '../../modules/metallb/src/settings/settings.ts';
import { MemoryStore } from '../../modules/metallb/src/store/memory-store.ts';
import type { Operation } from '../../modules/metallb/src/store/store.ts';
import { boundTo, child, node, service } from '../support/cluster-objects.ts';
import { FakeClock } from '../support/fake-clock.ts';

const YES = { yes: true, force: false };
const owner = { apiVersion: 'v1', kind: 'Service', name: 'web', uid: 'uid-default-web' };

/** A cluster in memory with one Service of two IPs. */
class Cluster implements PurgeCluster {
  readonly clock = new FakeClock();
  readonly store = new MemoryStore(this.clock);
  readonly writes: string[] = [];
  /** Whether API servers ask the module for versions of a BGPPeer. */
  asks = false;
  /** Looked at one after the other; the last one stays. */
  held: ControllerLease[][] = [[]];
  /** Called before each write. */
  interfere: (operation: Operation) => void = () => undefined;

  constructor(finalizers?: readonly string[]) {
    const ingress = [{ ip: '192.0.2.10' }, { ip: '192.0.2.11' }];
    const conditions = [...boundTo('c').status.conditions];
    this.store.load([
      service('web', { status: { loadBalancer: { ingress }, conditions } }),
      ...['0', '1'].map((number) =>
        child(
          `web-c-${number}`,
          { service: 'web', className: 'c', ips: [`192.0.2.1${number}`] },
          {
            metadata: {
              ownerReferences: [{ ...owner, controller: true }],
              ...(finalizers && { finalizers, deletionTimestamp: '2026-01-01T00:00:00Z' }),
            },
          },
        ),
      ),
      node('n1', { [LABEL.member]: '' }),
    ]);
  }

  async leases(): Promise<readonly ControllerLease[]> {
    return (this.held.length > 1 ? this.held.shift() : this.held[0]) ?? [];
  }

  async view() {
    return {
      services: this.store.list('Service'),
      children: this.store.list(CHILD_KIND),
      nodes: this.store.list('Node'),
      classes: this.store.list(CLASS_KIND),
      metallb: [],
    };
  }

  readonly peers = {
    isAsking: async () => this.asks,
    letGo: async () => {
      const asked = this.asks;
      this.asks = false;
      return asked;
    },
  };

  async write(operation: Operation): Promise<unknown> {
    this.interfere(operation);
    const ref = operation.do === 'create' ? undefined : operation.ref;
    this.writes.push(`${operation.do} ${ref?.kind}`);
    return this.store.write(operation);
  }

  /** Does it while time goes by. */
  async purge(wish: { yes: boolean; force: boolean }): Promise<PurgeReport | string> {
    let outcome: PurgeReport | string | undefined;
    purge(wish, this, this.clock).then(
      (report) => {
        outcome = report;
      },
      (error: unknown) => {
        outcome = error instanceof CommandFailure ? error.message : `not foreseen: ${error}`;
      },
    );
    for (let turn = 0; outcome === undefined && turn < 200; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      this.clock.advance(250);
    }
    return outcome ?? 'no end';
  }
}

function lease(version: string, holder = 'pod-1', durationMs: number | undefined = 3_000) {
  const times = { acquiredEpochMs: undefined, renewedEpochMs: undefined };
  const namespace = 'metallb-system';
  return { namespace, lease: { version, holder, durationMs, ...times, transitions: 0 } };
}

const REMOVED = [
  'Service default/web: IP 192.0.2.10, IP 192.0.2.11, condition network.deckhouse.io/load-balancer-class',
  'SDNInternalL2LBService default/web-c-0: ',
  'SDNInternalL2LBService default/web-c-1: ',
  `Node n1: label ${LABEL.member}`,
];

function told(report: PurgeReport | string): string[] {
  if (typeof report === 'string') return [report];
  return report.removals.map(({ kind, object, parts }) => `${kind} ${object}: ${parts.join(', ')}`);
}

test('without --yes it tells what it would remove and writes nothing, also while a controller leads', async () => {
  const cluster = new Cluster();
  cluster.held = [[lease('1')], [lease('2')]];
  const report = await cluster.purge({ yes: false, force: false });
  assert.equal(told(report), REMOVED);
  assert.equal(cluster.writes, []);
});

test('with it, Services come before their children; the second time there is nothing to do', async () => {
  const cluster = new Cluster();
  const report = await cluster.purge(YES);
  assert.equal(told(report), REMOVED);
  assert.equal(cluster.writes, [
    ...['patch Service', `delete ${CHILD_KIND}`, `delete ${CHILD_KIND}`, 'patch Node'],
  ]);
  assert.equal(await cluster.purge(YES), { written: true, removals: [], leaving: [] });
});

const LEADERS: [sentence: string, held: ControllerLease[][], refused: boolean][] = [
  ['a Lease that its holder renews', [[lease('1')], [lease('1')], [lease('2')]], true],
  ['a Lease that is taken while it is looked at', [[lease('1')], [lease('2', 'pod-2')]], true],
  ['a Lease whose holder has died', [[lease('1')]], false],
  [
    'a Lease whose holder has died, and that does not say for how long',
    [[{ ...lease('1'), lease: { ...lease('1').lease, durationMs: undefined } }]],
    false,
  ],
  ['a Lease that nobody holds', [[lease('1', '')], [lease('2', '')]], false],
  ['a Lease that is given up', [[lease('1')], [lease('2', '')]], false],
  ['no Lease', [[]], false],
];
for (const [sentence, held, refused] of LEADERS) {
  test(`${sentence} is ${refused ? 'a' : 'no'} reason to refuse`, async () => {
    const cluster = new Cluster();
    cluster.held = held;
    const report = await cluster.purge(YES);
    if (refused)
      assert.match(String(report), /^controller pod-\d leads \(namespace metallb-system\)/);
    assert.is(cluster.writes.length, refused ? 0 : 4);
  });
}

test('--force asks for no Lease', async () => {
  const cluster = new Cluster();
  cluster.held = [[lease('1')], [lease('2')]];
  assert.equal(told(await cluster.purge({ yes: true, force: true })), REMOVED);
});

test('what somebody changes meanwhile is looked at again', async () => {
  const cluster = new Cluster();
  let isFirst = true;
  cluster.interfere = ({ do: verb }) => {
    const [web] = cluster.store.list('Service');
    if (verb === 'patch' && isFirst && web !== undefined) cluster.store.put({ ...web, extra: 1 });
    isFirst = false;
  };
  assert.equal(told(await cluster.purge(YES)), REMOVED);
  assert.equal((await cluster.view()).services[0]?.status, { loadBalancer: {}, conditions: [] });
});

test('who writes all of it anew each time is named', async () => {
  const cluster = new Cluster();
  cluster.interfere = ({ do: verb }) => {
    if (verb === 'patch') cluster.store.put(node('n2', { [LABEL.member]: '' }));
    if (verb === 'patch') cluster.store.put(node('n3', { [LABEL.member]: '' }));
  };
  const report = await cluster.purge(YES);
  assert.match(String(report), /^Node n\d is written anew each time: end the controller/);
});

test('a child that a finalizer holds is waited for, and then told', async () => {
  const cluster = new Cluster(['example.com/hold']);
  const report = await cluster.purge(YES);
  assert.ok(typeof report !== 'string');
  assert.equal(report.leaving[0], { child: 'default/web-c-0', finalizers: ['example.com/hold'] });
  assert.ok(cluster.clock.now() >= 10_000);
  assert.match(
    formatPurge(report, plain).join('\n'),
    'SDNInternalL2LBService default/web-c-0 is deleted once example.com/hold lets go of it',
  );
});

test('as text it is a table and a sentence', () => {
  const removals = [
    { kind: 'Service', object: 'default/web', parts: ['IP 192.0.2.10', 'condition a'] },
    { kind: CHILD_KIND, object: 'default/web-c-0', parts: [] },
  ] as const;
  const lines = (written: boolean) => formatPurge({ written, removals, leaving: [] }, plain);
  assert.equal(lines(false), [
    'OBJECT                                  WOULD BE REMOVED',
    'Service default/web                     IP 192.0.2.10, condition a',
    'SDNInternalL2LBService default/web-c-0  the object',
    '',
    '2 objects; nothing was written: --yes does it',
  ]);
  assert.is(lines(true).at(-1), 'removed from 2 objects');
  assert.equal(formatPurge({ written: true, removals: [], leaving: [] }, plain), [
    'nothing of the module is left to remove',
  ]);
});

test('it is asked for in so many words, and for a cluster only', () => {
  const asked = (line: string) => readCommand(['purge', ...line.split(' ')], {});
  const command = { verb: 'purge', output: 'text', yes: false, force: false };
  assert.equal(asked('--store kubernetes'), command);
  assert.equal(asked('--store=kubernetes --yes --force -o json'), {
    ...{ ...command, yes: true, force: true, output: 'json' },
  });
  assert.throws(
    () => asked('--store manifests:/m --yes'),
    (error: unknown) =>
      error instanceof UsageError && error.message.startsWith('--store: expected kubernetes'),
  );
});

test('the definition of BGPPeer no longer asks a module that is gone', async () => {
  const cluster = new Cluster();
  cluster.asks = true;
  const conversion =
    'CustomResourceDefinition bgppeers.metallb.io: conversion by the webhook of the module';
  assert.equal(told(await cluster.purge({ ...YES, yes: false })), [...REMOVED, conversion]);
  assert.is(cluster.asks, true);
  cluster.held = [[lease('1')], [lease('2')]];
  assert.match(told(await cluster.purge(YES)).join(), /leads/);
  assert.is(cluster.asks, true);
  cluster.held = [[]];
  assert.equal(told(await cluster.purge(YES)), [...REMOVED, conversion]);
  assert.is(cluster.asks, false);
});

test.run();
