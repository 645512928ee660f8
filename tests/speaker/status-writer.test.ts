import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isRecord } from '../../modules/metallb/src/api/fields.ts';
import type { AnnouncedReport, Report } from '../../modules/metallb/src/duty/messages.ts';
import { ClusterView } from '../../modules/metallb/src/speaker/cluster-view.ts';
import { StatusWriter } from '../../modules/metallb/src/speaker/status-writer.ts';
import { StoreFeed } from '../../modules/metallb/src/speaker/store-feed.ts';
import { WireState } from '../../modules/metallb/src/speaker/wire-state.ts';
import { MemoryStore } from '../../modules/metallb/src/store/memory-store.ts';
import type { Operation } from '../../modules/metallb/src/store/store.ts';
import { ip, mac } from '../support/addresses.ts';
import { assignedChild, balancerClass, balancerNode, METALLB } from '../support/cluster.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { childRef } from '../support/objects.ts';

const IP = ip('192.0.2.1');
const SINCE_MS = Date.parse('2026-05-01T12:00:00.250Z');
const announced: AnnouncedReport = {
  type: 'announced',
  ip: IP,
  interface: 'eth0',
  sinceEpochMs: SINCE_MS,
  reason: 'Takeover',
  from: 'n2',
  darkMs: 200,
  recentMoves: 1,
  unchanged: false,
};
const OURS = { node: 'n1', since: '2026-05-01T12:00:00.250Z', reason: 'Takeover', recentMoves: 1 };
const conflict: Report = {
  type: 'conflict',
  ip: IP,
  interface: 'eth0',
  mac: mac('02:00:00:00:00:09'),
  vetoed: false,
};
const deaf: Report = {
  type: 'condition',
  condition: 'Deaf',
  interface: 'eth0',
  active: true,
  message: 'no foreign frame for 1 s',
};

/** In any order: whoever was heard last is told first. */
function peers(state: 'dead' | 'eligible', nodes = ['n2', 'n3']): Report {
  const heard = nodes.map((node) => ({ node, state, lastHeardMsAgo: 10 }));
  const segment = { interface: 'eth0', state: 'eligible', peers: heard };
  return { type: 'segments', segments: [segment] };
}

/** The writer of node n1 over a store that counts its writes. */
class Fixture {
  readonly clock = new FakeClock();
  readonly store = new MemoryStore(this.clock);
  readonly view = new ClusterView(METALLB);
  readonly wire = new WireState();
  readonly failures: unknown[] = [];
  readonly writes: Operation[] = [];
  readonly writer: StatusWriter;

  constructor(announcer?: object) {
    const { clock, store, view, wire } = this;
    store.put(assignedChild('web', IP, announcer === undefined ? {} : { announcer }));
    store.put(balancerClass('ingress'));
    store.put(balancerNode('n1'));
    const ignore = () => undefined;
    const objects = new StoreFeed(store, view, {
      onChange: ignore,
      onStatusChange: ignore,
      onProblem: ignore,
      onConfiguration: ignore,
    });
    objects.start();
    const counted = {
      ...{
        watch: store.watch.bind(store),
        relist: ignore,
        start: async () => ignore(),
        stop: async () => ignore(),
      },
      write: (operation: Operation) => {
        this.writes.push(operation);
        return store.write(operation);
      },
    };
    this.writer = new StatusWriter('n1', {
      ...{ store: counted, view, objects, wire, clock },
      statusNamespace: 'metallb-system',
      nodeConditions: () => wire.nodeConditions(),
      isRefused: () => false,
      sessions: () => [],
      random: () => 0,
      onFailure: (_, error) => this.failures.push(error),
    });
  }
  async report(...reports: Report[]): Promise<void> {
    for (const report of reports) {
      if (this.wire.take(report)) this.writer.reported(report);
    }
    await this.writer.idle();
  }
  status(ref = childRef('web')): Readonly<Record<string, unknown>> {
    const status = this.store.get(ref)?.status;
    return isRecord(status) ? status : {};
  }
  conditions(ref = childRef('web')): string[] {
    const conditions: unknown = this.status(ref)['conditions'];
    return Array.isArray(conditions)
      ? conditions.map((each: Record<string, string>) => `${each['type']}=${each['status']}`)
      : [];
  }
}

async function started(announcer?: object): Promise<Fixture> {
  const fixture = new Fixture(announcer);
  await fixture.store.start();
  return fixture;
}

const other = (since: string) => ({ node: 'n2', since, reason: 'Assigned', recentMoves: 0 });
const own = { ...OURS, since: '2026-05-01T09:00:00Z' };
const rows: [string, object | undefined, AnnouncedReport, object][] = [
  ['is written where there was none', undefined, announced, OURS],
  ['replaces an earlier one', other('2026-05-01T12:00:00Z'), announced, OURS],
  [
    'leaves a later one alone',
    other('2026-05-01T12:00:01Z'),
    announced,
    other('2026-05-01T12:00:01Z'),
  ],
  ["replaces this node's own", own, announced, OURS],
  [
    "leaves this node's own alone when nothing has moved",
    own,
    { ...announced, unchanged: true },
    own,
  ],
];
for (const [name, before, report, expected] of rows) {
  test(`an announcement ${name}`, async () => {
    const fixture = await started(before);
    await fixture.report(report);
    assert.equal(fixture.status()['announcer'], expected);
    assert.equal(fixture.failures, []);
  });
}

test('a node that takes an IP on one segment after the other has moved it once', async () => {
  const fixture = await started(other('2026-05-01T12:00:00.000Z'));
  await fixture.report(announced);
  // By then the wire has read the status: one move already.
  const second = { ...announced, interface: 'mgmt0', sinceEpochMs: SINCE_MS + 63, recentMoves: 2 };
  await fixture.report(second);
  assert.equal(fixture.status()['announcer'], { ...OURS, since: '2026-05-01T12:00:00.313Z' });
});

const LATER = other('2026-05-01T12:00:01.000Z');
const CORRECTED = { node: 'n1', since: '2026-05-01T12:00:01.001Z', recentMoves: 1 };
const corrections: [string, string | undefined, object][] = [
  ['two nodes claimed the IP', undefined, { ...CORRECTED, reason: 'Dispute' }],
  ['it was another one that had it before', 'n3', { ...CORRECTED, reason: 'Dispute' }],
  ['its clock is ahead of its successor’s', 'n2', { ...CORRECTED, reason: 'Takeover' }],
];
for (const [name, from, expected] of corrections) {
  test(`an announcer that gave up again is corrected when that has settled: ${name}`, async () => {
    const fixture = await started(LATER);
    await fixture.report({ ...announced, from });
    assert.equal(fixture.status()['announcer'], LATER, 'not yet');
    fixture.clock.advance(Date.parse('2026-05-01T12:00:10Z') - fixture.clock.epochMs());
    fixture.writer.lookAgain();
    await fixture.writer.idle();
    assert.equal(fixture.status()['announcer'], expected);
    fixture.writer.ipChanged(IP);
    await fixture.writer.idle();
    assert.equal(fixture.status()['announcer'], expected, 'and stays so');
  });
}

test('a dead announcer whose clock was an hour ahead is corrected within seconds', async () => {
  const fixture = await started(other('2026-05-01T13:00:00.000Z'));
  await fixture.report({ ...announced, from: 'n2' });
  fixture.clock.advance(2_000);
  fixture.writer.lookAgain();
  await fixture.writer.idle();
  assert.equal(fixture.status()['announcer'], {
    ...{ node: 'n1', since: '2026-05-01T13:00:00.001Z', recentMoves: 1 },
    reason: 'Takeover',
  });
});

test('a later announcer is corrected once', async () => {
  const fixture = await started(LATER);
  await fixture.report(announced);
  fixture.clock.advance(Date.parse('2026-05-01T12:00:10Z') - fixture.clock.epochMs());
  fixture.writer.lookAgain();
  await fixture.writer.idle();
  const child = assignedChild('web', IP, { announcer: other('2026-05-01T12:00:05Z') });
  fixture.store.put(child);
  await Promise.resolve();
  fixture.writer.ipChanged(IP);
  fixture.writer.lookAgain();
  await fixture.writer.idle();
  assert.equal(fixture.status()['announcer'], other('2026-05-01T12:00:05Z'), 'not twice');
});

test('when other nodes are heard than before, a later announcer is corrected once more', async () => {
  const fixture = await started(LATER);
  await fixture.report(announced, peers('dead'));
  fixture.clock.advance(Date.parse('2026-05-01T12:00:10Z') - fixture.clock.epochMs());
  fixture.writer.lookAgain();
  await fixture.writer.idle();
  const again = other('2026-05-01T12:00:05.000Z');
  fixture.store.put(assignedChild('web', IP, { announcer: again }));
  await fixture.report(peers('dead', ['n3', 'n2']));
  fixture.writer.lookAgain();
  await fixture.writer.idle();
  assert.equal(fixture.status()['announcer'], again, 'nothing has changed');
  await fixture.report(peers('eligible'));
  assert.equal(fixture.status()['announcer'], again, 'not before the healing has settled');
  fixture.clock.advance(2_000);
  fixture.writer.lookAgain();
  await fixture.writer.idle();
  assert.equal(fixture.status()['announcer'], {
    ...{ node: 'n1', since: '2026-05-01T12:00:05.001Z', recentMoves: 1 },
    reason: 'Takeover',
  });
});

test('the IP and what else is in the status stay', async () => {
  const fixture = await started();
  await fixture.report(announced);
  assert.equal(fixture.status()['loadBalancer'], { ingress: [{ ip: IP }] });
});

test('what the status says already is not written again', async () => {
  const fixture = await started();
  await fixture.report(announced);
  await fixture.report(announced, deaf);
  await fixture.report(deaf);
  assert.is(fixture.writes.length, 2);
});

test('many reports of one IP are one write', async () => {
  const fixture = await started();
  await fixture.report(...[1, 2, 3].map((ms) => ({ ...announced, sinceEpochMs: SINCE_MS + ms })));
  assert.is(fixture.writes.length, 1);
});

test('all sharers of an IP name the announcer', async () => {
  const fixture = await started();
  fixture.store.put(assignedChild('web-udp', IP));
  await fixture.report(announced);
  assert.equal(fixture.status(childRef('web-udp'))['announcer'], OURS);
});

test('a conflict is a condition in words, and its end too', async () => {
  const fixture = await started();
  await fixture.report(announced, conflict);
  assert.equal(fixture.conditions(), ['AddressConflict=True']);
  assert.match(JSON.stringify(fixture.status()['conditions']), '02:00:00:00:00:09 on eth0');
  await fixture.report({ type: 'conflict-over', ip: IP, interface: 'eth0' });
  assert.equal(fixture.conditions(), ['AddressConflict=False']);
});

const conflictRows: [string, boolean, boolean, string, RegExp][] = [
  ['that vetoes', true, false, 'AddressInUse', /not announced until .*force-address: "true"/],
  ['of a forced IP that is not yet announced', true, true, 'AddressInUse', /not announced until/],
  ['of a forced IP', false, true, 'Forced', /announced all the same, as the annotation .*force-ad/],
  ['of an announced IP', false, false, 'ForeignAnswer', /it is defended/],
];
for (const [name, vetoed, forced, reason, words] of conflictRows) {
  test(`a conflict ${name} says what is done about it`, async () => {
    const fixture = await started();
    fixture.store.put(assignedChild('web-udp', IP, { forced }));
    await fixture.report(announced, { ...conflict, vetoed });
    const told = JSON.stringify(fixture.status()['conditions']).replaceAll('\\"', '"');
    assert.match(told, `"reason":"${reason}"`);
    assert.match(told, words);
  });
}

test('a conflict on one interface lasts when one on another ends', async () => {
  const fixture = await started();
  await fixture.report(announced, conflict, { ...conflict, interface: 'eth1' });
  await fixture.report({ type: 'conflict-over', ip: IP, interface: 'eth0' });
  assert.equal(fixture.conditions(), ['AddressConflict=True']);
});

const node = { kind: 'Node', name: 'n1' } as const;

test('a condition of a segment is one of the Node, beside those of the kubelet', async () => {
  const fixture = await started();
  await fixture.report(deaf);
  assert.equal(fixture.conditions(node), ['Ready=True', 'network.deckhouse.io/Deaf=True']);
  await fixture.report({ ...deaf, active: false });
  assert.equal(fixture.conditions(node), ['Ready=True', 'network.deckhouse.io/Deaf=False']);
});

test('what waits for an unreachable store is written when it is back', async () => {
  const fixture = await started();
  fixture.store.lose();
  await fixture.report(announced);
  assert.is(fixture.failures.length, 1);
  fixture.store.recover();
  fixture.clock.advance(30_000);
  await fixture.writer.idle();
  assert.equal(fixture.status()['announcer'], OURS);
});

test('nothing is written for an IP whose children are gone', async () => {
  const fixture = await started();
  fixture.store.remove(childRef('web'));
  await fixture.report(announced);
  assert.equal(fixture.writes, []);
});

test.run();
