import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SessionLog } from '../../modules/metallb/src/speaker/session-log.ts';
import { createLogger } from '../../modules/metallb/src/telemetry/logger.ts';
import { FakeClock } from '../support/fake-clock.ts';

test('a router that sends faulty messages all the time is told of once a minute, and changes no condition', () => {
  const clock = new FakeClock();
  const lines: string[] = [];
  const destination = { write: (line: string) => lines.push(line) };
  const log = createLogger({ program: 'speaker', level: 'info', destination });
  const words = new SessionLog(clock, log, () => []);
  for (let times = 0; times < 1_000; times += 1) {
    assert.is(words.hear('ns/tor', { type: 'fault', fault: 'ORIGIN is missing' }), false);
  }
  assert.is(lines.length, 1);
  assert.match(lines[0] ?? '', /"peer":"ns\/tor","fault":"ORIGIN is missing","untold":0/);
  assert.is(words.hear('ns/spine', { type: 'fault', fault: 'ORIGIN is missing' }), false);
  assert.is(lines.length, 2);
  clock.advance(60_000);
  words.hear('ns/tor', { type: 'fault', fault: 'MED' });
  assert.match(lines[2] ?? '', /"fault":"MED","untold":999/);
  assert.is(words.hear('ns/tor', { type: 'ended', why: 'connection reset' }), true);
  assert.match(lines[3] ?? '', /"why":"connection reset"/);
});

test.run();
