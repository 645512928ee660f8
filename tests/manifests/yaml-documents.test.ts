import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readYaml } from '../../modules/metallb/src/manifests/yaml-documents.ts';

const EMPTY_TEN_TIMES = `a: &a []\n${[...'bcdefghi'].map(tenOfTheOneBefore).join('\n')}\n`;

/** A few hundred bytes that stand for a hundred million values, though nothing is in any of them. */
function tenOfTheOneBefore(letter: string, index: number): string {
  return `${letter}: &${letter} [${Array(10).fill(`*${'abcdefgh'[index]}`)}]`;
}

for (const [name, text, values] of [
  ['JSON', '{"a": [1]}', [{ a: [1] }]],
  ['flow style', '{a: [1]}', [{ a: [1] }]],
  ['several documents', 'a: 1\n---\n- b\n', [{ a: 1 }, ['b']]],
  ['nothing', '', []],
  ['aliases', 'a: &x {b: 1}\nc: [*x, *x]\n', [{ a: { b: 1 }, c: [{ b: 1 }, { b: 1 }] }]],
  ['the latest of two anchors', 'a: &x 1\nb: &x 2\nc: *x\n', [{ a: 1, b: 2, c: 2 }]],
] as const) {
  test(`reads ${name}`, () => {
    const documents = readYaml(text);
    assert.equal(
      documents.map(({ value }) => value),
      values,
    );
    assert.equal(
      documents.flatMap(({ problems }) => problems),
      [],
    );
  });
}

for (const [name, text, line, message] of [
  ['what is no YAML', 'a: 1\nb: [\n', 3, /Flow sequence/],
  ['an alias of nothing', 'a: 1\nb: *x\n', 1, /x/],
  ['an alias of what holds it', `a: &a [${'*a, '.repeat(300)}]`, 1, /aliases/],
  ['aliases of aliases', EMPTY_TEN_TIMES, 1, /aliases stand for .* more than 10000 values/],
  ['what is nested too deeply', `\n\n${'['.repeat(100_000)}`, 3, /more than 500 levels/],
  ['and ends well', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 1, /more than 500 levels/],
  ['and has lists only', `${'- '.repeat(50_000)}x`, 1, /more than 500 levels/],
] as const) {
  test(`says what is wrong at once: ${name}`, () => {
    const before = process.cpuUsage();
    const problems = readYaml(text).flatMap((document) => document.problems);
    assert.is(problems.length > 0, true);
    assert.is(problems[0]?.line, line);
    assert.match(problems[0]?.message ?? '', message);
    // Of its own time: what else runs on the machine says nothing of the reader.
    const { user, system } = process.cpuUsage(before);
    assert.ok(user + system < 1_000_000);
  });
}

test.run();
