import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { isDueForRenewal } from '../../lab/kubernetes/service-account-tokens.ts';

const ISSUED = Date.UTC(2026, 0, 1);
const HOUR = 3_600;

const CASES: [lifeSeconds: number, ageSeconds: number, isDue: boolean][] = [
  [HOUR, 0, false],
  [HOUR, 0.79 * HOUR, false],
  [HOUR, 0.81 * HOUR, true],
  [HOUR, 2 * HOUR, true],
  [600, 479, false],
  [600, 481, true],
  [100 * HOUR, 23 * HOUR, false],
  [100 * HOUR, 25 * HOUR, true],
];
for (const [lifeSeconds, ageSeconds, isDue] of CASES) {
  const age = ageSeconds / HOUR;
  test(`a token for ${lifeSeconds / HOUR} h is ${isDue ? '' : 'not '}renewed after ${age} h`, () => {
    const expiresAt = new Date(ISSUED + lifeSeconds * 1_000);
    const now = new Date(ISSUED + ageSeconds * 1_000);
    assert.is(isDueForRenewal({ text: 'token', lifeSeconds, expiresAt }, now), isDue);
  });
}

test.run();
