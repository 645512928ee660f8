import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ListenedPeer } from '../../modules/metallb/src/linux/bgp-socket.ts';
import { BgpListeners } from '../../modules/metallb/src/routing/bgp-listeners.ts';
import { ip } from '../support/addresses.ts';
import { FakeClock } from '../support/fake-clock.ts';

const RETRY_MS = 1_000;
const PATIENCE_MS = 10_000;

const peer = (address: string): ListenedPeer => ({
  ...{ address: ip(address), password: undefined, hops: { most: undefined, isSecured: false } },
});

/** A port that nobody has, and a program of somebody else that may take it. */
class World {
  readonly clock = new FakeClock();
  readonly told: string[] = [];
  readonly listeners: BgpListeners;
  readonly port: number;
  #other: Server | undefined;

  constructor(port: number) {
    this.port = port;
    this.listeners = new BgpListeners(port, {
      ...{ clock: this.clock, random: () => 0 },
      onConnection: (socket, from) => {
        this.told.push(`connection ${from}`);
        socket.destroy();
      },
      onStranger: (from) => void this.told.push(`stranger ${from}`),
      onProblem: () => void this.told.push(this.listeners.problems.join() || 'well'),
    });
  }

  async takePort(): Promise<void> {
    this.#other = createServer().listen(this.port, '0.0.0.0');
    await once(this.#other, 'listening');
  }

  async freePort(): Promise<void> {
    const other = this.#other;
    this.#other = undefined;
    if (other !== undefined) await once(other.close(), 'close');
  }

  async end(): Promise<void> {
    this.listeners.stop();
    await this.freePort();
  }

  /** @returns whether anybody listens there */
  isHeard(host: string): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect({ host, port: this.port });
      socket.once('error', () => resolve(false)).once('connect', () => resolve(true));
      socket.once('connect', () => socket.destroy());
    });
  }
}

async function eventually(is: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await is())) {
    if (performance.now() > end) throw new Error(`not within ${PATIENCE_MS} ms: ${is}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function played(name: string, play: (world: World) => Promise<void>): void {
  test(name, async () => {
    const free = createServer().listen(0, '0.0.0.0');
    await once(free, 'listening');
    const address = free.address();
    await once(free.close(), 'close');
    if (address === null || typeof address === 'string') throw new Error('no port is free');
    const world = new World(address.port);
    try {
      await play(world);
    } finally {
      await world.end();
    }
  });
}

played('a port is open in the families that peers have, and in no other', async (world) => {
  const { listeners, told } = world;
  listeners.setPeers([]);
  assert.is(await world.isHeard('127.0.0.1'), false);
  listeners.setPeers([peer('127.0.0.1')]);
  await eventually(() => world.isHeard('127.0.0.1'));
  await eventually(() => told.length > 0);
  assert.is(await world.isHeard('::1'), false);
  listeners.setPeers([peer('::1')]);
  assert.is(await world.isHeard('127.0.0.1'), false);
  await eventually(() => world.isHeard('::1'));
  await eventually(() => told.includes('connection ::1'));
  assert.equal(new Set(told), new Set(['connection 127.0.0.1', 'connection ::1']));
});

played('peers that come while the port is opened get their connection', async (world) => {
  world.listeners.setPeers([peer('192.0.2.1')]);
  world.listeners.setPeers([peer('192.0.2.1'), peer('127.0.0.1')]);
  await eventually(() => world.isHeard('127.0.0.1'));
  await eventually(() => world.told.length > 0);
  assert.equal(new Set(world.told), new Set(['connection 127.0.0.1']));
});

played('a port that is taken is told of, and used as soon as it is free', async (world) => {
  const { listeners, told, clock } = world;
  await world.takePort();
  listeners.setPeers([peer('127.0.0.1')]);
  await eventually(() => told.length > 0);
  const problem = `port ${world.port} of IPv4 can not be listened on: another program on this node has it`;
  assert.equal(told, [problem]);
  clock.advance(RETRY_MS);
  for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
  assert.equal(told, [problem], 'once');
  await world.freePort();
  clock.advance(2 * RETRY_MS);
  await eventually(() => told.length > 1);
  assert.equal(told, [problem, 'well']);
  assert.is(await world.isHeard('127.0.0.1'), true);
});

played('a peer whose password the kernel refuses gets no connection, others do', async (world) => {
  const { listeners, told } = world;
  listeners.setPeers([{ ...peer('127.0.0.1'), password: 'x'.repeat(81) }, peer('127.0.0.2')]);
  await eventually(() => world.isHeard('127.0.0.1'));
  await eventually(() => told.includes('stranger 127.0.0.1'));
  assert.match(listeners.problems.join(), 'a TCP MD5 password of 81 bytes; the kernel takes 80');
  listeners.setPeers([peer('127.0.0.1')]);
  assert.equal(listeners.problems, []);
});

played('what is stopped while it is opened is not open', async (world) => {
  world.listeners.setPeers([peer('127.0.0.1')]);
  world.listeners.stop();
  for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
  assert.is(await world.isHeard('127.0.0.1'), false);
});

test.run();
