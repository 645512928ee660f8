import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ipFromBigInt } from '../../modules/metallb/src/net/ip.ts';
import { NO_CAPABILITIES } from '../../modules/metallb/src/packet/bgp-capabilities.ts';
import {
  type PeerConfig,
  type PeerWanted,
  type SessionFacts,
  Sessions,
} from '../../modules/metallb/src/routing/sessions.ts';
import type { Clock } from '../../modules/metallb/src/time/clock.ts';
import { systemClock } from '../../modules/metallb/src/time/system-clock.ts';
import { ip } from '../support/addresses.ts';
import { BgpRouter } from '../support/bgp-router.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { advertisement } from '../support/route-model.ts';
import { turnUntil } from '../support/turn-until.ts';

const PATIENCE_MS = 10_000;
const WAITING = ['Active', 'Active'];
const EVERYWHERE = advertisement();
const GRACEFUL_SHUTDOWN = 'ffff0000';

/** Peers are on the loopback interface, at ports that the kernel has chosen. */
class World {
  readonly events: string[] = [];
  readonly sessions: Sessions;
  readonly #routers: BgpRouter[] = [];

  constructor(clock: Clock = systemClock) {
    this.sessions = new Sessions({
      ...{ clock, random: () => 0.5 },
      onEvent: (peer, event) =>
        void this.events.push(`${peer} ${event.type}${'why' in event ? `: ${event.why}` : ''}`),
    });
  }

  async router(): Promise<BgpRouter> {
    const router = await new BgpRouter().start();
    this.#routers.push(router);
    return router;
  }

  facts(peer: string): SessionFacts {
    const found = this.sessions.facts.find((one) => one.peer === peer);
    if (found === undefined) throw new Error(`no facts of ${peer}`);
    return found;
  }

  async established(...peers: readonly string[]): Promise<void> {
    const all = () => peers.every((peer) => this.facts(peer).state === 'Established');
    await eventually(() => `sessions: ${JSON.stringify(this.sessions.facts)}`, all);
  }

  async end(): Promise<void> {
    await this.sessions.stop('');
    for (const router of this.#routers) router.stop();
  }
}

/** Whatever comes of it, nothing stays open: what is would keep the test from ending. */
function played(name: string, play: (world: World) => Promise<void>): void {
  test(name, async () => {
    const world = new World();
    try {
      await play(world);
    } finally {
      await world.end();
    }
  });
}

async function eventually(what: () => string, is: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!is()) {
    if (performance.now() > end) throw new Error(`not within ${PATIENCE_MS} ms: ${what()}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function config(
  name: string,
  { port }: { readonly port: number },
  changes: { holdSeconds?: number; passwords?: string[]; address?: string } = {},
): PeerConfig & { readonly wanted: PeerWanted } {
  const { holdSeconds = 90, passwords = [], address = '127.0.0.1' } = changes;
  const peer = {
    ...{ address: ip(address), port, source: undefined, interface: undefined },
    hops: { most: 1, isSecured: false },
  };
  const peering = {
    ...{ localAsn: 64_500, remoteAsn: BgpRouter.asn, routerId: ip('192.0.2.1'), holdSeconds },
    ...{ passive: false, connectRetryMs: 5_000, keepaliveMs: undefined, sendHoldMs: 480_000 },
    capabilities: { ...NO_CAPABILITIES, families: ['IPv4' as const] },
  };
  const setup = {
    ...{ options: { peer, peering }, routeName: name, externalAsn: 64_500 },
    expectedFamilies: peering.capabilities.families,
  };
  return { name, neighbor: address, wanted: { setup, passwords } };
}

const host = (index: number) => ipFromBigInt('IPv4', 0x0a00_0000n + BigInt(index));

function announce(sessions: Sessions, count: number): void {
  for (let index = 0; index < count; index += 1) sessions.routes.setIp(host(index), [EVERYWHERE]);
}

played('a peer is told everything at once, and where it ends', async (world) => {
  const router = await world.router();
  world.sessions.setPeers([config('spine', router)]);
  announce(world.sessions, 5_000);
  assert.is(world.facts('spine').state, 'Idle', 'nothing happens before it is told to');
  world.sessions.flush();
  await eventually(
    () => router.heard.join('\n'),
    () => router.heard.includes('End-of-RIB after 5000'),
  );
  assert.equal(world.events, ['spine established']);
  const { why, families, toldPrefixes, pendingPrefixes, updatesSent } = world.facts('spine');
  assert.equal([why, families, toldPrefixes, pendingPrefixes], ['', ['IPv4'], 5_000, 0]);
  assert.ok(updatesSent >= 8 && updatesSent < 20, `${updatesSent} UPDATEs`);
  world.sessions.routes.setIp(host(7), []);
  world.sessions.flush();
  await eventually(
    () => `${router.routes} routes`,
    () => router.routes === 4_999,
  );
});

played(
  'of two peers the one that is configured anew begins anew, and says why; the other goes on',
  async (world) => {
    const [spine, edge] = [await world.router(), await world.router()];
    announce(world.sessions, 3);
    world.sessions.setPeers([config('spine', spine), config('edge', edge)]);
    world.sessions.flush();
    await world.established('spine', 'edge');
    const told = ({ heard }: BgpRouter) =>
      heard.filter((one) => one === 'End-of-RIB after 3').length;
    await eventually(
      () => `${spine.heard} ${edge.heard}`,
      () => told(spine) + told(edge) === 2,
    );
    const { sinceMs } = world.facts('edge');
    world.sessions.setPeers([config('spine', spine, { holdSeconds: 30 }), config('edge', edge)]);
    world.sessions.flush();
    await eventually(
      () => spine.heard.join('\n'),
      () => told(spine) === 2,
    );
    assert.equal(spine.heard, [
      ...['connection', 'OPEN of AS 64500, hold time 90 s', 'End-of-RIB after 3'],
      'Cease: Other Configuration Change',
      ...['connection', 'OPEN of AS 64500, hold time 30 s', 'End-of-RIB after 3'],
    ]);
    assert.equal(edge.heard, [
      ...['connection', 'OPEN of AS 64500, hold time 90 s', 'End-of-RIB after 3'],
    ]);
    assert.equal(world.facts('edge').sinceMs, sinceMs);
  },
);

played('a peer that is no longer configured is told so', async (world) => {
  const router = await world.router();
  world.sessions.setPeers([config('spine', router)]);
  world.sessions.flush();
  await world.established('spine');
  world.sessions.setPeers([]);
  world.sessions.flush();
  await eventually(
    () => router.heard.join('\n'),
    () => router.heard.includes('Cease: Peer De-configured') && router.connections === 0,
  );
  assert.equal(world.sessions.facts, []);
});

played('another password alone ends no session', async (world) => {
  const router = await world.router();
  router.setPassword('first');
  world.sessions.setPeers([config('spine', router, { passwords: ['first'] })]);
  world.sessions.flush();
  await world.established('spine');
  world.sessions.setPeers([config('spine', router, { passwords: ['second', 'first'] })]);
  announce(world.sessions, 1);
  world.sessions.flush();
  await eventually(
    () => router.heard.join('\n'),
    () => router.routes === 1,
  );
  assert.equal(world.events, ['spine established']);
});

played('a session that must not be is not tried, and one that stands ends', async (world) => {
  const router = await world.router();
  const problem = 'Secret metallb-system/spine can not be read: forbidden';
  const unusable = { ...config('spine', router), wanted: { problem } };
  world.sessions.setPeers([unusable]);
  world.sessions.flush();
  const before = world.facts('spine');
  assert.equal([before.state, before.why], ['Idle', problem]);
  assert.equal(router.heard, []);
  announce(world.sessions, 2);
  world.sessions.setPeers([config('spine', router)]);
  world.sessions.flush();
  await world.established('spine');
  assert.is(router.heard.filter((one) => one === 'connection').length, 1, 'the first of all');
  world.sessions.setPeers([unusable]);
  world.sessions.flush();
  await eventually(
    () => router.heard.join('\n'),
    () => router.heard.includes('Cease: Other Configuration Change'),
  );
  assert.equal([world.facts('spine').state, world.facts('spine').why], ['Idle', problem]);
});

played(
  'who is about to leave says so of every route, to every peer, and takes it back',
  async (world) => {
    const [spine, edge] = [await world.router(), await world.router()];
    announce(world.sessions, 3);
    world.sessions.setPeers([config('spine', spine), config('edge', edge)]);
    world.sessions.flush();
    await world.established('spine', 'edge');
    const saysSo = (is: boolean) => () =>
      [spine, edge].every(({ lastUpdate }) => lastUpdate.includes(GRACEFUL_SHUTDOWN) === is);
    await eventually(
      () => 'routes',
      () => spine.routes === 3 && edge.routes === 3,
    );
    assert.ok(saysSo(false)());
    world.sessions.setLeaving(true);
    world.sessions.flush();
    await eventually(() => spine.lastUpdate, saysSo(true));
    world.sessions.setLeaving(false);
    world.sessions.flush();
    await eventually(() => spine.lastUpdate, saysSo(false));
    assert.equal(world.events, ['spine established', 'edge established']);
  },
);

played(
  'who stops withdraws everything, then says why, and is done when that has arrived',
  async (world) => {
    const router = await world.router();
    announce(world.sessions, 3_000);
    world.sessions.setPeers([config('spine', router)]);
    world.sessions.flush();
    await eventually(
      () => router.heard.join('\n'),
      () => router.heard.includes('End-of-RIB after 3000'),
    );
    await world.sessions.stop('node n1 restarts');
    await eventually(
      () => router.heard.join('\n'),
      () => router.heard.length === 4,
    );
    assert.is(router.heard[3], 'Cease: Administrative Shutdown, "node n1 restarts"');
    assert.is(router.routes, 0, 'withdrawn before the end');
    world.sessions.setPeers([config('spine', router)]);
    world.sessions.flush();
    await world.sessions.stop('again');
    assert.is(router.heard.length, 4, 'what has stopped stays so');
  },
);

played(
  'a router that takes nothing keeps nobody from stopping for more than two seconds',
  async (world) => {
    const router = await world.router();
    world.sessions.setPeers([config('spine', router)]);
    world.sessions.flush();
    await world.established('spine');
    router.deafen();
    // More than the kernel has room for.
    announce(world.sessions, 200_000);
    world.sessions.flush();
    const began = performance.now();
    await world.sessions.stop('');
    const tookMs = performance.now() - began;
    assert.ok(tookMs > 900 && tookMs < 4_000, `${tookMs} ms`);
  },
);

test('much to tell is prepared in slices between which the process does other things', async () => {
  const clock = new FakeClock();
  const seen: string[] = [];
  const world: World = new World({
    now: () => clock.now(),
    epochMs: () => clock.epochMs(),
    after(delayMs, run) {
      const { pendingPrefixes, state } = world.facts('spine');
      seen.push(`${pendingPrefixes} ${state}`);
      return clock.after(delayMs, run);
    },
  });
  try {
    const router = await world.router();
    world.sessions.setPeers([config('spine', router)]);
    announce(world.sessions, 9_000);
    world.sessions.flush();
    clock.advance(1);
    assert.equal(seen.slice(0, 4), ['7000 Idle', '5000 Idle', '3000 Idle', '1000 Idle']);
    assert.is(world.facts('spine').state, 'Connect');
  } finally {
    await turnUntil(world.end(), () => clock.advance(1));
  }
});

/** A router at an interface, which this node only waits for. */
function waitedFor(name: string, interfaceName: string): PeerConfig {
  const { wanted, ...rest } = config(name, { port: 179 }, { address: 'fe80::1' });
  const { options } = wanted.setup;
  const peer = { ...options.peer, interface: interfaceName };
  const peering = { ...options.peering, passive: true };
  return { ...rest, wanted: { ...wanted, setup: { ...wanted.setup, options: { peer, peering } } } };
}

played('a connection is that of the peer with its address, at its interface', async (world) => {
  const { sessions } = world;
  sessions.setPeers([waitedFor('left', 'eth0'), waitedFor('right', 'eth1')]);
  sessions.flush();
  const server = createServer().listen(0, '::1');
  await once(server, 'listening');
  const opened = async (interfaceName: string | undefined, from = 'fe80::1') => {
    const socket = connect(portOf(server), '::1').on('error', () => undefined);
    const [accepted] = (await once(server, 'connection')) as [Socket];
    sessions.accept(accepted, ip(from), interfaceName);
    return { socket, isOpen: () => !accepted.destroyed };
  };
  const states = () => sessions.facts.map(({ state }) => state);
  const all = [await opened('eth2'), await opened('eth1', 'fe80::2')];
  assert.equal([states(), all.map(({ isOpen }) => isOpen())], [WAITING, [false, false]]);
  all.push(await opened('eth1'));
  assert.equal(states(), ['Active', 'OpenSent']);
  all.push(await opened('eth0'));
  assert.equal(states(), ['OpenSent', 'OpenSent']);
  for (const { socket } of all) socket.destroy();
  server.close();
});

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it listens on no port');
  return address.port;
}

test.run();
