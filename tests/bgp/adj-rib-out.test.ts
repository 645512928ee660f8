import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AdjRibOut, type RibSession } from '../../modules/metallb/src/bgp/adj-rib-out.ts';
import { BGP_MESSAGE } from '../../modules/metallb/src/packet/bgp-message.ts';
import { decodeUpdate } from '../../modules/metallb/src/packet/bgp-update-decode.ts';
import { ip } from '../support/addresses.ts';
import { routeTo } from '../support/bgp-pair.ts';

const SESSION: RibSession = {
  families: ['IPv4', 'IPv6'],
  nextHopOf: (family) => ({ global: ip(family === 'IPv4' ? '172.16.1.11' : '2001:db8:1::11') }),
  encoding: { fourOctetAsn: true, maxLength: 4_096 },
  enhancedRefresh: false,
};

/** What all UPDATEs together say. */
function told(messages: readonly Uint8Array[]) {
  const read = messages.map((bytes) =>
    decodeUpdate(bytes.subarray(19), { fourOctetAsn: true, isExternal: true }),
  );
  return {
    announced: read.reduce((sum, { announced }) => sum + announced, 0),
    withdrawn: read.reduce((sum, { withdrawn }) => sum + withdrawn, 0),
    ends: read.flatMap(({ endOfRib }) => endOfRib ?? []),
  };
}

function opened(...prefixes: readonly string[]): AdjRibOut {
  const rib = new AdjRibOut();
  for (const prefix of prefixes) rib.set(routeTo(prefix));
  rib.begin(SESSION);
  return rib;
}

test('a session begins with everything and the end of each family', () => {
  const rib = opened('10.0.0.1/32', '10.0.0.2/32', '2001:db8::1/128');
  assert.equal(told(rib.take()), { announced: 3, withdrawn: 0, ends: ['IPv4', 'IPv6'] });
  assert.equal(rib.take(), []);
  assert.is(rib.toldCount, 3);
});

test('a change tells what changed and nothing else', () => {
  const rib = opened('10.0.0.1/32', '10.0.0.2/32');
  rib.take();
  rib.set(routeTo('10.0.0.1/32'));
  assert.equal(rib.take(), [], 'the same once more is nothing new');
  rib.set(routeTo('10.0.0.1/32', { communities: [1] }));
  assert.equal(told(rib.take()), { announced: 1, withdrawn: 0, ends: [] });
  rib.delete('10.0.0.2/32');
  assert.equal(told(rib.take()), { announced: 0, withdrawn: 1, ends: [] });
});

test('what comes and goes before it is sent is not sent', () => {
  const rib = opened();
  rib.take();
  rib.set(routeTo('10.0.0.9/32'));
  rib.delete('10.0.0.9/32');
  assert.equal(rib.take(), []);
  assert.is(rib.pendingCount, 0);
});

test('a family without next hop is not announced, one that loses it is not withdrawn twice', () => {
  const rib = new AdjRibOut();
  rib.set(routeTo('10.0.0.1/32'));
  rib.set(routeTo('2001:db8::1/128'));
  rib.begin({
    ...SESSION,
    nextHopOf: (family) => (family === 'IPv4' ? SESSION.nextHopOf('IPv4') : undefined),
  });
  assert.is(told(rib.take()).announced, 1);
  rib.delete('2001:db8::1/128');
  assert.equal(rib.take(), []);
});

test('a family that was not negotiated is never told', () => {
  const rib = new AdjRibOut();
  rib.set(routeTo('2001:db8::1/128'));
  rib.begin({ ...SESSION, families: ['IPv4'] });
  assert.equal(told(rib.take()), { announced: 0, withdrawn: 0, ends: ['IPv4'] });
});

test('a router that is slow is told in pieces, and the end comes last', () => {
  const rib = new AdjRibOut();
  for (let host = 0; host < 30_000; host += 1) {
    rib.set(routeTo(`10.0.${host >> 8}.${host & 255}/32`));
  }
  rib.begin(SESSION);
  const first = told(rib.take());
  assert.ok(first.announced > 0 && first.announced < 30_000);
  assert.equal(first.ends, []);
  let announced = first.announced;
  let ends: readonly string[] = [];
  for (let piece = rib.take(); piece.length > 0; piece = rib.take()) {
    announced += told(piece).announced;
    ends = told(piece).ends;
  }
  assert.is(announced, 30_000);
  assert.equal(ends, ['IPv4', 'IPv6']);
});

test('a session that ends knows nothing, the next one begins with everything', () => {
  const rib = opened('10.0.0.1/32');
  rib.take();
  rib.end();
  rib.set(routeTo('10.0.0.2/32'));
  assert.equal(rib.take(), []);
  rib.begin(SESSION);
  assert.is(told(rib.take()).announced, 2);
});

test('a refresh tells everything of that family once more', () => {
  const rib = opened('10.0.0.1/32', '2001:db8::1/128');
  rib.take();
  rib.refresh('IPv6');
  assert.equal(told(rib.take()), { announced: 1, withdrawn: 0, ends: [] });
});

test('messages are as full as can be, also extended ones', () => {
  for (const [maxLength, most] of [
    [4_096, 25],
    [65_535, 2],
  ] as const) {
    const rib = new AdjRibOut();
    for (let host = 0; host < 20_000; host += 1) {
      rib.set(routeTo(`10.0.${host >> 8}.${host & 255}/32`));
    }
    const encoding = { ...SESSION.encoding, maxLength };
    rib.begin({ ...SESSION, families: ['IPv4'], encoding });
    const messages: Uint8Array[] = [];
    for (let piece = rib.take(); piece.length > 0; piece = rib.take()) messages.push(...piece);
    assert.is(told(messages).announced, 20_000);
    assert.is(messages.length, most + 1, 'and the End-of-RIB');
  }
});

/** All that waits, as the driver fetches it. */
function takeAll(rib: AdjRibOut): Uint8Array[][] {
  const pieces: Uint8Array[][] = [];
  for (let piece = rib.take(); piece.length > 0; piece = rib.take()) pieces.push(piece);
  return pieces;
}

test('messages are full also where there is more than is taken at once, and nothing is lost between', () => {
  const [COUNT, PATHS] = [100_000, 50];
  const host = (at: number) => `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}/32`;
  for (const maxLength of [4_096, 65_535]) {
    const rib = new AdjRibOut();
    const paths = Array.from({ length: PATHS }, (_, path) => ({ communities: [path] }));
    const attributes = paths.map((path) => routeTo(host(0), path).attributes);
    for (let at = 0; at < COUNT; at += 1) {
      const path = attributes[at % PATHS];
      if (path !== undefined) rib.set({ ...routeTo(host(at)), attributes: path });
    }
    const encoding = { ...SESSION.encoding, maxLength };
    rib.begin({ ...SESSION, families: ['IPv4'], encoding });
    const pieces = takeAll(rib);
    assert.ok(pieces.every((piece) => piece.reduce((sum, one) => sum + one.length, 0) < 150_000));
    const lengths = pieces.flat().map(({ length }) => length);
    // Beside the End-of-RIB one for each path.
    assert.is(lengths.filter((length) => length <= maxLength - 5).length, PATHS + 1);
    assert.is(told(pieces.flat()).announced, COUNT);
    const router = learn(new Map(), pieces.flat());
    for (let at = 0; at < COUNT; at += 1) if (at % 10 !== 0) rib.delete(host(at));
    const gone = takeAll(rib).flat();
    assert.is(gone.filter(({ length }) => length <= maxLength - 5).length, 1);
    assert.is(learn(router, gone).size, COUNT / 10);
    assert.is(rib.toldCount, COUNT / 10);
  }
});

test('a peer that asks for everything hundreds of times before it is told gets it once', () => {
  for (const enhancedRefresh of [false, true]) {
    const rib = new AdjRibOut();
    for (const prefix of ['10.0.0.1/32', '10.0.0.2/32']) rib.set(routeTo(prefix));
    rib.begin({ ...SESSION, enhancedRefresh });
    rib.take();
    for (let times = 0; times < 500; times += 1) rib.refresh('IPv4');
    assert.is(rib.take().length, enhancedRefresh ? 3 : 1);
    assert.equal(rib.take(), []);
    assert.is(rib.pendingCount, 0);
  }
});

test('a refresh of a family that the session has not is passed over (RFC 2918 §4)', () => {
  const rib = new AdjRibOut();
  rib.set(routeTo('10.0.0.1/32'));
  rib.begin({ ...SESSION, families: ['IPv4'], enhancedRefresh: true });
  rib.take();
  rib.refresh('IPv6');
  assert.is(rib.pendingCount, 0);
  assert.equal(rib.take(), []);
});

test('a route whose attributes leave no room for it is not told, or withdrawn; the others go on (RFC 4271 §9.2)', () => {
  const crowd = { communities: Array.from({ length: 1_020 }, (_, index) => index) };
  const rib = opened('10.0.0.1/32', '10.0.0.2/32', '2001:db8::1/128');
  rib.take();
  rib.set(routeTo('10.0.0.1/32', crowd));
  rib.set(routeTo('10.0.0.3/32', crowd));
  rib.set(routeTo('2001:db8::1/128', crowd));
  rib.set(routeTo('10.0.0.4/32'));
  const messages = rib.take();
  assert.ok(messages.every(({ length }) => length <= SESSION.encoding.maxLength));
  assert.equal(told(messages), { announced: 1, withdrawn: 2, ends: [] });
  assert.equal([...rib.tooLong.keys()], ['10.0.0.1/32', '10.0.0.3/32', '2001:db8::1/128']);
  const mostOctets = SESSION.encoding.maxLength;
  // Lengths and header 23, ORIGIN 4, AS_PATH 9, NEXT_HOP 7, COMMUNITIES 4 and 4 of each, the prefix 5.
  assert.equal(rib.tooLong.get('10.0.0.1/32'), { octets: 4_132, mostOctets });
  assert.is(rib.toldCount, 2);
  rib.set(routeTo('10.0.0.1/32'));
  rib.delete('10.0.0.3/32');
  assert.equal(told(rib.take()), { announced: 1, withdrawn: 0, ends: [] });
  assert.equal([...rib.tooLong.keys()], ['2001:db8::1/128']);
  rib.end();
  rib.begin({ ...SESSION, encoding: { ...SESSION.encoding, maxLength: 65_535 } });
  assert.is(told(rib.take()).announced, 4, 'another session may have room');
  assert.is(rib.tooLong.size, 0);
});

test('what is told once more stands between a begin and an end, also in pieces, and after the End-of-RIB', () => {
  /** `b` and `e` for these two, `u` for an UPDATE. */
  const kinds = (messages: readonly Uint8Array[]) =>
    messages.map((bytes) => (bytes[18] === BGP_MESSAGE.update ? 'u' : ` be`[bytes[21] ?? 0]));
  const rib = new AdjRibOut();
  for (let host = 0; host < 30_000; host += 1) {
    rib.set(routeTo(`10.0.${host >> 8}.${host & 255}/32`));
  }
  rib.begin({ ...SESSION, families: ['IPv4'], enhancedRefresh: true });
  rib.refresh('IPv4');
  const all: (string | undefined)[] = [];
  for (let piece = rib.take(); piece.length > 0; piece = rib.take()) all.push(...kinds(piece));
  // All of it and its end, then between begin and end all of it again.
  assert.match(all.join(''), /^u+bu+e$/);
  assert.is(all.filter((kind) => kind === 'u').length % 2, 1);
  rib.refresh('IPv4');
  assert.ok(rib.pendingCount > 0);
  rib.end();
  rib.begin({ ...SESSION, families: ['IPv4'], enhancedRefresh: true });
  assert.is(kinds(rib.take())[0], 'u', 'a new session knows of no refresh');
});

const HOSTS = 12;

/** What a router has of hosts of IPv4: prefix and attributes, in hexadecimal digits. */
function learn(routes: Map<string, string>, messages: readonly Uint8Array[]): Map<string, string> {
  for (const bytes of messages) {
    const hex = Buffer.from(bytes.subarray(19)).toString('hex');
    const withdrawnTo = 4 + 2 * Number.parseInt(hex.slice(0, 4), 16);
    const attributesTo =
      withdrawnTo + 4 + 2 * Number.parseInt(hex.slice(withdrawnTo, withdrawnTo + 4), 16);
    for (const [host] of hex.slice(4, withdrawnTo).matchAll(/.{10}/g)) routes.delete(host);
    for (const [host] of hex.slice(attributesTo).matchAll(/.{10}/g)) {
      routes.set(host, hex.slice(withdrawnTo, attributesTo));
    }
  }
  return routes;
}

test('whatever changes in whatever order, in the end the peer knows what one that comes now is told', () => {
  const then = fc.constantFrom('wait', 'take', 'refresh');
  const change = fc.tuple(fc.nat(HOSTS - 1), fc.nat(3), then);
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const rib = opened();
      const wanted = new Map<string, number>();
      const known = new Map<string, string>();
      for (const [host, community, next] of changes) {
        const prefix = `10.0.0.${host}/32`;
        if (community === 0) {
          rib.delete(prefix);
          wanted.delete(prefix);
        } else {
          rib.set(routeTo(prefix, { communities: [community] }));
          wanted.set(prefix, community);
        }
        if (next === 'take') learn(known, rib.take());
        if (next === 'refresh') rib.refresh('IPv4');
      }
      learn(known, rib.take());
      const fresh = opened();
      for (const [prefix, community] of wanted) {
        fresh.set(routeTo(prefix, { communities: [community] }));
      }
      const sorted = (routes: Map<string, string>) => [...routes].sort();
      assert.equal(sorted(known), sorted(learn(new Map(), fresh.take())));
      assert.is(rib.toldCount, wanted.size);
      assert.is(rib.pendingCount, 0);
    }),
  );
});

for (const [name, first, second] of [
  ['before', 'delete', 'refresh'],
  ['after', 'refresh', 'delete'],
] as const) {
  test(`a prefix that goes ${name} the peer asks for a refresh is withdrawn`, () => {
    const rib = opened('10.0.0.1/32', '10.0.0.2/32');
    rib.take();
    const act = { delete: () => rib.delete('10.0.0.1/32'), refresh: () => rib.refresh('IPv4') };
    act[first]();
    act[second]();
    assert.equal(told(rib.take()), { announced: 1, withdrawn: 1, ends: [] });
  });
}

test.run();
