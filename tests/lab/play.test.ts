import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { playAndTell, withDeadline } from '../../lab/play.ts';

const NAME = 'topic/sentence';

test('what there is to tell of a scenario comes in one piece', async () => {
  const told: string[] = [];
  const write = (text: string) => void told.push(text);
  const good = { name: NAME, lastWords: () => ['never shown'], waitedMs: () => 0 };
  assert.ok(await playAndTell({ ...good, play: async () => ['a measurement'] }, write));
  const play = () => Promise.reject(new Error('no such host'));
  assert.not(await playAndTell({ ...good, play, lastWords: () => ['last line'] }, write));
  assert.is(told.length, 2);
  assert.match(told[0] ?? '', /^ok {3}topic\/sentence {2}\d+\.\d s\na measurement$/);
  assert.match(
    told[1] ?? '',
    /^FAIL topic\/sentence .* s\nError: no such host\n[\s\S]*\nlast line$/,
  );
});

test('a deadline ends what does not end, and does not count how long it waited for others', async () => {
  const soon = () => new Promise<string>((resolve) => setImmediate(resolve, 'done'));
  const late = withDeadline(soon(), 0, () => 0).catch((error: Error) => error.message);
  assert.is(await late, 'not done after 0 ms');
  assert.is(await withDeadline(soon(), 0, () => 60_000), 'done');
});

test.run();
