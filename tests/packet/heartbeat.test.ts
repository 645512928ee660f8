import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ipFromBytes, parseIp } from '../../modules/metallb/src/net/ip.ts';
import {
  decodeHeartbeat,
  encodeHeartbeat,
  type Heartbeat,
  heartbeatKey,
  MAX_HEARTBEAT_BYTES,
  NODE_STATES,
  namedSender,
  shortId,
} from '../../modules/metallb/src/packet/heartbeat.ts';
import { MalformedPacketError } from '../../modules/metallb/src/packet/malformed.ts';

const KEY = heartbeatKey(Buffer.alloc(32, 1));
const OTHER_KEY = heartbeatKey(Buffer.alloc(32, 2));
const CLUSTER = shortId('lab');

const hexId = (bytes: number) =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map((id) => Buffer.from(id).toString('hex'));
const gates = fc.record(
  { dataplane: fc.boolean(), reachability: fc.boolean() },
  { noNullPrototype: true },
);
const address = fc
  .oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  )
  .map((bytes) => ipFromBytes(bytes));
const heartbeats: fc.Arbitrary<Heartbeat> = fc.record(
  {
    cluster: fc.constant(CLUSTER),
    node: fc.string({ maxLength: 60, unit: 'grapheme-ascii' }),
    interface: fc.string({ maxLength: 15, unit: 'grapheme-ascii' }),
    incarnation: hexId(8),
    sequence: fc.nat(0xffff_ffff),
    intervalMs: fc.integer({ min: 1, max: 65_535 }),
    state: fc.constantFrom(...NODE_STATES),
    failedGates: gates,
    reaches: fc.boolean(),
    revision: fc.nat(),
    addresses: fc.array(address, { maxLength: 2 }),
    deaf: fc.boolean(),
    heard: fc.array(hexId(8), { maxLength: 30 }),
    heardInPart: fc.constant(false),
    covered: fc.array(hexId(8), { maxLength: 8 }),
    witnessed: fc.array(hexId(8), { maxLength: 8 }),
    disputed: fc.array(fc.record({ ip: address, digest: hexId(8) }, { noNullPrototype: true }), {
      maxLength: 5,
    }),
  },
  { noNullPrototype: true },
);

test('what is encoded is decoded', () => {
  fc.assert(
    fc.property(heartbeats, (heartbeat) => {
      const bytes = encodeHeartbeat(heartbeat, [KEY, OTHER_KEY]);
      const heldKeys = [KEY.id, OTHER_KEY.id];
      assert.equal(decodeHeartbeat(bytes, CLUSTER, [OTHER_KEY, KEY]), { ...heartbeat, heldKeys });
    }),
  );
});

test('every strict prefix is refused', () => {
  fc.assert(
    fc.property(heartbeats, fc.nat(), (heartbeat, cut) => {
      const bytes = encodeHeartbeat(heartbeat, [KEY]);
      const prefix = bytes.subarray(0, cut % bytes.length);
      const read = () => decodeHeartbeat(prefix, CLUSTER, [KEY]);
      try {
        return read() === 'bad-signature';
      } catch (error) {
        return error instanceof MalformedPacketError;
      }
    }),
  );
});

test('every changed bit is refused', () => {
  fc.assert(
    fc.property(heartbeats, fc.nat(), fc.integer({ min: 0, max: 7 }), (heartbeat, at, bit) => {
      const bytes = Uint8Array.from(encodeHeartbeat(heartbeat, [KEY]));
      const index = at % bytes.length;
      bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
      return typeof decodeHeartbeat(bytes, CLUSTER, [KEY]) === 'string';
    }),
  );
});

test('random bytes are refused in words or as malformed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1_500 }), (bytes) => {
      try {
        return typeof decodeHeartbeat(bytes, CLUSTER, [KEY]) === 'string';
      } catch (error) {
        return error instanceof MalformedPacketError;
      }
    }),
  );
});

for (const [name, cluster, keys, refusal] of [
  ['another cluster on the segment', shortId('other'), [KEY], 'foreign-cluster'],
  ['a key that this node does not hold', CLUSTER, [OTHER_KEY], 'unknown-key'],
] as const) {
  test(`refuses ${name}`, () => {
    fc.assert(
      fc.property(heartbeats, (heartbeat) => {
        return decodeHeartbeat(encodeHeartbeat(heartbeat, [KEY]), cluster, keys) === refusal;
      }),
    );
  });
}

test("what can't be verified names its sender all the same", () => {
  fc.assert(
    fc.property(heartbeats, (heartbeat) => {
      assert.is(namedSender(encodeHeartbeat(heartbeat, [OTHER_KEY])), heartbeat.node);
    }),
  );
});

test('random bytes name nobody, or are malformed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1_500 }), (bytes) => {
      try {
        return typeof namedSender(bytes) === 'string';
      } catch (error) {
        return error instanceof MalformedPacketError;
      }
    }),
  );
});

test('a frame of 100 nodes with 2,000 disputes fits a link with the minimum MTU', () => {
  const ip = parseIp('2001:db8::1');
  assert.ok(ip);
  const [sample] = fc.sample(heartbeats, 1);
  assert.ok(sample);
  const bytes = encodeHeartbeat(
    {
      ...sample,
      heard: new Array(100).fill('00'.repeat(8)),
      witnessed: new Array(100).fill('00'.repeat(8)),
      disputed: new Array(2_000).fill({ ip, digest: '00'.repeat(8) }),
    },
    [KEY],
  );
  assert.ok(bytes.length <= MAX_HEARTBEAT_BYTES, `${bytes.length} bytes`);
});

const manyIds = fc.uniqueArray(hexId(8), { maxLength: 512 });
const crowded: fc.Arbitrary<Heartbeat> = fc
  .tuple(heartbeats, fc.integer({ min: 1, max: 253 }), manyIds, fc.array(address, { maxLength: 9 }))
  .map(([heartbeat, nameLength, ids, addresses]) => ({
    ...heartbeat,
    ...{ node: 'n'.repeat(nameLength), interface: 'i'.repeat(15), addresses },
    ...{ heard: ids, witnessed: ids, covered: ids },
    disputed: ids.map((digest) => ({ ip: ipFromBytes(new Uint8Array(16)), digest })),
  }));

test('whatever there is to say, no heartbeat is longer than fits a link with the minimum MTU', () => {
  const keys = Array.from({ length: 9 }, (_, index) => heartbeatKey(Buffer.alloc(32, index)));
  fc.assert(
    fc.property(crowded, fc.integer({ min: 1, max: 9 }), (heartbeat, keyCount) => {
      const [first = KEY, ...others] = keys.slice(0, keyCount);
      const bytes = encodeHeartbeat(heartbeat, [first, ...others]);
      assert.ok(bytes.length <= MAX_HEARTBEAT_BYTES, `${bytes.length} bytes`);
      assert.type(decodeHeartbeat(bytes, CLUSTER, [first]), 'object');
    }),
  );
});

test('heartbeats that follow each other name everybody who is heard, in eight turns at most', () => {
  fc.assert(
    fc.property(crowded, (heartbeat) => {
      const named = new Set<string>();
      for (let turn = 0; turn < 8; turn += 1) {
        const sequence = (heartbeat.sequence % 1_000_000) + turn;
        const bytes = encodeHeartbeat({ ...heartbeat, sequence }, [KEY]);
        const read = decodeHeartbeat(bytes, CLUSTER, [KEY]);
        assert.ok(typeof read === 'object');
        assert.is(read.heardInPart, read.heard.length < heartbeat.heard.length);
        for (const id of read.heard) named.add(id);
      }
      assert.equal([...named].sort(), [...heartbeat.heard].sort());
    }),
  );
});

for (const [name, wish] of [
  ['a node', { node: 'n'.repeat(254) }],
  ['an interface', { interface: 'eth0-is-too-long' }],
] as const) {
  test(`refuses a name that ${name} can't have`, () => {
    const [sample] = fc.sample(heartbeats, 1);
    assert.ok(sample);
    assert.throws(() => encodeHeartbeat({ ...sample, ...wish }, [KEY]), /a name of \d+ bytes/);
  });
}

test('thirty nodes are all vouched for, and disputes find room beside them', () => {
  const ip = parseIp('2001:db8::1');
  const [sample] = fc.sample(heartbeats, 1);
  assert.ok(ip && sample);
  const ids = Array.from({ length: 30 }, (_, index) => shortId(`n${index}`));
  const disputed = new Array(100).fill({ ip, digest: '00'.repeat(8) });
  const bytes = encodeHeartbeat({ ...sample, heard: ids, witnessed: ids, disputed }, [KEY]);
  const read = decodeHeartbeat(bytes, CLUSTER, [KEY]);
  assert.ok(typeof read === 'object');
  assert.equal(read.witnessed, ids);
  assert.ok(read.disputed.length >= 10, `${read.disputed.length} disputes`);
});

test.run();
