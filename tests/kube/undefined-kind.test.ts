import { suite } from 'uvu';
import * as assert from 'uvu/assert';
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
  readonly pools: WatchRecorder;
  readonly said: string[];
}

const test = suite<Bench>('a kind without a definition');

test.before.each(async (context) => {
  const server = new FakeApiServer();
  await server.start();
  const clock = new FakeClock();
  const client = connect({ kubeconfig: server.kubeconfig, clock });
  const said: string[] = [];
  const store = new KubeStore({
    ...{ client, clock, random: () => 0, onUnreadable: () => undefined },
    onUndefined: (kind) => said.push(kind),
  });
  await store.start();
  const pools = new WatchRecorder(store, { kind: 'IPAddressPool' });
  Object.assign(context, { server, clock, client, store, pools, said });
});

test.after.each(async ({ server, store, client }) => {
  await store.stop();
  client.close();
  await server.stop();
});

const LISTED = {
  metadata: { resourceVersion: '10' },
  items: [
    {
      metadata: {
        ...{ name: 'demo', namespace: 'metallb-system', uid: 'u', resourceVersion: '9' },
        creationTimestamp: '2026-01-01T00:00:00Z',
      },
    },
  ],
};

function notFound(request: FakeRequest): void {
  request.answer(404, { message: 'the server could not find the requested resource' });
}

/** The next request, and the time until it came. */
async function nextAfter({ server, clock }: Bench): Promise<[FakeRequest, waitedMs: number]> {
  const from = clock.now();
  const request = await turnUntil(server.next(), () => clock.advance(100));
  return [request, clock.now() - from];
}

test('is empty, said once, and asked for ever more rarely, once a minute at last', async (bench) => {
  const { server, pools, said } = bench;
  notFound(await server.next());
  const waits: number[] = [];
  for (let asked = 0; asked < 8; asked += 1) {
    assert.equal((await pools.next('listed')).objects, []);
    const [again, waitedMs] = await nextAfter(bench);
    waits.push(waitedMs);
    notFound(again);
  }
  assert.equal(
    waits.map((ms) => Math.round(ms / 1_000)),
    [1, 2, 4, 8, 16, 32, 60, 60],
  );
  assert.equal(said, ['IPAddressPool']);
});

test('is read once somebody has installed its definition', async (bench) => {
  notFound(await bench.server.next());
  const [again] = await nextAfter(bench);
  again.answer(200, LISTED);
  assert.equal((await bench.pools.next('listed')).objects, []);
  assert.equal(keysOf((await bench.pools.next('listed')).objects), ['metallb-system/demo']);
  const watch = await bench.server.next();
  assert.is(watch.query['watch'], 'true');
});

test('takes its objects along when its definition goes, and is said anew', async (bench) => {
  const { server, clock, pools, said } = bench;
  notFound(await server.next());
  const [again] = await nextAfter(bench);
  again.answer(200, LISTED);
  await pools.next('listed', ({ objects }) => objects.length === 1);
  notFound(await server.next());
  const from = clock.now();
  for (let heard = pools.drain(); !heard.includes('listed'); heard = pools.drain()) {
    const [list] = await nextAfter(bench);
    assert.is(list.query['watch'], undefined);
    notFound(list);
  }
  assert.ok(
    clock.now() - from > 30_000,
    'a definition that is away for a moment takes nothing along',
  );
  assert.is(said.length, 2);
});

test('keeps its objects where one API server of several does not know its definition yet', async (bench) => {
  const { server, pools } = bench;
  (await server.next()).answer(200, LISTED);
  await pools.next('listed');
  notFound(await server.next());
  const [list] = await nextAfter(bench);
  notFound(list);
  await pools.next('lost');
  const [again] = await nextAfter(bench);
  again.answer(200, LISTED);
  assert.equal(keysOf((await pools.next('listed')).objects), ['metallb-system/demo']);
});

test('is no loss; the same of a kind that the module needs is', async ({
  server,
  store,
  pools,
}) => {
  const classes = new WatchRecorder(store, { kind: 'MetalLoadBalancerClass' });
  notFound(await server.next());
  notFound(await server.next());
  assert.match(String((await classes.next('lost')).error), /knows no MetalLoadBalancerClass/);
  assert.equal(pools.drain(), ['listed']);
});

test.run();
