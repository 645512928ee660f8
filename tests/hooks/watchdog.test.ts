import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { withinTime } from '../../modules/metallb/hooks/runner/watchdog.ts';

test('work that would never end is ended', () => {
  const forever = () => {
    for (;;);
  };
  assert.throws(() => withinTime(20, forever), /timed out after 20ms/);
});

test('what work throws comes through, and nothing is left behind', () => {
  const globals = Object.getOwnPropertyNames(globalThis);
  const fault = new Error('its own');
  const failing = () => {
    throw fault;
  };
  assert.throws(
    () => withinTime(60_000, failing),
    (error: unknown) => error === fault,
  );
  assert.equal(Object.getOwnPropertyNames(globalThis), globals);
});

test.run();
