import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const root = new URL('../../', import.meta.url);
/** `[text](target#heading)`; targets on the web are not looked at. */
const LINK = /\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g;

const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'],
  ...readdirSync(new URL('docs/', root), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];

/** What a page's headings are called in links, as GitHub has it. */
function anchorsOf(page: URL): Set<string> {
  const headings = readFileSync(page, 'utf8').matchAll(/^#+ (.+)$/gm);
  return new Set(
    Array.from(headings, ([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replace(/\s/g, '-'),
    ),
  );
}

for (const page of pages) {
  test(`every link in ${page} leads to a file of this repository, and to a heading that is there`, () => {
    const url = new URL(page, root);
    const broken = [...readFileSync(url, 'utf8').matchAll(LINK)].flatMap(
      ([link, target = '', anchor]) => {
        const there = target === '' ? url : new URL(target, url);
        const isThere = existsSync(there) && (anchor === undefined || anchorsOf(there).has(anchor));
        return isThere ? [] : [link];
      },
    );
    assert.equal(broken, []);
  });
}

test('there are pages to check', () => {
  assert.ok(pages.length > 5);
});

test.run();
