import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ipFromBigInt } from '../../modules/metallb/src/net/ip.ts';
import { BurstMemory } from '../../modules/metallb/src/wire/burst-memory.ts';
import { mac } from '../support/addresses.ts';

const NODE = mac('02:00:00:00:00:01');
const OTHER = mac('02:00:00:00:00:02');

function ipOf(index: number) {
  return ipFromBigInt('IPv4', BigInt(0x0a00_0000 + index));
}

function announcing(frames: number, everyMs: number): BurstMemory {
  const memory = new BurstMemory();
  for (let index = 0; index < frames; index += 1) memory.saw(NODE, ipOf(index), index * everyMs);
  return memory;
}

test('a hundred announcements at once may have shut the port of who falls silent in the next 5 s', () => {
  const memory = announcing(100, 1);
  assert.ok(memory.wasBursting(NODE, 200));
  assert.ok(memory.wasBursting(NODE, 5_000));
  assert.not.ok(memory.wasBursting(NODE, 5_100));
  assert.not.ok(memory.wasBursting(OTHER, 200));
});

test('two IPs announced in every round shut no port, however often they move', () => {
  const memory = new BurstMemory();
  for (let move = 0; move < 10; move += 1) {
    for (const round of [0, 100, 300, 1_000, 2_000]) {
      for (let frame = 0; frame < 4; frame += 1) {
        memory.saw(NODE, ipOf(frame % 2), move * 3_000 + round);
      }
    }
  }
  assert.not.ok(memory.wasBursting(NODE, 30_000));
});

test('an announcement every 100 ms goes on for ever', () => {
  assert.not.ok(announcing(1_000, 100).wasBursting(NODE, 100_000));
});

test('a node that refreshes hundreds of IPs each minute has sent no burst', () => {
  const memory = announcing(700, 1);
  for (const minute of [1, 2, 3]) {
    for (let index = 0; index < 700; index += 1) {
      for (const form of [0, 2]) memory.saw(NODE, ipOf(index), minute * 60_000 + index + form);
    }
    assert.not.ok(memory.wasBursting(NODE, minute * 60_000 + 1_000), `minute ${minute}`);
  }
  for (let index = 0; index < 700; index += 1) memory.saw(OTHER, ipOf(index), 240_000 + index);
  assert.ok(memory.wasBursting(OTHER, 241_000), 'but one that takes them has');
});

test.run();
