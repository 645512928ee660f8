import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { LineHandler, LineOptions } from '../../modules/metallb/src/linux/line-socket.ts';
import { BfdLink, type PeerBfd } from '../../modules/metallb/src/routing/bfd-link.ts';
import { wanted } from '../support/bfd-network.ts';

const ROUTER = '192.0.2.254';
const SESSION = `neighbour ${ROUTER}`;

function peer(bgpPeer: string, address = ROUTER): PeerBfd {
  const { name: _, ...rest } = wanted(address);
  return { bgpPeer, ...rest };
}

/** A link with a bfdd that a test plays. */
class Fixture {
  readonly told: string[] = [];
  readonly errors: string[] = [];
  readonly wanted: boolean[] = [];
  readonly sent: unknown[] = [];
  readonly link: BfdLink;
  /** It is being connected to. */
  options: LineOptions | undefined;
  isOpen = false;
  #handler: LineHandler | undefined;

  constructor() {
    this.link = new BfdLink({
      setWanted: (isWanted) => this.wanted.push(isWanted),
      connect: (options) => {
        this.options = options;
        return {
          close: () => {
            this.options = undefined;
          },
        };
      },
      onStanding: (bgpPeer, { standing, why }) =>
        this.told.push(`${bgpPeer} ${standing}${why && `, ${why}`}`),
      onError: (error) => this.errors.push(String(error)),
    });
  }

  connect(): void {
    this.isOpen = true;
    this.#handler = this.options?.onConnection({
      send: (message) => this.sent.push(message),
      close: () => this.disconnect(),
    });
  }

  disconnect(): void {
    this.isOpen = false;
    this.#handler?.onClosed();
  }

  say(message: unknown): void {
    this.#handler?.onMessage(message);
  }

  sayStanding(standing: string, name = SESSION): void {
    this.say({ kind: 'standing', name, standing, why: '' });
  }
}

test('bfdd is wanted and spoken to only while there is a session', () => {
  const fixture = new Fixture();
  fixture.link.setSessions([]);
  assert.equal([fixture.wanted, fixture.options], [[false], undefined]);
  fixture.link.setSessions([peer('a')]);
  assert.equal(fixture.wanted, [false, true]);
  fixture.connect();
  assert.equal(fixture.sent, [
    { kind: 'hello', protocol: 1 },
    { kind: 'sessions', sessions: [wanted(ROUTER)] },
  ]);
  fixture.link.setSessions([]);
  assert.equal([fixture.wanted.at(-1), fixture.options, fixture.isOpen], [false, undefined, false]);
});

test('each change is told as a whole, and all again to a bfdd that comes after another', () => {
  const fixture = new Fixture();
  fixture.link.setSessions([peer('a')]);
  fixture.connect();
  const both = { kind: 'sessions', sessions: [wanted(ROUTER), wanted('192.0.2.253')] };
  fixture.link.setSessions([peer('a'), peer('b', '192.0.2.253')]);
  assert.equal(fixture.sent.at(-1), both);
  fixture.disconnect();
  fixture.connect();
  assert.equal(fixture.sent.at(-1), both);
});

test('what a session says is told to each peer on its path', () => {
  const fixture = new Fixture();
  fixture.link.setSessions([peer('a'), peer('b'), peer('c', '192.0.2.253')]);
  fixture.connect();
  fixture.sayStanding('Up');
  assert.equal(fixture.told, ['a Up', 'b Up']);
  assert.equal(
    ['a', 'c', 'd'].map((name) => fixture.link.reportOf(name)?.standing),
    ['Up', 'Waiting', undefined],
  );
});

test('the death of bfdd says nothing: what it said last holds', () => {
  const fixture = new Fixture();
  fixture.link.setSessions([peer('a')]);
  fixture.connect();
  fixture.sayStanding('Up');
  fixture.disconnect();
  assert.equal(fixture.told, ['a Up']);
  assert.is(fixture.link.reportOf('a')?.standing, 'Up');
});

test('a peer that has no session any more is released', () => {
  const fixture = new Fixture();
  fixture.link.setSessions([peer('a'), peer('b', '192.0.2.253')]);
  fixture.connect();
  fixture.sayStanding('Down');
  fixture.link.setSessions([peer('b', '192.0.2.253')]);
  assert.equal(fixture.told, ['a Down', 'a AdminDown, its BFD session is wanted no more']);
  assert.is(fixture.link.reportOf('a'), undefined);
  fixture.sayStanding('Up');
  assert.is(fixture.told.length, 2, 'what was under way counts for nothing');
});

test('a peer whose session is another now is released, and waits for what that one says', () => {
  const fixture = new Fixture();
  fixture.link.setSessions([peer('a')]);
  fixture.connect();
  fixture.sayStanding('Down');
  fixture.link.setSessions([peer('a', '192.0.2.253')]);
  fixture.sayStanding('Down');
  assert.equal(fixture.told, ['a Down', 'a AdminDown, its BFD session is wanted no more']);
  assert.is(fixture.link.reportOf('a')?.standing, 'Waiting');
});

test('one that speaks another protocol, or none, is parted from', () => {
  for (const message of [{ kind: 'hello', protocol: 2 }, 'x']) {
    const fixture = new Fixture();
    fixture.link.setSessions([peer('a')]);
    fixture.connect();
    fixture.say(message);
    assert.equal([fixture.isOpen, fixture.errors.length], [false, 1]);
  }
});

test.run();
