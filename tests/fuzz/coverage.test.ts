import { runInThisContext } from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Coverage } from './coverage.ts';

const SOURCE = `(input) => {
  if (input > 10) return 'many';
  return input > 5 ? 'some' : 'few';
}`;

test('a branch is news at the first look after it ran, until it is kept', () => {
  const coverage = new Coverage((url) => url === 'decoder.js');
  const decode: (input: number) => string = runInThisContext(`(${SOURCE})`, {
    filename: 'decoder.js',
  });
  // The script's own code, which has run once and for all.
  coverage.keep(coverage.look());
  const newsOf = (input: number) => {
    decode(input);
    return coverage.look().flatMap(({ at }) => at.map((offset) => SOURCE[offset]));
  };
  const first = newsOf(1).join('');
  assert.match(first, "'few'");
  assert.not.match(first, "'some'");
  assert.is(newsOf(2).join(''), first);
  decode(3);
  coverage.keep(coverage.look());
  assert.equal(newsOf(4), []);
  assert.match(newsOf(7).join(''), "'some'");
  assert.match(newsOf(11).join(''), "'many'");
  coverage.stop();
});

test.run();
