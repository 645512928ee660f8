import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CaptureRun } from '../../modules/metallb/src/linux/capture-run.ts';

function runOf(frameMs: number) {
  let now = 0;
  const turns: (() => void)[] = [];
  const run = new CaptureRun(
    (turn) => turns.push(turn),
    () => now,
  );
  const read = (frames: number) => {
    let lasted = 0;
    for (let frame = 0; frame < frames; frame += 1) {
      lasted = run.frame();
      now += frameMs;
    }
    return lasted;
  };
  const turn = () => {
    for (const each of turns.splice(0)) each();
  };
  return { read, turn, turns };
}

test('frames that are read in one go tell how long that has lasted', () => {
  const { read, turns } = runOf(0.01);
  assert.ok(read(100) < 1);
  assert.ok(read(10_000) > 99);
  assert.is(turns.length, 1, 'the loop is asked for one turn');
});

test('once the event loop has turned, it begins anew', () => {
  const { read, turn } = runOf(0.01);
  read(10_000);
  turn();
  assert.is(read(1), 0);
  assert.ok(read(1_000) < 11);
});

test('what a process sleeps or waits for a processor is not reading', () => {
  const run = new CaptureRun(() => undefined);
  const frames = (count: number) => Math.max(...Array.from({ length: count }, () => run.frame()));
  frames(1);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
  assert.ok(frames(1_000) < 200);
});

test.run();
