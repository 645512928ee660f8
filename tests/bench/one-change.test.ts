import { spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bundle } from '../support/bundle.ts';

const FEW = 10;
const MANY = 210;
const BENCH = 'bench/one-change.ts';
const bench = (await bundle([BENCH]))(BENCH);

interface Cost {
  readonly change: string;
  readonly calls: number;
  readonly callsAmongFew: number;
}

/** A process of its own: counting calls would spoil a coverage report of this one. */
function costs(): Cost[] {
  const args = [bench, String(FEW), String(MANY)];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.is(status, 0, stderr);
  const lines = stdout.trim().split('\n');
  return lines.map((line) => JSON.parse(line));
}

test('one change calls no function for each other Service, from the Service to the election', () => {
  const found = costs();
  assert.equal(
    found.map(({ change }) => change),
    [
      ...['serviceCreated', 'serviceChanged', 'serviceDeleted'],
      ...['metallbServiceCreated', 'metallbServiceChanged', 'metallbServiceDeleted'],
      ...['childChanged', 'sliceChanged', 'routeWithdrawn', 'routeAnnounced'],
    ],
  );
  for (const { change, calls, callsAmongFew } of found) {
    const more = calls - callsAmongFew;
    assert.ok(more < (MANY - FEW) / 2, `${change}: ${more} calls more among ${MANY} than ${FEW}`);
  }
});

test.run();
