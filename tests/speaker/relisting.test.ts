import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Relisting } from '../../modules/metallb/src/speaker/relisting.ts';
import { FakeClock } from '../support/fake-clock.ts';

function relisting(random: number) {
  const clock = new FakeClock();
  const lists: number[] = [];
  const begunAt = clock.now();
  const relist = () => void lists.push(Math.round(clock.now() - begunAt));
  return { clock, lists, relisting: new Relisting(clock, () => random, relist) };
}

test('many requests are one list, some time within a second', () => {
  const { clock, lists, relisting: one } = relisting(0.4);
  for (let time = 0; time < 3; time += 1) one.request();
  clock.advance(10_000);
  assert.equal(lists, [400]);
});

test('the next one waits until five minutes are over', () => {
  const { clock, lists, relisting: one } = relisting(0);
  one.request();
  clock.advance(1_000);
  for (let time = 0; time < 600; time += 1) {
    one.request();
    clock.advance(1_000);
  }
  assert.equal(lists, [0, 300_000, 600_000]);
});

test('nothing is listed after the end', () => {
  const { clock, lists, relisting: one } = relisting(0.5);
  one.request();
  one.stop();
  clock.advance(10_000);
  assert.equal(lists, []);
});

test.run();
