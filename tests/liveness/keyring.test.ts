import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Keyring } from '../../modules/metallb/src/liveness/keyring.ts';
import type { HeartbeatKeys } from '../../modules/metallb/src/packet/heartbeat.ts';
import { type HeartbeatKey, heartbeatKey } from '../../modules/metallb/src/packet/heartbeat.ts';

const [OLD, NEW, NEWER, STRANGE] = [1, 2, 3, 4].map((byte) =>
  heartbeatKey(Buffer.alloc(32, byte)),
) as [HeartbeatKey, HeartbeatKey, HeartbeatKey, HeartbeatKey];
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

const ids = (keys: readonly HeartbeatKey[]) => keys.map(({ id }) => id);
const holds = (ring: Keyring, node: string, keys: readonly HeartbeatKey[], now = 0) =>
  ring.holds({ node, heldKeys: ids(keys) }, now);

const CHOICES: readonly (readonly [
  name: string,
  own: HeartbeatKeys,
  others: readonly (readonly HeartbeatKey[])[],
  signing: readonly HeartbeatKey[],
])[] = [
  ['nobody is heard: with every key', [NEW, OLD], [], [NEW, OLD]],
  ['one does not hold the new key yet', [NEW, OLD], [[NEW, OLD], [OLD]], [OLD]],
  [
    'everybody holds the new key',
    [NEW, OLD],
    [
      [NEW, OLD],
      [NEW, OLD],
    ],
    [NEW],
  ],
  ['everybody holds the new key, one no other', [NEW, OLD], [[NEW, OLD], [NEW]], [NEW]],
  ['others order theirs otherwise', [NEW, OLD], [[OLD, NEW]], [NEW]],
  ['no key is common to all: with every key', [NEW, OLD], [[OLD], [NEW]], [NEW, OLD]],
  [
    'two rotations ahead of one',
    [NEWER, NEW, OLD],
    [
      [NEWER, NEW],
      [NEW, OLD],
    ],
    [NEW],
  ],
  ['a node holds none of ours: with every key', [NEW, OLD], [[STRANGE]], [NEW, OLD]],
];
for (const [name, own, others, signing] of CHOICES) {
  test(`signs, where ${name}`, () => {
    const ring = new Keyring(own, 0);
    others.forEach((keys, index) => {
      holds(ring, `n${index}`, keys);
    });
    ring.choose(0);
    assert.equal(ids(ring.signing), ids(signing));
    assert.equal(ids(ring.accepted), ids(own));
  });
}

test('it is news when a node holds other keys, or was silent for so long that its word was forgotten', () => {
  const ring = new Keyring([NEW, OLD], 0);
  assert.ok(holds(ring, 'n2', [OLD], 0));
  assert.not(holds(ring, 'n2', [OLD], 119_999));
  assert.ok(holds(ring, 'n2', [NEW, OLD], 120_000));
  assert.not(holds(ring, 'n2', [OLD, NEW], 130_000));
  assert.ok(holds(ring, 'n2', [OLD, NEW], 250_000));
  assert.ok(holds(ring, 'n2', [OLD, STRANGE], 250_001));
});

test('a node that is silent for two minutes holds up no rotation', () => {
  const ring = new Keyring([NEW, OLD], 0);
  holds(ring, 'n2', [NEW, OLD], 119_000);
  holds(ring, 'n3', [OLD], 0);
  ring.choose(119_999);
  assert.equal(ids(ring.signing), [OLD.id]);
  ring.choose(120_000);
  assert.equal(ids(ring.signing), [NEW.id]);
});

test('proofs are signed with what was common to all last, when nobody is heard any more', () => {
  const ring = new Keyring([NEW, OLD], 0);
  holds(ring, 'n2', [OLD], 0);
  ring.choose(0);
  ring.choose(10 * MINUTE_MS);
  assert.equal(ids(ring.signing), [NEW.id, OLD.id]);
  assert.is(ring.proving, OLD);
});

test('an old key goes a day after its last use, and stays gone while it is in the file', () => {
  const ring = new Keyring([NEW, OLD], 0);
  ring.used(OLD.id, MINUTE_MS);
  assert.equal(ring.retire(DAY_MS), []);
  assert.equal(ring.retire(DAY_MS + MINUTE_MS), [OLD.id]);
  assert.equal(ring.retire(DAY_MS + MINUTE_MS), [], 'told once');
  assert.equal(ids(ring.accepted), [NEW.id]);
  assert.is(ring.uses.get(OLD.id), 'unused');
  ring.replace([NEWER, NEW, OLD], DAY_MS);
  assert.equal(ids(ring.accepted), [NEWER.id, NEW.id]);
  ring.replace([NEWER, NEW], DAY_MS);
  assert.equal([...ring.uses.keys()], [NEWER.id, NEW.id]);
});

test('the newest key never goes', () => {
  const ring = new Keyring([NEW, OLD], 0);
  assert.equal(ring.retire(10 * DAY_MS), [OLD.id]);
  assert.equal(ids(ring.accepted), [NEW.id]);
});

test('a key that signs for want of a newer one is in use', () => {
  const ring = new Keyring([NEW, OLD], 0);
  for (let now = 0; now <= 2 * DAY_MS; now += MINUTE_MS) {
    holds(ring, 'n2', [OLD], now);
    ring.choose(now);
    assert.equal(ring.retire(now), []);
  }
});

test('the whole file replaced: the keys of before go minutes after the last node has needed them', () => {
  const ring = new Keyring([OLD], 0);
  holds(ring, 'n2', [OLD]);
  ring.replace([NEW], 0);
  ring.choose(0);
  assert.equal(ids(ring.signing), [OLD.id], 'n2 has not read the new file');
  assert.equal(ids(ring.accepted), [NEW.id, OLD.id]);
  holds(ring, 'n2', [NEW, OLD], MINUTE_MS);
  ring.choose(MINUTE_MS);
  assert.equal(ids(ring.signing), [NEW.id]);
  assert.equal(ring.retire(5 * MINUTE_MS - 1), []);
  assert.equal(ring.retire(5 * MINUTE_MS), [OLD.id]);
  assert.equal([...ring.uses], [[NEW.id, 'signing']]);
});

test('a key that comes back into the file is one of its keys again', () => {
  const ring = new Keyring([NEW, OLD], 0);
  ring.replace([NEW], 0);
  ring.replace([OLD, NEW], MINUTE_MS);
  assert.equal(ids(ring.accepted), [OLD.id, NEW.id]);
  assert.equal(ring.retire(6 * MINUTE_MS), []);
});

test.run();
