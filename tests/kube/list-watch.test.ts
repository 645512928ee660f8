import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isRecord } from '../../modules/metallb/src/api/fields.ts';
import { type ConnectedClient, connect } from '../../modules/metallb/src/kube/api-client.ts';
import { KubeStore } from '../../modules/metallb/src/kube/kube-store.ts';
import { FakeApiServer, type FakeRequest } from '../support/fake-api-server.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { turnUntil } from '../support/turn-until.ts';
import { keysOf, WatchRecorder } from '../support/watch-recorder.ts';

interface Bench {
  readonly server: FakeApiServer;
  readonly clock: FakeClock;
  readonly client: ConnectedClient;
  readonly store: KubeStore;
  readonly watch: WatchRecorder;
  readonly unreadable: string[];
}

const test = suite<Bench>('list and watch');
const EXPIRED = { kind: 'Status', message: 'too old resource version', code: 410 };

test.before.each(async (context) => {
  const server = new FakeApiServer();
  await server.start();
  const clock = new FakeClock();
  const client = connect({ kubeconfig: server.kubeconfig, clock });
  const unreadable: string[] = [];
  const store = new KubeStore({
    ...{ client, clock, random: () => 0 },
    onUnreadable: (kind, error) => unreadable.push(`${kind}: ${error.message}`),
  });
  await store.start();
  const watch = new WatchRecorder(store, { kind: 'Service', labels: { team: 'web' } });
  Object.assign(context, { server, clock, client, store, watch, unreadable });
});

test.after.each(async ({ server, store, client }) => {
  await store.stop();
  client.close();
  await server.stop();
});

function service(name: string, resourceVersion: string, more: object = {}): object {
  const uid = `uid-${name}`;
  const creationTimestamp = '2026-01-01T00:00:00Z';
  const metadata = { name, namespace: 'default', uid, resourceVersion, creationTimestamp };
  return { metadata: { ...metadata, managedFields: [{ manager: 'x' }] }, ...more };
}

function listOf(resourceVersion: string, names: readonly string[], next?: string): object {
  const items = names.map((name) => service(name, '1'));
  return { metadata: { resourceVersion, ...(next && { continue: next }) }, items };
}

/** The list is answered, and the watch after it is open: the client has heard from it. */
async function opened(bench: Bench, names: readonly string[] = ['a']): Promise<FakeRequest> {
  (await bench.server.next()).answer(200, listOf('10', names));
  const watch = await bench.server.next();
  watch.open();
  watch.line({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '10' } } });
  await bench.watch.next('bookmark');
  return watch;
}

/** The next request, and the time until it came. */
async function nextAfter({ server, clock }: Bench): Promise<FakeRequest & { waitedMs: number }> {
  const from = clock.now();
  const request = await turnUntil(server.next(), () => clock.advance(10));
  return Object.assign(request, { waitedMs: clock.now() - from });
}

test('a list comes in pages, each object with its kind and without what nobody reads', async (bench) => {
  const first = await bench.server.next();
  assert.is(first.path, '/api/v1/services');
  assert.equal(first.query, { labelSelector: 'team=web', limit: '500' });
  first.answer(200, listOf('10', ['a', 'b'], 'more'));
  const second = await bench.server.next();
  assert.is(second.query['continue'], 'more');
  second.answer(200, listOf('10', ['c']));
  const { objects, revision } = await bench.watch.next('listed');
  assert.is(revision, 10);
  assert.equal(keysOf(objects), ['default/a', 'default/b', 'default/c']);
  assert.equal(
    objects.map(({ apiVersion, kind, metadata }) => [
      apiVersion,
      kind,
      'managedFields' in metadata,
    ]),
    Array(3).fill(['v1', 'Service', false]),
  );
});

test('a node comes without its images', async ({ server, store }) => {
  await server.next();
  const nodes = new WatchRecorder(store, { kind: 'Node' });
  const status = { images: [{ names: ['x'] }], conditions: [], volumesInUse: [] };
  (await server.next()).answer(200, {
    metadata: { resourceVersion: '1' },
    items: [service('n1', '1', { status })],
  });
  assert.equal((await nodes.next('listed')).objects[0]?.status, { conditions: [] });
});

test('a list that takes too long for the API server begins anew, and that is no loss', async (bench) => {
  (await bench.server.next()).answer(200, listOf('10', ['a'], 'more'));
  (await bench.server.next()).answer(410, EXPIRED);
  const again = await nextAfter(bench);
  assert.equal(again.query, { labelSelector: 'team=web', limit: '500' });
  again.answer(200, listOf('11', ['b']));
  assert.equal(await firstHeard(bench), 'listed default/b');
});

async function firstHeard({ watch }: Bench): Promise<string | undefined> {
  for (;;) {
    const [first] = watch.drain();
    if (first !== undefined) return first;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('a watch goes on from the list, with bookmarks, for five to ten minutes', async (bench) => {
  const { query } = await opened(bench);
  assert.equal(query, {
    labelSelector: 'team=web',
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion: '10',
    timeoutSeconds: '300',
  });
});

test('changes, deletions and bookmarks are told with their versions', async (bench) => {
  const stream = await opened(bench);
  stream.line({ type: 'ADDED', object: service('b', '11') });
  stream.line({ type: 'MODIFIED', object: service('b', '12') });
  stream.line({ type: 'DELETED', object: service('a', '13') });
  stream.line({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '20' } } });
  assert.is((await bench.watch.next('changed')).revision, 11);
  assert.is((await bench.watch.next('changed')).revision, 12);
  const { object, revision } = await bench.watch.next('deleted');
  assert.equal([object.metadata.name, object.kind, revision], ['a', 'Service', 13]);
  assert.is((await bench.watch.next('bookmark')).revision, 20);
});

test('a watch that ends goes on from the last version, without a list and without a loss', async (bench) => {
  const stream = await opened(bench);
  stream.line({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '20' } } });
  await bench.watch.next('bookmark');
  bench.clock.advance(60_000);
  stream.end();
  const again = await bench.server.next();
  assert.is(again.query['resourceVersion'], '20');
  again.open();
  again.line({ type: 'ADDED', object: service('b', '21') });
  assert.equal(await firstHeard(bench), 'changed default/b');
});

test('a watch that ends at once is not opened again at once', async (bench) => {
  (await opened(bench)).end();
  const waits: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const again = await nextAfter(bench);
    waits.push(again.waitedMs);
    again.open();
    again.end();
  }
  assert.ok(
    waits.every((ms, round) => ms >= 250 * 2 ** round),
    JSON.stringify(waits),
  );
});

const FORGOTTEN: [how: string, forget: (stream: FakeRequest) => void][] = [
  ['in the stream', (stream) => stream.line({ type: 'ERROR', object: EXPIRED })],
  ['after its end', (stream) => stream.end()],
];
for (const [how, forget] of FORGOTTEN) {
  test(`a version forgotten ${how} makes the watch list again, and that is no loss`, async (bench) => {
    const stream = await opened(bench);
    forget(stream);
    if (how === 'in the stream') stream.end();
    else (await nextAfter(bench)).answer(410, EXPIRED);
    const list = await nextAfter(bench);
    assert.is(list.query['limit'], '500');
    list.answer(200, listOf('30', ['c']));
    assert.equal(await firstHeard(bench), 'listed default/c');
  });
}

test('a connection that breaks is a loss only when it can not be made again', async (bench) => {
  const stream = await opened(bench);
  bench.clock.advance(60_000);
  stream.reset();
  const again = await bench.server.next();
  assert.is(again.query['resourceVersion'], '10');
  again.open();
  again.line({ type: 'ADDED', object: service('b', '11') });
  assert.equal(await firstHeard(bench), 'changed default/b');
});

test('a lost API server is told once, and ends with what is known, without a list', async (bench) => {
  const stream = await opened(bench);
  stream.line({ type: 'ADDED', object: service('b', '11') });
  stream.line({ type: 'DELETED', object: service('a', '12') });
  await bench.watch.next('deleted');
  await bench.server.die();
  const { error } = await turnUntil(bench.watch.next('lost'), () => bench.clock.advance(10));
  assert.match(error.message, /^can't reach http:.*connection refused/);
  await turnUntil(turns(150), () => bench.clock.advance(1_000));
  assert.equal(bench.watch.drain(), []);
  await bench.server.listen();
  const again = await nextAfter(bench);
  assert.is(again.query['resourceVersion'], '12');
  again.open();
  const { objects, revision } = await bench.watch.next('listed');
  assert.equal([keysOf(objects), revision], [['default/b'], 12]);
});

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const REFUSALS: [status: number, message: string, told: RegExp][] = [
  [503, 'starting', /503 starting/],
  [404, 'not found', /the API server knows no Service: is its CustomResourceDefinition installed/],
  [
    403,
    'User "system:serviceaccount:m:s" cannot list resource "services" in API group ""',
    /^403: ServiceAccount m\/s may not list services/,
  ],
];
for (const [status, message, told] of REFUSALS) {
  test(`a list refused with ${status} is a loss, and is tried again until it ends`, async (bench) => {
    (await bench.server.next()).answer(status, { message });
    assert.match((await bench.watch.next('lost')).error.message, told);
    (await nextAfter(bench)).answer(status, { message });
    (await nextAfter(bench)).answer(200, listOf('10', ['a']));
    assert.equal(await firstHeard(bench), 'listed default/a');
  });
}

test('what is lost for another reason than before is told again', async (bench) => {
  (await bench.server.next()).answer(503, { message: 'starting' });
  assert.match((await bench.watch.next('lost')).error.message, /503 starting/);
  for (let time = 0; time < 2; time += 1) (await nextAfter(bench)).answer(403, { message: 'no' });
  (await nextAfter(bench)).answer(200, listOf('10', ['a']));
  assert.match((await bench.watch.next('lost')).error.message, /^403: /);
  assert.equal(await firstHeard(bench), 'listed default/a');
});

test('a silent connection is given up after 90 s, a quiet one with bookmarks is not', async (bench) => {
  const stream = await opened(bench);
  for (const version of ['20', '30', '40']) {
    bench.clock.advance(60_000);
    stream.line({ type: 'BOOKMARK', object: { metadata: { resourceVersion: version } } });
    await bench.watch.next('bookmark');
  }
  bench.clock.advance(89_999);
  assert.is(bench.server.waiting, 0);
  bench.clock.advance(1);
  const again = await bench.server.next();
  assert.is(again.query['resourceVersion'], '40');
});

test('a watch of which nothing was heard may be mute until its end is overdue', async (bench) => {
  (await bench.server.next()).answer(200, listOf('10', ['a']));
  (await bench.server.next()).open();
  await turns(50);
  bench.clock.advance(329_000);
  await turns(50);
  assert.is(bench.server.waiting, 0);
  bench.clock.advance(1_000);
  const again = await bench.server.next();
  assert.is(again.query['resourceVersion'], '10');
});

test('an event in pieces, cut within a letter, is one event', async (bench) => {
  const stream = await opened(bench);
  const line = Buffer.from(
    `${JSON.stringify({ type: 'ADDED', object: service('b', '11', { spec: { name: 'ключ' } }) })}\n`,
  );
  for (const byte of line) {
    stream.write(Buffer.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal((await bench.watch.next('changed')).object.spec, { name: 'ключ' });
});

const UNREADABLE: [what: string, line: string, complaint: RegExp][] = [
  ['no JSON', 'oops\n', /expected a watch event as JSON, got "oops"/],
  ['no event', '{"type":"ADDED"}\n', /expected a watch event/],
  ['a bookmark without a version', '{"type":"BOOKMARK","object":{}}\n', /expected a watch event/],
  ['a line without end', 'x'.repeat(17 * 1024 * 1024), /longer than 16777216 characters/],
];
for (const [what, line, complaint] of UNREADABLE) {
  test(`${what} is complained about, and all is listed again`, async (bench) => {
    const stream = await opened(bench);
    stream.write(line);
    const list = await nextAfter(bench);
    assert.is(list.query['limit'], '500');
    assert.match(bench.unreadable.join(), complaint);
    assert.match(bench.unreadable.join(), /^Service: /);
  });
}

test('relist lists at once, also where a list is under way', async (bench) => {
  await opened(bench);
  bench.store.relist();
  const second = await bench.server.next();
  bench.store.relist();
  second.answer(200, listOf('11', ['b']));
  await bench.watch.next('listed');
  const third = await bench.server.next();
  assert.is(third.query['limit'], '500');
  third.answer(200, listOf('12', ['c']));
  assert.equal(keysOf((await bench.watch.next('listed')).objects), ['default/c']);
});

test('a watch that is stopped closes its connection and tells nothing more', async (bench) => {
  const stream = await opened(bench);
  const closed = stream.closed();
  stream.line({ type: 'ADDED', object: service('b', '11') });
  bench.watch.stop();
  await closed;
  assert.equal(bench.watch.drain(), []);
});

test('a patch that is refused without a reason is a conflict when it holds a test', async (bench) => {
  await opened(bench);
  const ref = { kind: 'Service', namespace: 'default', name: 'a' } as const;
  const bare = { message: 'the server rejected our request due to an error in our request' };
  const outcomeOf = async (patch: { op: 'test' | 'add'; path: string; value: unknown }[]) => {
    const outcome = bench.store.write({ do: 'patch', ref, patch }).then(String, String);
    const asked = await bench.server.next();
    assert.is(`${asked.method} ${asked.path}`, 'PATCH /api/v1/namespaces/default/services/a');
    asked.answer(422, bare);
    return outcome;
  };
  const stale = { op: 'test', path: '/metadata/resourceVersion', value: '4' } as const;
  const nowhere = { op: 'add', path: '/a/b/c', value: 1 } as const;
  assert.match(await outcomeOf([stale, nowhere]), /^ConflictError: /);
  assert.match(await outcomeOf([nowhere]), /^InvalidError: /);
});

test('what is written is told back without what nobody reads', async (bench) => {
  await opened(bench);
  const object = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'a', namespace: 'default' },
  };
  const written = bench.store.write({ do: 'create', object });
  const asked = await bench.server.next();
  assert.is(`${asked.method} ${asked.path}`, 'POST /api/v1/namespaces/default/services');
  asked.answer(201, service('a', '11'));
  const { metadata } = (await written) ?? {};
  assert.ok(isRecord(metadata) && !('managedFields' in metadata));
});

const WRONG: [what: string, object: object, complaint: RegExp][] = [
  ['an unknown kind', { kind: 'Pod', metadata: { name: 'a' } }, /kind Pod is unknown/],
  ['no namespace', { kind: 'Service', metadata: { name: 'a' } }, /Service a: this kind needs/],
  ['a namespace', { kind: 'Node', metadata: { name: 'a', namespace: 'b' } }, /Node a: .* has no/],
];
for (const [what, wrong, complaint] of WRONG) {
  test(`an object with ${what} is refused before it is sent`, async ({ store }) => {
    const object = { apiVersion: 'v1', kind: '', metadata: { name: '' }, ...wrong };
    const outcome = await store.write({ do: 'create', object }).catch((error: unknown) => error);
    assert.match(String(outcome), complaint);
    assert.match(String(outcome), /^InvalidError/);
  });
}

test.run();
