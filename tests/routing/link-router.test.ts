import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { LinkLocal } from '../../modules/metallb/src/linux/link-locals.ts';
import type { Neighbour } from '../../modules/metallb/src/linux/neighbours.ts';
import { type LinkMessage, LinkRouter } from '../../modules/metallb/src/routing/link-router.ts';
import { ip, mac } from '../support/addresses.ts';

const LINK: LinkLocal = {
  ...{ interface: 'eth1', index: 7, mac: mac('02:00:00:00:05:01') },
  addresses: [ip('fe80::ff:fe00:501')],
};
const ABSENT = 'it is not there, is down or has no link-local address of IPv6';
const NOBODY = 'no router has advertised itself there';
const SEVERAL =
  'several routers are there, fe80::1, fe80::2: expected one; or spec.peerAddress, and the interface in spec.vrf';
const [ADVERTISEMENT, SOLICITATION] = ['134 ff02::1', '133 ff02::2'];

function neighbour(address: string, state = 'STALE', isRouter = true): Neighbour {
  return { ip: ip(address), interface: 'eth1', isRouter, state };
}

function texts(messages: readonly LinkMessage[]): string[] {
  return messages.map(({ to, message }) => `${message[0]} ${to}`);
}

/** Looks at the link once a second. */
class Watch {
  readonly router = new LinkRouter();
  #now = 0;

  look(...neighbours: readonly Neighbour[]): string[] {
    this.#now += 1_000;
    return texts(this.router.look(LINK, neighbours, this.#now));
  }

  lose(): string[] {
    this.#now += 1_000;
    return texts(this.router.look(undefined, [], this.#now));
  }

  get found(): string {
    const { found } = this.router;
    return 'address' in found ? found.address : found.problem;
  }
}

test('this node advertises itself three times at once, then every three seconds', () => {
  const watch = new Watch();
  const seconds = Array.from({ length: 24 }, (_, second) =>
    watch.look(neighbour('fe80::1')).includes(ADVERTISEMENT) ? second : [],
  ).flat();
  assert.equal(seconds, [0, 1, 2, 5, 8, 11, 14, 17, 20, 23]);
});

test('who has advertised itself without its link-layer address, or has not answered, is asked who it is', () => {
  const watch = new Watch();
  const asked = watch.look(
    ...[neighbour('fe80::1', '', false), neighbour('fe80::2', 'FAILED', false)],
    neighbour('fe80::3', 'STALE', false),
  );
  assert.equal(asked, [ADVERTISEMENT, SOLICITATION, '133 fe80::1', '133 fe80::2']);
});

test('as long as nobody is known, routers are asked beside it; then nobody is', () => {
  const watch = new Watch();
  assert.equal(watch.look(), [ADVERTISEMENT, SOLICITATION]);
  assert.is(watch.found, NOBODY);
  assert.equal(watch.look(neighbour('fe80::1')), [ADVERTISEMENT]);
  assert.equal(watch.look(neighbour('fe80::1')), [ADVERTISEMENT]);
  assert.is(watch.found, 'fe80::1');
});

test('one that comes later, and has heard nothing yet, is told of this node anew before it is spoken to', () => {
  const watch = new Watch();
  for (let second = 0; second < 4; second += 1) watch.look();
  assert.equal(watch.look(neighbour('fe80::1', '')), [ADVERTISEMENT]);
  assert.is(watch.found, 'the router there, fe80::1, is being told of this node');
  assert.equal(watch.look(neighbour('fe80::1', '')), [ADVERTISEMENT]);
  assert.is(watch.found, 'fe80::1');
});

test('a router is spoken to once it can have heard of this node', () => {
  const watch = new Watch();
  watch.look(neighbour('fe80::1'));
  assert.is(watch.found, 'the router there, fe80::1, is being told of this node');
  watch.look(neighbour('fe80::1'));
  assert.is(watch.found, 'fe80::1');
});

test('nothing is sent where there is no link, and what was known of it is forgotten', () => {
  const watch = new Watch();
  assert.is(watch.found, ABSENT);
  watch.look(neighbour('fe80::1'));
  assert.equal(watch.lose(), []);
  assert.is(watch.found, ABSENT);
  assert.equal(watch.look(), [ADVERTISEMENT, SOLICITATION]);
  assert.is(watch.found, NOBODY);
});

const NO_ROUTERS: [string, Neighbour][] = [
  ['a host', neighbour('fe80::1', 'REACHABLE', false)],
  ['this node itself, on a link that gives back what it sends', neighbour('fe80::ff:fe00:501')],
  ['a router known by a global address only', neighbour('fd00:9::fe')],
  ['a router that answers no more', neighbour('fe80::1', 'FAILED')],
];
for (const [name, entry] of NO_ROUTERS) {
  test(`${name} is nobody to speak to`, () => {
    const watch = new Watch();
    watch.look(entry);
    assert.is(watch.found, NOBODY);
  });
}

test('a router keeps its place when it falls silent or its entry is gone: its session tells what becomes of it; others are asked', () => {
  const watch = new Watch();
  for (let second = 0; second < 4; second += 1) watch.look(neighbour('fe80::1', 'REACHABLE'));
  assert.ok(watch.look(neighbour('fe80::1', 'FAILED')).includes(SOLICITATION));
  assert.is(watch.found, 'fe80::1');
  assert.ok(watch.look().includes(SOLICITATION));
  assert.is(watch.found, 'fe80::1');
});

test('another router takes its place once the kernel has found that it is gone, and is made to find out', () => {
  const watch = new Watch();
  for (let second = 0; second < 4; second += 1) watch.look(neighbour('fe80::1', 'STALE'));
  const asked = watch.look(neighbour('fe80::1', 'STALE'), neighbour('fe80::2', 'STALE'));
  assert.equal(asked, [ADVERTISEMENT, '133 fe80::1', '133 fe80::2']);
  assert.is(watch.found, 'fe80::1');
  watch.look(neighbour('fe80::1', 'PROBE'), neighbour('fe80::2', 'REACHABLE'));
  assert.is(watch.found, 'fe80::1');
  watch.look(neighbour('fe80::1', 'FAILED'), neighbour('fe80::2', 'REACHABLE'));
  watch.look(neighbour('fe80::1', 'FAILED'), neighbour('fe80::2', 'REACHABLE'));
  assert.is(watch.found, 'fe80::2');
});

test('several that answer are nobody to speak to, until one is left', () => {
  const watch = new Watch();
  const [one, two] = [neighbour('fe80::1', 'REACHABLE'), neighbour('fe80::2', 'REACHABLE')];
  watch.look(one);
  watch.look(two, one);
  assert.is(watch.found, SEVERAL);
  watch.look(neighbour('fe80::1', 'STALE'), two);
  assert.is(watch.found, SEVERAL);
  watch.look(neighbour('fe80::1', 'FAILED'), two);
  watch.look(neighbour('fe80::1', 'FAILED'), two);
  assert.is(watch.found, 'fe80::2');
});

test('of several that are found at the start none is guessed to be the one', () => {
  const watch = new Watch();
  watch.look(neighbour('fe80::1', 'STALE'), neighbour('fe80::2', 'STALE'));
  assert.is(watch.found, SEVERAL);
});

test.run();
