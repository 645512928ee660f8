import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Change } from '../../modules/metallb/src/admission/admission-review.ts';
import { isAllowed } from '../../modules/metallb/src/admission/verdict.ts';
import { classOf } from '../support/cluster-objects.ts';
import { creation, deletion, update, verdictOn } from './admission-bench.ts';

const own = classOf('own');
const migrated = {
  ...own,
  metadata: { ...own.metadata, labels: { 'auto-generated-by': 'd8-migration-hook' } },
};
const DECKHOUSE = 'system:serviceaccount:d8-system:deckhouse';
const USER = 'kubernetes-admin';

const rows: [name: string, change: Change, username: string, version: number, allowed: boolean][] =
  [
    ['58: a user edits a migrated class', update(migrated, migrated), USER, 1, false],
    ['a user takes its label away', update(migrated, own), USER, 1, false],
    ['a user deletes it', deletion(migrated), USER, 1, false],
    [
      'a ServiceAccount of the same name elsewhere edits it',
      update(migrated, own),
      'system:serviceaccount:default:deckhouse',
      1,
      false,
    ],
    ['58: Deckhouse edits it', update(migrated, migrated), DECKHOUSE, 1, true],
    ['Deckhouse deletes it', deletion(migrated), DECKHOUSE, 1, true],
    ['a user makes one like it', creation(migrated), USER, 1, true],
    ['a user edits a class of their own', update(own, own), USER, 1, true],
    ['a user labels a class of their own', update(own, migrated), USER, 1, true],
    ['58: a user edits a migrated class', update(migrated, migrated), USER, 2, true],
    ['a user deletes it', deletion(migrated), USER, 3, true],
  ];
for (const [name, change, username, moduleConfigVersion, allowed] of rows) {
  test(`under ModuleConfig v${moduleConfigVersion} ${name}: ${allowed ? 'allowed' : 'refused'}`, () => {
    const verdict = verdictOn(change, { classes: [] }, { username, moduleConfigVersion });
    assert.is(isAllowed(verdict), allowed);
  });
}

test('the refusal says whose the class is and what to do instead', () => {
  assert.equal(verdictOn(deletion(migrated), {}, { moduleConfigVersion: 1 }).refusals, [
    'MetalLoadBalancerClass "own" was made by Deckhouse\'s migration, which keeps it as ModuleConfig metallb says: change spec.settings there, or set its spec.version to 2 first',
  ]);
});

test.run();
