import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BurstMemory } from '../../modules/metallb/src/wire/burst-memory.ts';
import { mac } from '../support/addresses.ts';

const NODE = mac('02:00:00:00:00:01');
const OTHER = mac('02:00:00:00:00:02');

function announcing(frames: number, everyMs: number): BurstMemory {
  const memory = new BurstMemory();
  for (let index = 0; index < frames; index += 1) memory.saw(NODE, index * everyMs);
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
      for (let frame = 0; frame < 4; frame += 1) memory.saw(NODE, move * 3_000 + round);
    }
  }
  assert.not.ok(memory.wasBursting(NODE, 30_000));
});

test('an announcement every 100 ms goes on for ever', () => {
  assert.not.ok(announcing(1_000, 100).wasBursting(NODE, 100_000));
});

test.run();
