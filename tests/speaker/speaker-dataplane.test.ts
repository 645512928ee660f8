import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { emptyTable } from '../../modules/metallb/src/duty/duty-table.ts';
import { DutyReceiver } from '../../modules/metallb/src/duty/receiver.ts';
import type { DataPathFinding } from '../../modules/metallb/src/linux/data-path.ts';
import type { KubeProxyReading } from '../../modules/metallb/src/linux/kube-proxy.ts';
import { type ServedPools, shownPools } from '../../modules/metallb/src/linux/served-pools.ts';
import type { HostSight } from '../../modules/metallb/src/speaker/node-health.ts';
import { assignedChild, balancerClass, balancerNode } from '../support/cluster.ts';
import { BLIND, NO_WAYS, UNPROBED, UNSEEN_LINKS } from '../support/host-sight.ts';
import { INSTALLATION, SpeakerFixture, settled } from '../support/speaker-fixture.ts';

const NEW = '192.0.2.2';
const HOST_LOOK_MS = 2_000;
const lastKnownGood = {
  ...{ node: 'n1', installation: INSTALLATION, bootId: 'boot', writtenEpochMs: 0, objects: [] },
  table: emptyTable(),
  bgp: undefined,
};

/** A kube-proxy that says what the test sets. */
class FakeHost {
  reading: KubeProxyReading = { kind: 'times', times: [] };
  findings: DataPathFinding[] = [];
  readonly inspected: (readonly ServedPools[])[] = [];
  readonly told: string[] = [];
  readonly sight: HostSight = {
    dataplane: {
      ...{ hasMetrics: true, blindWaitMs: 1_000, syncedBefore: 'never' },
      look: async () => ({ metrics: this.reading, healthyPorts: new Set(), bootEpochMs: 1 }),
      onSynced: () => undefined,
    },
    excludeInterfaces: [],
    reachability: UNPROBED,
    links: UNSEEN_LINKS,
    lookUpRoutes: NO_WAYS,
    inspect: async (served) => {
      this.inspected.push(served);
      return this.findings;
    },
    onServed: (served) =>
      this.told.push(
        served === undefined
          ? 'nothing is known'
          : shownPools(served)
              .map(({ interface: name, pools }) => `${name} ${pools}`)
              .join(),
      ),
  };

  sync(epochMs: number): void {
    const times = [{ family: undefined, syncedEpochMs: epochMs, queuedEpochMs: epochMs }];
    this.reading = { kind: 'times', times };
  }
}

async function advance(fixture: SpeakerFixture, ms: number): Promise<void> {
  for (let gone = 0; gone < ms; gone += 100) {
    fixture.clock.advance(100);
    await settled();
  }
}

/** The wire serves these. */
function sees(
  fixture: SpeakerFixture,
  ...interfaces: readonly { readonly interface: string; readonly state?: string }[]
): void {
  const segments = interfaces.map((one) => ({ state: 'eligible', ...one, peers: [] }));
  fixture.report({ type: 'segments', segments });
}

/** A speaker whose wire has told everything. */
async function started(host: FakeHost): Promise<SpeakerFixture> {
  const fixture = new SpeakerFixture(undefined, host.sight);
  await fixture.speaker.start();
  await settled();
  fixture.report({ type: 'counters', counters: [] });
  sees(fixture, { interface: 'eth0' });
  return fixture;
}

function conditionsOf(fixture: SpeakerFixture): Record<string, string>[] {
  const [node] = fixture.store.list('Node');
  const { conditions } = (node?.status ?? {}) as { conditions: Record<string, string>[] };
  return conditions.filter(({ type = '' }) => type.startsWith('network.deckhouse.io/'));
}

test('a new IP reaches the wire when kube-proxy has it, those that were there at once', async () => {
  const host = new FakeHost();
  const fixture = await started(host);
  host.sync(fixture.clock.epochMs());
  await advance(fixture, 5_000);
  assert.equal(fixture.dutiesOfWire, ['192.0.2.1']);
  fixture.assign('dns', NEW);
  await settled();
  await advance(fixture, 1_000);
  assert.equal(fixture.dutiesOfWire, ['192.0.2.1']);
  assert.match(await fixture.page(), /^metallb_dataplane_waiting_ips 1$/m);
  host.sync(fixture.clock.epochMs());
  await advance(fixture, 500);
  assert.equal(fixture.dutiesOfWire, ['192.0.2.1', NEW]);
  const page = await fixture.page();
  assert.match(page, /^metallb_dataplane_waiting_ips 0$/m);
  assert.match(page, /^metallb_dataplane_wait_seconds_count\{outcome="confirmed"\} 1$/m);
});

test('the wire is told that the node fails the gate, and when it does no more; people too', async () => {
  const host = new FakeHost();
  const fixture = await started(host);
  await advance(fixture, 200);
  assert.is(fixture.wire.table.dataplaneFailed, true);
  assert.match(await fixture.page(), /^metallb_dataplane_gate_failed 1$/m);
  const [told] = conditionsOf(fixture).filter(({ status }) => status === 'True');
  assert.is(told?.['type'], 'network.deckhouse.io/DataplaneNotSynced');
  host.sync(fixture.clock.epochMs());
  await advance(fixture, 2_000);
  assert.is(fixture.wire.table.dataplaneFailed, false);
  assert.equal(
    conditionsOf(fixture).map(({ status }) => status),
    ['False'],
  );
});

test('the gate outlives a change of where duties come from', async () => {
  const host = new FakeHost();
  const fixture = new SpeakerFixture(lastKnownGood, host.sight);
  fixture.store.lose();
  await fixture.speaker.start();
  await advance(fixture, 200);
  assert.is(fixture.wire.table.dataplaneFailed, true);
  fixture.store.recover();
  await settled();
  assert.equal(fixture.dutiesOfWire, ['192.0.2.1']);
  assert.is(fixture.wire.table.dataplaneFailed, true);
});

test('conditions that the wire has not told about yet stay as they were', async () => {
  const host = new FakeHost();
  const fixture = new SpeakerFixture(undefined, host.sight);
  const stale = { type: 'network.deckhouse.io/Deaf', status: 'True', reason: 'Deaf', message: '' };
  fixture.store.put({ ...balancerNode('n1'), status: { conditions: [stale] } });
  await fixture.speaker.start();
  await advance(fixture, 3_000);
  assert.ok(fixture.speaker.status());
  assert.equal(
    conditionsOf(fixture).map(({ status }) => status),
    ['True'],
  );
  fixture.report({ type: 'counters', counters: [] });
  await advance(fixture, 100);
  assert.equal(
    conditionsOf(fixture).map(({ type, status }) => `${type?.split('/')[1]} ${status}`),
    ['Deaf False', 'DataplaneNotSynced True'],
  );
});

test('what is wrong with routes is a condition, looked at where pools are announced', async () => {
  const host = new FakeHost();
  host.findings = [{ check: 'ForwardingLoop', interface: 'eth0', message: 'sent back' }];
  const fixture = await started(host);
  host.sync(fixture.clock.epochMs());
  await advance(fixture, HOST_LOOK_MS + 200);
  const [served] = host.inspected.at(-1) ?? [];
  assert.is(served?.interface, 'eth0');
  assert.is(served?.pools.length, 1);
  const loop = conditionsOf(fixture).find(({ type }) => type?.endsWith('ForwardingLoop'));
  assert.equal([loop?.['status'], loop?.['message']], ['True', 'eth0: sent back']);
  host.findings = [];
  await advance(fixture, 60_000);
  const mended = conditionsOf(fixture).find(({ type }) => type?.endsWith('ForwardingLoop'));
  assert.is(mended?.['status'], 'False');
});

test('routes are looked at once a minute, and soon after another interface', async () => {
  const host = new FakeHost();
  const fixture = await started(host);
  await advance(fixture, 10_000);
  const before = host.inspected.length;
  for (const state of ['eligible', 'leaving'] as const) {
    sees(fixture, { interface: 'eth0', state });
  }
  await advance(fixture, 10_000);
  assert.is(host.inspected.length, before, 'nothing new to look at');
  sees(fixture, { interface: 'eth0' }, { interface: 'eth1' });
  await advance(fixture, HOST_LOOK_MS + 100);
  assert.is(host.inspected.length, before + 1);
  await advance(fixture, 60_000);
  assert.is(host.inspected.length, before + 2);
});

test('whoever guards against loops is told what is served, once, and of nothing while no wire has spoken', async () => {
  const host = new FakeHost();
  const fixture = await started(host);
  await settled();
  assert.equal(host.told, ['eth0 192.0.2.0-192.0.2.99']);
  fixture.wire = new DutyReceiver('bb');
  fixture.connect();
  fixture.store.put(balancerClass('ingress', {}, { addressPool: ['192.0.2.0/25'] }));
  await settled();
  assert.is(host.told.length, 1, 'a wire that has just started');
  sees(fixture, { interface: 'eth0' }, { interface: 'eth1' });
  assert.is(host.told.at(-1), 'eth0 192.0.2.0-192.0.2.127,eth1 192.0.2.0-192.0.2.127');
  fixture.store.put(balancerClass('ingress', {}, { nodeSelector: { role: 'another' } }));
  // Its IPs are handed over first.
  await advance(fixture, 31_000);
  assert.is(host.told.at(-1), '');
  await fixture.speaker.stop();
  assert.is(host.told.at(-1), 'nothing is known');
});

test('an IP that nobody can announce is a warning only if that still is so after a second', async () => {
  const fixture = new SpeakerFixture(undefined, BLIND);
  await fixture.speaker.start();
  const warnings = () => fixture.log.filter((line) => line.includes('nobody can announce address'));
  // Its Service's status comes a moment later.
  fixture.store.put(assignedChild('dns', NEW));
  await settled();
  fixture.clock.advance(500);
  fixture.assign('dns', NEW);
  await settled();
  fixture.clock.advance(1_000);
  assert.equal(warnings(), []);
  fixture.store.put(assignedChild('mail', '192.0.2.3'));
  await settled();
  fixture.clock.advance(999);
  assert.equal(warnings(), []);
  fixture.clock.advance(1);
  assert.is(warnings().length, 1);
  assert.match(warnings()[0] ?? '', /192\.0\.2\.3.*Service default\/mail does not name it yet/);
});

test.run();
