import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { labKey, type ScenarioOptions, scenario } from '../../lab/scenario.ts';
import { ScenarioQueue } from '../../lab/scenario-queue.ts';

const STANDARD = {};
const OF_TWO = { lab: { nodes: 2 } };
const OF_ONE = { lab: { nodes: 1 } };

test('a lane plays what its lab serves, then what no other lane has begun, then whatever waits', () => {
  const queue = queueOf({ a: OF_ONE, b: STANDARD, c: OF_TWO, d: STANDARD, e: OF_TWO, f: STANDARD });
  const first = laneOf(queue);
  const second = laneOf(queue);
  assert.equal([first(), second()], ['b', 'c'], 'the labs of which there is most to play');
  assert.equal([first(), second(), second()], ['d', 'e', 'a']);
  assert.equal([second(), first()], ['f', undefined]);
  assert.is(second(), undefined);
});

test('a lane whose lab is gone gets what comes next all the same', () => {
  const queue = queueOf({ a: STANDARD, b: STANDARD });
  assert.is(queue.next(undefined)?.name, 'a');
  assert.is(queue.next(undefined)?.name, 'b');
  assert.is(queue.next(undefined), undefined);
});

test.run();

function queueOf(options: Readonly<Record<string, ScenarioOptions>>): ScenarioQueue {
  const play = () => Promise.resolve(undefined);
  return new ScenarioQueue(Object.entries(options).map(([name, own]) => scenario(name, own, play)));
}

/** @returns names of the scenarios that a lane gets, one after the other */
function laneOf(queue: ScenarioQueue): () => string | undefined {
  let standing: string | undefined;
  return () => {
    const one = queue.next(standing);
    if (one !== undefined) standing = labKey(one);
    return one?.name;
  };
}
