import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { golden, goldenNames } from '../support/golden.ts';

const TESTS = new URL('..', import.meta.url);

test('every golden file can be read', () => {
  for (const name of goldenNames()) assert.ok(golden(name).length > 0, name);
});

test('every golden file is named by a test', () => {
  const sources = readdirSync(TESTS, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => readFileSync(new URL(path, TESTS), 'utf8'))
    .join('\n');
  const unreferenced = goldenNames().filter((name) => !sources.includes(`'${name}'`));
  assert.equal(unreferenced, []);
});

test.run();
