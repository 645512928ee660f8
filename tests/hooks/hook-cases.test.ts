import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { playInMemory } from '../support/hook-case-player.ts';
import { HOOK_CASES } from '../support/hook-cases.ts';

for (const one of HOOK_CASES) {
  test(`in the controller: ${one.name}`, async () => {
    const { outcomes } = await playInMemory(one);
    assert.equal(outcomes.at(-1), one.expected);
  });

  test(`by the operator's rules, step for step the same: ${one.name}`, async () => {
    const { outcomes, failures } = await playInMemory(one, 'shell-operator');
    assert.equal(outcomes, (await playInMemory(one)).outcomes);
    assert.equal(failures, []);
  });
}

test.run();
