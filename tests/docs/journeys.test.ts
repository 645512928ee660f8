import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const pagesFolder = new URL('../../docs/journeys/', import.meta.url);
const testsFolder = new URL('../journeys/', import.meta.url);
const pages = readdirSync(pagesFolder)
  .filter((file) => file !== 'README.md')
  .map((file) => file.replace(/\.md$/, ''));
const list = readFileSync(new URL('README.md', pagesFolder), 'utf8');
const scenarios = readdirSync(testsFolder)
  .filter((file) => file.endsWith('.lab.ts'))
  .map((file) => readFileSync(new URL(file, testsFolder), 'utf8'))
  .join('\n');

test('there are journeys', () => {
  assert.ok(pages.includes('three-ips'));
  assert.ok(pages.length > 8);
});

for (const page of pages) {
  test(`docs/journeys/${page}.md is listed, and somebody follows it`, () => {
    assert.ok(list.includes(`](${page}.md)`), 'it is not in docs/journeys/README.md');
    assert.ok(scenarios.includes(`journey('${page}',`), 'tests/journeys has no journey of it');
  });
}

test('every journey that is followed has a page', () => {
  const followed = [...scenarios.matchAll(/\bjourney\('([^']+)'/g)].map(([, name = '']) => name);
  assert.equal(followed.sort(), [...pages].sort());
});

test.run();
