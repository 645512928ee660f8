import { existsSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const root = new URL('../../', import.meta.url);
const page = readFileSync(new URL('docs/differences-from-metallb.md', root), 'utf8');
/** The last cell of a row: a file, and words of the test in it where it has many. */
const SHOWN_BY = /^\| (.+?) \|.*\| `(tests\/[^`]+)`(?:: (.+))? \|$/gm;
const HEAD = '| MetalLB | this module | why | test |';
const rows = [...page.matchAll(SHOWN_BY)];

test('every row of the table names its test', () => {
  const lines = page.split('\n').filter((line) => line.startsWith('| ') && line !== HEAD);
  assert.ok(rows.length > 20);
  assert.is(rows.length, lines.length);
});

for (const [, what = '', file = '', name = ''] of rows) {
  test(`the test that shows "${what.slice(0, 60)}" is there`, () => {
    const url = new URL(file, root);
    assert.ok(existsSync(url), `no ${file}`);
    assert.ok(readFileSync(url, 'utf8').includes(name), `${file} has no test "${name}"`);
  });
}

test.run();
