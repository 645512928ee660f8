import { Readable } from 'node:stream';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readLines } from '../../modules/metallb/src/kube/watch-stream.ts';
import { FakeClock } from '../support/fake-clock.ts';

const LIMITS = { silenceMs: 1_000, muteMs: 1_000, lineLength: 100 };

test('a slow reader slows the sender down: no more than two buffers are taken ahead', async () => {
  let sent = 0;
  const body = new Readable({
    highWaterMark: 64,
    read() {
      sent += 1;
      this.push(`${'x'.repeat(15)}\n`);
    },
  });
  let heard = 0;
  for await (const _ of readLines(body, new FakeClock(), LIMITS)) {
    heard += 1;
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(sent - heard <= (2 * 64) / 16, `${sent} sent, ${heard} heard`);
    if (heard === 100) break;
  }
  assert.ok(body.destroyed, 'who stops reading closes the stream');
});

test('a reader that takes its time is not taken for a silent sender', async () => {
  const clock = new FakeClock();
  const body = Readable.from([Buffer.from('a\nb\n'), Buffer.from('c\n')]);
  const lines: string[] = [];
  for await (const line of readLines(body, clock, LIMITS)) {
    lines.push(line);
    clock.advance(400);
  }
  assert.equal(lines, ['a', 'b', 'c']);
});

test.run();
