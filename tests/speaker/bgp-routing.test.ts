import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { shownPools } from '../../modules/metallb/src/linux/served-pools.ts';
import type { NewObject } from '../../modules/metallb/src/store/store.ts';
import { ip } from '../support/addresses.ts';
import { BgpRouter } from '../support/bgp-router.ts';
import {
  RoutingFixture as Fixture,
  IP,
  metallb,
  peer,
  settled,
} from '../support/bgp-routing-fixture.ts';
import { balancerNode, sliceOf } from '../support/cluster.ts';
import { advertisement } from '../support/route-model.ts';
import { turnUntil } from '../support/turn-until.ts';

const STAMP = { uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
const drained = balancerNode('n1', { annotations: { 'network.deckhouse.io/drain-balancer': '' } });

test('a peer whose password nobody knows has no session, and the Node says why', async () => {
  const fixture = await new Fixture([peer('tor'), metallb('BGPAdvertisement', 'far', {})]).start();
  const [condition] = fixture.routing.conditions();
  assert.is(condition?.type, 'network.deckhouse.io/BgpSessionDown');
  assert.is(condition?.status, 'True');
  assert.match(
    condition?.message ?? '',
    /metallb-system\/tor \(172\.16\.1\.1\): Secret metallb-system\/router, .* does not exist/,
  );
  assert.equal(
    fixture.routing.sessions.map(({ state }) => state),
    ['Idle'],
  );
  await fixture.routing.stop();
});

test('a peer whose BFD is to be signed has no session before the key can be read, and hears of it', async () => {
  const quick = metallb('BFDProfile', 'quick', {});
  const name = 'network.deckhouse.io/bfd-authentication-secret';
  const metadata = { ...quick.metadata, annotations: { [name]: 'bfd' } };
  const fixture = await new Fixture([
    ...[{ ...quick, metadata }, metallb('BGPAdvertisement', 'far', {})],
    peer('tor', { bfdProfile: 'quick', passwordSecret: undefined }),
  ]).start();
  const told = () => fixture.routing.conditions()[0]?.message ?? '';
  assert.match(told(), /tor \(172\.16\.1\.1\): Secret metallb-system\/bfd, which holds the key of/);
  assert.not.ok(fixture.wantsBfdd.includes(true));
  await fixture.routing.stop();
});

test('each router is told of, by the name of its BGPPeer, until this node has said good-bye', async () => {
  let tellings = 0;
  const onConditions = () => {
    tellings += 1;
  };
  const objects = [
    peer('tor'),
    peer('spine', { peerAddress: '2001:db8::1', routerID: '10.0.0.1' }),
  ];
  const { routing } = await new Fixture(objects, { onConditions }).start();
  const told = routing.told().map(({ peer, neighbor, prefixes }) => [peer, neighbor, prefixes]);
  assert.equal(told.sort(), [
    ['spine', '2001:db8::1', undefined],
    ['tor', '172.16.1.1', undefined],
  ]);
  assert.match(routing.told()[0]?.why ?? '', 'does not exist');
  tellings = 0;
  await routing.stop();
  assert.equal(routing.told(), []);
  assert.ok(tellings > 0, 'it is asked for');
});

test('what was ended is not down, is announced no more, and does not begin again', async () => {
  const objects = [peer('tor'), metallb('BGPAdvertisement', 'far', {})];
  const fixture = await new Fixture(objects).start();
  const { routing } = fixture;
  assert.is(routing.announced().length, 1);
  const stopped = routing.stop();
  assert.is(routing.stop(), stopped, 'whoever asks again waits for the same end');
  await stopped;
  assert.equal(
    routing.conditions().map(({ status }) => status),
    ['False'],
  );
  assert.equal(routing.announced(), []);
  fixture.wantsBfdd.length = 0;
  const { memory } = routing;
  await fixture.change(metallb('BFDProfile', 'quick', {}, 'v1beta1'));
  await fixture.change(peer('tor', { bfdProfile: 'quick', passwordSecret: undefined }));
  routing.resume(memory);
  assert.equal(fixture.wantsBfdd, []);
});

test('a password in a BGPPeer, and one in a Secret, are in no condition, no status and no log', async () => {
  const fixture = await new Fixture([
    peer('tor', {
      passwordSecret: undefined,
      interface: 'eth0',
      peerAddress: '',
      password: 'hunter2',
    }),
    metallb('BGPAdvertisement', 'far', {}),
  ]).start();
  const all = [fixture.routing.conditions(), fixture.routing.status(), fixture.routing.memory];
  assert.not.match(JSON.stringify([all, fixture.log, fixture.told]), /hunter2/);
  await fixture.routing.stop();
});

test('to whom a Service is announced is told, whether they hear it or not', async () => {
  const own = { peers: ['tor'] };
  const fixture = await new Fixture([
    peer('tor'),
    peer('spine'),
    peer('elsewhere', { nodeSelectors: [{ matchLabels: { a: 'b' } }] }),
    metallb('BGPAdvertisement', 'far', own),
  ]).start();
  const about = { node: 'n1', serviceName: 'web', serviceNamespace: 'default' };
  assert.equal(fixture.told, [{ ...about, peers: ['tor'] }]);
  await fixture.change(metallb('BGPAdvertisement', 'far', {}));
  assert.equal(fixture.told, [{ ...about, peers: ['spine', 'tor'] }]);
  assert.equal(
    fixture.routing.announced().map(({ service, protocol }) => [service, protocol]),
    [['default/web', 'bgp']],
  );
  await fixture.change(sliceOf('web', []));
  assert.equal(fixture.told, []);
  assert.equal(fixture.routing.announced(), []);
  await fixture.routing.stop();
});

test('to whom a Service was announced is told no more once its advertisement is for another pool or other nodes', async () => {
  for (const spec of [
    { ipAddressPools: ['other'] },
    { nodeSelectors: [{ matchLabels: { a: 'b' } }] },
  ]) {
    const objects = [peer('tor'), metallb('BGPAdvertisement', 'far', {})];
    const fixture = await new Fixture(objects).start();
    assert.is(fixture.told.length, 1);
    await fixture.change(metallb('BGPAdvertisement', 'far', spec));
    assert.equal(fixture.told, []);
    await fixture.routing.stop();
  }
});

test('advertisements that contradict each other announce nothing, and nothing is told of them', async () => {
  const fixture = await new Fixture([
    peer('tor', { peerASN: 64_500 }),
    metallb('BGPAdvertisement', 'far', { localPref: 100 }),
    metallb('BGPAdvertisement', 'near', { localPref: 200 }),
  ]).start();
  assert.ok(fixture.routing.conflicts.has(IP));
  assert.equal(fixture.told, []);
  assert.equal(fixture.routing.announced(), []);
  await fixture.change(metallb('BGPAdvertisement', 'near', { localPref: 100 }));
  assert.is(fixture.told.length, 1);
  assert.is(fixture.routing.announced().length, 1);
  await fixture.change(metallb('BGPAdvertisement', 'near', { localPref: 200 }));
  assert.equal(fixture.told, []);
  await fixture.routing.stop();
});

test('a node that is drained withdraws after five seconds, and announces again when it is not', async () => {
  const fixture = await new Fixture([peer('tor'), metallb('BGPAdvertisement', 'far', {})]).start();
  assert.equal(fixture.announced, [IP]);
  await fixture.change(drained);
  fixture.clock.advance(4_999);
  assert.equal(fixture.announced, [IP]);
  fixture.clock.advance(1);
  assert.equal(fixture.announced, []);
  await fixture.change(balancerNode('n1'));
  assert.equal(fixture.announced, [IP]);
  await fixture.routing.stop();
});

test('what an earlier speaker announced goes on until the view is whole, and then what it says', async () => {
  const fixture = new Fixture([peer('tor'), metallb('BGPAdvertisement', 'far', {})]);
  const gone = ip('203.0.113.9');
  fixture.routing.resume({ labels: {}, internalIps: [], routes: new Map([[gone, []]]) });
  await fixture.start();
  assert.equal(fixture.announced, [IP]);
  assert.ok(fixture.memories > 0, 'it is written down');
  await fixture.routing.stop();
});

test('a node whose kube-proxy serves nothing announces nothing, neither what was resumed nor what it sees', async () => {
  let servesNothing = true;
  const dataplane = { holds: () => false, servesNothing: () => servesNothing };
  const router = await new BgpRouter().start();
  const spec = { passwordSecret: undefined, peerAddress: '127.0.0.1', peerPort: router.port };
  const tor = peer('tor', spec);
  const fixture = new Fixture([tor, metallb('BGPAdvertisement', 'far', {})], { dataplane });
  const { routing } = fixture;
  const tells = async (prefixes: number) => {
    const told = () => routing.sessions[0];
    for (let turn = 0; turn < 500; turn += 1) {
      if (told()?.state === 'Established' && told()?.toldPrefixes === prefixes) return;
      fixture.clock.advance(10);
      await settled();
    }
    throw new Error(`${prefixes} prefixes are not told: ${JSON.stringify(told())}`);
  };
  fixture.feed.restore([{ ...tor, metadata: { ...tor.metadata, ...STAMP } }]);
  const resumed = new Map([[IP, [advertisement()]]]);
  routing.resume({ routes: resumed, labels: {}, internalIps: [] });
  await tells(0);
  for (const [isServed, prefixes] of [
    [true, 1],
    [false, 0],
  ] as const) {
    servesNothing = !isServed;
    routing.lookAgain();
    await tells(prefixes);
  }
  await fixture.start();
  assert.equal(fixture.announced, []);
  servesNothing = false;
  routing.lookAgain();
  assert.equal(fixture.announced, [IP]);
  await tells(1);
  await turnUntil(routing.stop(), () => fixture.clock.advance(10));
  router.stop();
});

test('pools are served by the interfaces that lead to routers who are told of them, once these are known', async () => {
  const asked: string[] = [];
  let changes = 0;
  const fixture = new Fixture(
    [
      peer('tor', { passwordSecret: undefined, peerAddress: '127.0.0.9' }),
      metallb('BGPAdvertisement', 'far', { peers: ['tor'] }),
    ],
    {
      lookUpRoutes: async (questions) => {
        asked.push(...questions.map(({ to }) => to));
        return questions.map(() => ({ kind: 'out', interface: 'eth1' }));
      },
      onServed: () => {
        changes += 1;
      },
    },
  );
  assert.is(fixture.routing.served, undefined);
  await fixture.start();
  assert.equal(asked, ['127.0.0.9']);
  assert.ok(changes > 0);
  assert.equal(shownPools(fixture.routing.served ?? []), [
    { interface: 'eth1', protocol: 'bgp', pools: ['203.0.113.0-203.0.113.255'] },
  ]);
  await fixture.change(metallb('BGPAdvertisement', 'far', { peers: ['spine'] }));
  assert.equal(fixture.routing.served, []);
  await fixture.routing.stop();
});

test('passwords that are there before all else is take nothing away from what was resumed', async () => {
  const fixture = new Fixture([]);
  fixture.feed.restore([{ ...peer('tor'), metadata: { ...peer('tor').metadata, ...STAMP } }]);
  fixture.routing.resume({ labels: {}, internalIps: [], routes: new Map() });
  const whys = () => fixture.routing.sessions.map(({ why }) => why);
  assert.match(whys().join(), /can't be read/);
  // Secrets alone: nobody has told of nodes or Services.
  await fixture.store.start();
  await settled();
  assert.match(whys().join(), /does not exist/);
  await fixture.routing.stop();
});

const PASSIVE = { 'network.deckhouse.io/bgp-passive': 'true' };

/** One of this host, which only waits for it. */
function waitedFor(peerAddress: string): NewObject {
  const object = peer('tor', { peerAddress, passwordSecret: undefined });
  return { ...object, metadata: { ...object.metadata, annotations: PASSIVE } };
}

/** What a router hears that connects to this node from 127.0.0.1. */
async function heardAt(port: number): Promise<Buffer> {
  for (;;) {
    const socket = connect({ host: '127.0.0.1', port });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      socket.end();
    });
    const isRefused = await new Promise<boolean>((resolve) => {
      socket.once('error', () => resolve(true)).once('close', () => resolve(false));
    });
    // Nobody listens yet.
    if (!isRefused) return Buffer.concat(chunks);
  }
}

test('a router that this node waits for is answered, anybody else is shut out, counted and told of now and then', async () => {
  const bgpListenPort = await freePort();
  const fixture = await new Fixture([waitedFor('127.0.0.1')], { bgpListenPort }).start();
  const [{ state, why } = { state: '', why: '' }] = fixture.routing.sessions;
  assert.equal([state, why], ['Active', 'the router has not connected yet']);
  const open = await heardAt(bgpListenPort);
  assert.is(open[18], 1, 'an OPEN');
  assert.is(fixture.routing.figures.refusedConnections, 0);

  await fixture.change(waitedFor('127.0.0.2'));
  for (let time = 0; time < 3; time += 1) assert.is((await heardAt(bgpListenPort)).length, 0);
  assert.is(fixture.routing.figures.refusedConnections, 3);
  const told = () => fixture.log.filter((line) => line.includes('BGP connection closed'));
  assert.is(told().length, 1);
  fixture.clock.advance(60_000);
  await heardAt(bgpListenPort);
  assert.match(told()[1] ?? '', '"from":"127.0.0.1","untold":2');
  await fixture.routing.stop();
});

test('a port that is taken is a condition of the Node beside its sessions', async () => {
  const taken = createServer().listen(0, '0.0.0.0');
  await once(taken, 'listening');
  const bgpListenPort = portOf(taken);
  const fixture = await new Fixture([waitedFor('127.0.0.1')], { bgpListenPort }).start();
  const [condition] = fixture.routing.conditions();
  assert.is(
    condition?.message,
    `port ${bgpListenPort} of IPv4 can not be listened on: another program on this node has it; metallb-system/tor (127.0.0.1): the router has not connected yet`,
  );
  assert.match(fixture.log.join(), 'no connections of routers');
  await fixture.routing.stop();
  taken.close();
});

test('without a port nothing listens, and who is to be waited for has no session, in words', async () => {
  const fixture = await new Fixture([waitedFor('127.0.0.1')]).start();
  const [{ why } = { why: '' }] = fixture.routing.sessions;
  assert.match(why, 'bgp-passive] is true: this node listens on no port for BGP');
  await fixture.routing.stop();
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '0.0.0.0');
  await once(server, 'listening');
  const port = portOf(server);
  await once(server.close(), 'close');
  return port;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it listens on no port');
  return address.port;
}

test.run();
