import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const root = new URL('.', import.meta.url);
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.test.ts'),
);

test('the runner found test files', () => {
  assert.ok(files.length > 50, `only ${files.length} test file(s) found`);
});

for (const name of files) {
  test(`${name} runs its suites, all of each, and can fail`, () => {
    const text = readFileSync(new URL(name, root), 'utf8');
    assert.match(text, /^ *\w+\.run\(\);$|^\w+Contract\(/m);
    for (const [, suite] of text.matchAll(/^const (\w+) = suite\(/gm)) {
      assert.match(text, new RegExp(`^ *${suite}\\.run\\(\\);$`, 'm'), `suite ${suite} never runs`);
    }
    // A word boundary would also find it in this line.
    assert.not.match(text, /^\s*\w+\.(?:only|skip)\(/m);
    assert.not.match(text, /\}\s*catch\b[^}]*\bassert[.(]/);
  });
}

test.run();
