import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const root = new URL('../../', import.meta.url);
/** `[text](target)`; targets on the web and within the page are not looked at. */
const LINK = /\]\((?!https?:|#)([^)#\s]+)/g;

const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'],
  ...readdirSync(new URL('docs/', root), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];

for (const page of pages) {
  test(`every link in ${page} leads to a file of this repository`, () => {
    const url = new URL(page, root);
    const targets = [...readFileSync(url, 'utf8').matchAll(LINK)].map(([, target = '']) => target);
    assert.equal(
      targets.filter((target) => !existsSync(new URL(target, url))),
      [],
    );
  });
}

test('there are pages to check', () => {
  assert.ok(pages.length > 5);
});

test.run();
