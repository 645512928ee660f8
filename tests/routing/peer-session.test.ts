import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AdjRibOut } from '../../modules/metallb/src/bgp/adj-rib-out.ts';
import { NO_CAPABILITIES } from '../../modules/metallb/src/packet/bgp-capabilities.ts';
import { BGP_REASON, notificationOf } from '../../modules/metallb/src/packet/bgp-error.ts';
import { BgpFramer, encodeKeepalive } from '../../modules/metallb/src/packet/bgp-message.ts';
import { encodeOpen } from '../../modules/metallb/src/packet/bgp-open.ts';
import { PeerSession } from '../../modules/metallb/src/routing/peer-session.ts';
import { ip } from '../support/addresses.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { turnUntil } from '../support/turn-until.ts';

const ROUTER_ASN = 64_501;
const NAMES = ['', 'OPEN', 'UPDATE', 'NOTIFICATION', 'KEEPALIVE'];
const CAPABILITIES = {
  ...{ ...NO_CAPABILITIES, families: ['IPv4' as const] },
  gracefulRestart: {
    ...{ restarted: true, afterNotification: false, restartSeconds: 120, families: [] },
  },
};

/** A connection of the router: it says only what it is told to. */
class Call {
  /** By name, in order. */
  readonly heard: string[] = [];
  isOver = false;
  readonly #socket: Socket;

  constructor(socket: Socket) {
    const framer = new BgpFramer();
    this.#socket = socket
      .on('data', (bytes) => {
        for (const { type } of framer.messages(bytes)) this.heard.push(NAMES[type] ?? 'other');
      })
      .on('error', () => undefined)
      .on('close', () => {
        this.isOver = true;
      });
  }

  open(asn = ROUTER_ASN): void {
    const routerId = ip('192.0.2.254');
    const open = { asn, holdSeconds: 90, routerId, capabilities: CAPABILITIES };
    this.#socket.write(
      encodeOpen({ ...open, capabilities: { ...CAPABILITIES, fourOctetAsn: asn } }),
    );
    this.#socket.write(encodeKeepalive());
  }

  hangUp(): void {
    this.#socket.destroy();
  }
}

/** A node that waits for its router. */
class Waiting {
  readonly clock = new FakeClock();
  readonly events: string[] = [];
  readonly #server: Server = createServer({ pauseOnConnect: true });
  readonly #calls: Call[] = [];
  readonly #session: PeerSession;

  constructor() {
    const ports = {
      ...{ clock: this.clock, random: () => 0 },
      tell: (event: { type: string }) => void this.events.push(event.type),
    };
    const peer = {
      ...{ address: ip('127.0.0.1'), port: 179, source: undefined, interface: undefined },
      hops: { most: 1, isSecured: false },
    };
    const peering = {
      ...{ localAsn: 64_500, remoteAsn: ROUTER_ASN, routerId: ip('192.0.2.1'), holdSeconds: 90 },
      ...{ passive: true, connectRetryMs: 5_000, keepaliveMs: undefined, sendHoldMs: 480_000 },
      capabilities: CAPABILITIES,
    };
    this.#session = new PeerSession(ports, new AdjRibOut(), { peer, passwords: [], peering });
  }

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#session.start();
    return this;
  }

  get phase(): string {
    return this.#session.peering.phase;
  }

  async call(): Promise<Call> {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const call = new Call(connect(address.port, '127.0.0.1'));
    this.#calls.push(call);
    const [socket] = (await once(this.#server, 'connection')) as [Socket];
    socket.resume();
    this.#session.accept(socket);
    return call;
  }

  async established(): Promise<Call> {
    const call = await this.call();
    call.open();
    await until(() => this.phase === 'Established');
    this.clock.advance(6_000);
    return call;
  }

  async end(): Promise<void> {
    const stopped = this.#session.stop(notificationOf(BGP_REASON.administrativeShutdown));
    await turnUntil(stopped, () => this.clock.advance(10));
    for (const call of this.#calls) call.hangUp();
    this.#server.close();
  }
}

async function until(is: () => boolean): Promise<void> {
  const end = performance.now() + 10_000;
  while (!is()) {
    if (performance.now() > end) throw new Error(`never: ${is}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Whatever comes of it, nothing stays open. */
function played(name: string, play: (waiting: Waiting) => Promise<void>): void {
  test(name, async () => {
    const waiting = await new Waiting().start();
    try {
      await play(waiting);
    } finally {
      await waiting.end();
    }
  });
}

played(
  'a router that has restarted is let in by its OPEN, and the old connection ends without a word',
  async (waiting) => {
    const before = await waiting.established();
    const again = await waiting.call();
    waiting.clock.advance(1_000);
    assert.equal([waiting.phase, again.heard], ['Established', []]);
    again.open();
    await until(() => waiting.events.length === 3 && before.isOver);
    assert.equal(waiting.events, ['established', 'ended', 'established']);
    assert.not.ok(before.heard.includes('NOTIFICATION'), `${before.heard}`);
    await until(() => {
      waiting.clock.advance(1);
      return again.heard.includes('UPDATE');
    });
    assert.equal(again.heard, ['OPEN', 'KEEPALIVE', 'UPDATE'], 'the End-of-RIB');
  },
);

played(
  'who connects beside a session and says nothing, or something else, ends it neither at once nor later',
  async (waiting) => {
    await waiting.established();
    const silent = await waiting.call();
    const next = await waiting.call();
    await until(() => silent.isOver);
    assert.equal(silent.heard, [], 'the last one counts');
    next.open(64_999);
    await until(() => next.isOver);
    assert.equal(next.heard, ['NOTIFICATION']);
    const gone = await waiting.call();
    gone.hangUp();
    const last = await waiting.call();
    waiting.clock.advance(10_000);
    await until(() => last.isOver);
    assert.equal(last.heard, ['NOTIFICATION']);
    assert.equal([waiting.phase, waiting.events], ['Established', ['established']]);
  },
);

test.run();
