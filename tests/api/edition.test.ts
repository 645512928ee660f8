import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mayUseBgp } from '../../modules/metallb/src/api/edition.ts';

test('of the editions, three have BGP, in whatever letters they are written', () => {
  const editions = ['CE', 'BE', 'SE', 'SE-plus', 'EE', 'FE', 'CSE-Lite', 'CSE-Pro', 'ee', 'XE', ''];
  assert.equal(editions.filter(mayUseBgp), ['EE', 'FE', 'CSE-Pro', 'ee']);
});

test.run();
