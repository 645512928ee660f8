import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isRecord } from '../../modules/metallb/src/api/fields.ts';
import type { AnnouncedReport, Report } from '../../modules/metallb/src/duty/messages.ts';
import { ClusterView } from '../../modules/metallb/src/speaker/cluster-view.ts';
import { StatusWriter } from '../../modules/metallb/src/speaker/status-writer.ts';
import { StoreFeed } from '../../modules/metallb/src/speaker/store-feed.ts';
import { WireState } from '../../modules/metallb/src/speaker/wire-state.ts';
import { InvalidError, NotFoundError } from '../../modules/metallb/src/store/errors.ts';
import { MemoryStore } from '../../modules/metallb/src/store/memory-store.ts';
import type { NewObject, Operation } from '../../modules/metallb/src/store/store.ts';
import { ip, mac } from '../support/addresses.ts';
import { addressPool, advertisement, announcedService } from '../support/announced-objects.ts';
import { balancerNode, METALLB } from '../support/cluster.ts';
import { FakeClock } from '../support/fake-clock.ts';

const IP = ip('203.0.113.1');
const SINCE_MS = Date.parse('2026-05-01T12:00:00.250Z');
/** `printf 'default/web#203.0.113.1' | sha256sum`, its first 16 digits. */
const NAME = 'l2-a8d420314da580df';
const REF = { kind: 'ServiceL2Status', namespace: 'metallb-system', name: NAME } as const;

const STATE = {
  kind: 'ConfigurationState',
  namespace: 'metallb-system',
  name: 'speaker-n1',
} as const;

const announced: AnnouncedReport = {
  ...{ type: 'announced', ip: IP, interface: 'eth0', sinceEpochMs: SINCE_MS },
  ...{ reason: 'Takeover', from: 'n2', darkMs: 200, recentMoves: 1, unchanged: false },
};
const conflict: Report = {
  ...{ type: 'conflict', ip: IP, interface: 'eth0', mac: mac('02:00:00:00:00:09'), vetoed: true },
};
const OVER: Report = { type: 'conflict-over', ip: IP, interface: 'eth0' };
const TOLD = { serviceName: 'web', serviceNamespace: 'default', ip: IP };
const OURS = { node: 'n1', since: '2026-05-01T12:00:00.250Z', reason: 'Takeover', recentMoves: 1 };

/** The writer of node n1, which announces the IP of a Service of MetalLB's API. */
class Fixture {
  readonly clock = new FakeClock();
  readonly store = new MemoryStore(this.clock);
  readonly view = new ClusterView(METALLB);
  readonly wire = new WireState();
  readonly failures: unknown[] = [];
  readonly writes: string[] = [];
  /** Writes of the node's ConfigurationState. */
  readonly configurations: string[] = [];
  /** What the API server would say to a write. */
  refusal: (operation: Operation) => Error | undefined = () => undefined;
  /** Nobody can announce the IP. */
  isRefused = false;
  readonly #writer: StatusWriter;
  readonly #started: Promise<void>;

  constructor(...more: readonly NewObject[]) {
    const { clock, store, view, wire } = this;
    const objects = [balancerNode('n1'), addressPool('public'), announcedService('web', [IP])];
    for (const object of [...objects, advertisement('all'), ...more]) store.put(object);
    const feed = new StoreFeed(store, view, {
      onChange: () => view.takeStale(),
      onStatusChange: (address) => this.#writer.ipChanged(address),
      onConfiguration: () => this.#writer.configurationChanged(),
      onProblem: (problems) => this.failures.push(...problems),
    });
    feed.start();
    this.#writer = new StatusWriter('n1', {
      ...{ store: this.#counted(), view, objects: feed, wire, clock, random: () => 0 },
      statusNamespace: 'metallb-system',
      nodeConditions: () => [],
      isRefused: (address) => this.isRefused && address === IP,
      sessions: () => [],
      onFailure: (_, error) => this.failures.push(error),
    });
    this.#started = store.start();
  }

  #counted() {
    const { store } = this;
    return Object.assign(Object.create(store), {
      write: async (operation: Operation) => {
        const refusal = this.refusal(operation);
        if (refusal !== undefined) throw refusal;
        const status = operation.do === 'patch' && operation.subresource;
        const kind = operation.do === 'create' ? operation.object.kind : operation.ref.kind;
        const told = kind === STATE.kind ? this.configurations : this.writes;
        told.push([operation.do, ...(status ? [status] : [])].join(' '));
        return store.write(operation);
      },
    });
  }

  async report(...reports: readonly Report[]): Promise<void> {
    await this.#started;
    for (const report of reports) if (this.wire.take(report)) this.#writer.reported(report);
    await this.#writer.idle();
    await this.#writer.idle();
  }

  get status(): Readonly<Record<string, unknown>> {
    const status = this.store.get(REF)?.status;
    return isRecord(status) ? status : {};
  }

  uidOf(name: string): string | undefined {
    return this.store.get({ kind: 'Service', namespace: 'default', name })?.metadata.uid;
  }

  get labels() {
    return this.store.get(REF)?.metadata.labels;
  }
}

const STATUS_OF_ANOTHER = {
  ...{ serviceName: 'web', serviceNamespace: 'default', serviceUid: 'another', ip: IP },
  announcer: { ...OURS, node: 'n2', since: '2026-05-01T12:30:00Z', recentMoves: 5 },
};
const turn = () => new Promise((resolve) => setImmediate(resolve));
const labels = (node: string) => ({
  'metallb.io/node': node,
  'metallb.io/service-name': 'web',
  'metallb.io/service-namespace': 'default',
});
const existing = (node: string, since: string): NewObject => ({
  ...{ apiVersion: 'metallb.io/v1beta1', kind: 'ServiceL2Status' },
  metadata: { namespace: 'metallb-system', name: NAME, labels: labels(node) },
  status: { ...TOLD, node, interfaces: [], announcer: { ...OURS, node, since } },
});

test('the first announcer makes the object, with all that MetalLB tells and since when', async () => {
  const fixture = new Fixture();
  await fixture.report(announced);
  const serviceUid = fixture.uidOf('web');
  const told = { ...TOLD, serviceUid, node: 'n1', interfaces: [], announcer: OURS };
  assert.equal(fixture.status, told);
  assert.equal(fixture.labels, labels('n1'));
  assert.equal(fixture.writes, ['create', 'patch status']);
  await fixture.report({ ...announced, interface: 'eth1' });
  assert.is(fixture.writes.length, 2, 'nothing is written twice');
  assert.equal(fixture.failures, []);
});

test('a successor takes the object over, its label too', async () => {
  const fixture = new Fixture(existing('n2', '2026-05-01T11:00:00Z'));
  await fixture.report(announced);
  assert.is(fixture.status['node'], 'n1');
  assert.equal(fixture.status['announcer'], OURS);
  assert.equal(fixture.labels, labels('n1'));
  assert.equal(fixture.writes, ['patch status', 'patch']);
});

test('a later announcer is left alone', async () => {
  const fixture = new Fixture(existing('n2', '2026-05-01T12:00:01Z'));
  await fixture.report(announced);
  assert.is(fixture.status['node'], 'n2');
  assert.equal(fixture.writes, []);
});

test('an object that somebody deleted is made anew as long as the IP is announced', async () => {
  const fixture = new Fixture();
  await fixture.report(announced);
  fixture.store.remove(REF);
  await turn();
  await fixture.report();
  assert.equal(fixture.status['announcer'], OURS);
});

/** As MetalLB's own definition has it: a node may come and go, and not become another. */
function isNodeReplaced(store: MemoryStore, operation: Operation): boolean {
  const status = store.get(REF)?.status;
  const isThere = isRecord(status) && 'node' in status;
  return (
    isThere &&
    operation.do === 'patch' &&
    operation.patch.some(({ op, path }) => op !== 'remove' && path === '/status/node')
  );
}

test("where MetalLB's own definition is installed, a successor takes the object over too", async () => {
  const fixture = new Fixture(existing('n2', '2026-05-01T11:00:00Z'));
  fixture.refusal = (operation) =>
    isNodeReplaced(fixture.store, operation)
      ? new InvalidError('status.node: Value is immutable')
      : undefined;
  await fixture.report(announced);
  assert.is(fixture.status['node'], 'n1');
  assert.equal(fixture.status['announcer'], OURS);
  assert.equal(fixture.labels, labels('n1'));
  assert.equal(fixture.failures, []);
});

test('what is refused for another reason is a failure', async () => {
  const fixture = new Fixture(existing('n2', '2026-05-01T11:00:00Z'));
  fixture.refusal = () => new InvalidError('status.ip: is no IP');
  await fixture.report(announced);
  assert.match(String(fixture.failures[0]), /is no IP/);
});

test('where there is no definition, nobody can be told, and that is no failure', async () => {
  const fixture = new Fixture();
  fixture.refusal = () => new NotFoundError('the server could not find the requested resource');
  await fixture.report(announced);
  assert.equal(fixture.failures, []);
});

test('interfaces are those that the advertisements allow on this node', async () => {
  const fixture = new Fixture(advertisement('all', { interfaces: ['eth1', 'eth0'] }));
  await fixture.report(announced);
  assert.equal(fixture.status['interfaces'], [{ name: 'eth0' }, { name: 'eth1' }]);
});

test('a conflict is told there too, before anybody has announced the IP', async () => {
  const fixture = new Fixture();
  await fixture.report(conflict);
  const [condition] = (fixture.status['conditions'] ?? []) as readonly Record<string, string>[];
  assert.is(condition?.['type'], 'AddressConflict');
  assert.is(condition?.['reason'], 'AddressInUse');
  assert.is(fixture.status['node'], undefined);
  assert.is(fixture.status['ip'], IP);
});

test('what the node told for a Service that is gone or made anew is taken back, what others told is not', async () => {
  const fixture = new Fixture(existing('n1', '2026-05-01T11:00:00Z'));
  await fixture.report(announced);
  assert.ok(fixture.store.get(REF), 'told of a Service that is there');
  fixture.store.remove({ kind: 'Service', namespace: 'default', name: 'web' });
  await turn();
  await fixture.report(announced);
  assert.is(fixture.store.get(REF), undefined);
  fixture.store.put(existing('n2', '2026-05-01T11:00:00Z'));
  await turn();
  await fixture.report();
  assert.ok(fixture.store.get(REF));
});

test('what the node told of an IP that nobody can announce any more is taken back once it has withdrawn it', async () => {
  const fixture = new Fixture();
  await fixture.report(announced);
  fixture.isRefused = true;
  await fixture.report(conflict, OVER);
  assert.ok(fixture.store.get(REF), 'it still announces the IP');
  const reason = 'no duty any more';
  await fixture.report({ type: 'withdrawn', ip: IP, interface: 'eth0', reason });
  assert.is(fixture.store.get(REF), undefined);
  fixture.store.put(existing('n2', '2026-05-01T11:00:00Z'));
  await turn();
  await fixture.report(conflict, OVER);
  assert.ok(fixture.store.get(REF), 'the other node takes back what it told');
});

test('of a Service made anew, the moves of the one before are not told', async () => {
  const before = existing('n2', '2026-05-01T12:30:00Z');
  const fixture = new Fixture({ ...before, status: { ...STATUS_OF_ANOTHER, node: 'n2' } });
  await fixture.report(announced);
  assert.equal(fixture.status['announcer'], OURS);
  assert.is(fixture.status['serviceUid'], fixture.uidOf('web'));
});

test('a Service that has not the IP any more is not told about', async () => {
  const fixture = new Fixture();
  fixture.store.put(announcedService('web', []));
  await fixture.report(announced);
  assert.equal(fixture.writes, []);
});

function stateOf(fixture: Fixture): string {
  const status = fixture.store.get(STATE)?.status;
  return isRecord(status) ? `${status['result']}: ${status['errorSummary']}` : 'none';
}

test('the node says whether it understands pools and advertisements', async () => {
  const fixture = new Fixture();
  await fixture.report();
  assert.is(stateOf(fixture), 'Valid: ');
  const told = fixture.configurations.length;
  fixture.store.put({ ...advertisement('all'), spec: { interfaces: 'eth0' } });
  await turn();
  await fixture.report();
  assert.match(stateOf(fixture), /^Invalid: L2Advertisement\/metallb-system\/all: spec.interfaces/);
  fixture.store.put(advertisement('all'));
  await turn();
  await fixture.report();
  assert.is(stateOf(fixture), 'Valid: ');
  fixture.store.put(addressPool('public', {}, { labels: { zone: 'a' } }));
  fixture.store.put(advertisement('elsewhere', { interfaces: 'eth0' }, 'elsewhere'));
  await turn();
  await fixture.report();
  assert.is(stateOf(fixture), 'Valid: ', 'as nobody goes by it');
  assert.is(fixture.configurations.length, told + 4, 'each change is told once');
  assert.equal(fixture.store.get(STATE)?.metadata.labels, {
    'metallb.io/component-type': 'speaker',
    'metallb.io/node-name': 'n1',
  });
});

test('where nobody uses the API, nothing is said about it', async () => {
  const fixture = new Fixture();
  for (const kind of ['IPAddressPool', 'L2Advertisement'] as const) {
    for (const { metadata } of fixture.store.list(kind))
      fixture.store.remove({ kind, ...metadata });
  }
  await fixture.report();
  assert.is(stateOf(fixture), 'none');
});

test.run();
