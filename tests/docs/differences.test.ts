import { existsSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const root = new URL('../../', import.meta.url);
const page = readFileSync(new URL('docs/differences-from-metallb.md', root), 'utf8');
/** The last cell of a row: a file, and words of the title of the test in it. */
const SHOWN_BY = /^\| (.+?) \|.*\| `(tests\/[^`]+)`: (\S.+) \|$/gm;
const HEAD = '| MetalLB | this module | why | test |';
/** Fewer are in many a title. */
const MIN_WORDS = 3;
const rows = [...page.matchAll(SHOWN_BY)];

/** Where titles stand: as what a call is given first, as the name of a row, and as the first item of one. */
const TITLE =
  /(?:\b(?:test|scenario|\w+Scenario)\(|\b(?:name|sentence):|\[)\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g;

/** What a test or a row of its table is called; of a title that is made of values, the text around them. */
function titlesIn(source: string): string[] {
  return [...source.matchAll(TITLE)]
    .map(([, single, double, template]) => single ?? double ?? template ?? '')
    .map((title) => title.replace(/\$\{[^}]*\}/g, '…').replace(/\\(.)/g, '$1'));
}

test('every row of the tables names its test, by words of its title', () => {
  const lines = page.split('\n').filter((line) => line.startsWith('| ') && line !== HEAD);
  const found = rows.map(([line]) => line);
  assert.equal(
    lines.filter((line) => !found.includes(line)),
    [],
  );
  assert.ok(rows.length > 35);
});

test('a title is what a test is called, and not what it does', () => {
  const source = `
    test('one', () => call('not this'));
    const rows = [['two', 2], { name: "three's", of: 'nor this' }];
    test(\`a \${kind} is four\`, work);
    metallbScenario('it\\'s-five', play);
    import { six } from 'six';
  `;
  assert.equal(titlesIn(source), ['one', 'two', "three's", 'a … is four', "it's-five"]);
});

for (const [, what = '', file = '', words = ''] of rows) {
  test(`the test that shows "${what.slice(0, 60)}" is there`, () => {
    const url = new URL(file, root);
    assert.ok(existsSync(url), `no ${file}`);
    assert.ok(words.split(/[ -]/).length >= MIN_WORDS, `"${words}" says too little`);
    const titles = titlesIn(readFileSync(url, 'utf8'));
    assert.ok(
      titles.some((title) => title.includes(words)),
      `${file} has no test of the title "${words}"`,
    );
  });
}

test.run();
