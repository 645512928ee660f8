import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LineSplitter } from '../../modules/metallb/src/linux/line-splitter.ts';

test('any chunking gives the same lines', () => {
  const line = fc.string({ maxLength: 8 }).map((text) => text.replaceAll('\n', ' '));
  return fc.assert(
    fc.property(fc.array(line), fc.array(fc.integer({ min: 1, max: 5 })), (lines, sizes) => {
      const splitter = new LineSplitter(8);
      let text = lines.map((each) => `${each}\n`).join('');
      const got: string[] = [];
      for (const size of [...sizes, Number.POSITIVE_INFINITY]) {
        got.push(...splitter.push(text.slice(0, size)));
        text = text.slice(size);
      }
      assert.equal(got, lines);
    }),
  );
});

test('an unfinished line is kept back', () => {
  const splitter = new LineSplitter(8);
  assert.equal(
    [splitter.push('ab'), splitter.push('c\nd'), splitter.push('\n')],
    [[], ['abc'], ['d']],
  );
});

test('a line that is too long is refused, complete or not', () => {
  assert.throws(() => new LineSplitter(3).push('abcd\n'), RangeError);
  const splitter = new LineSplitter(3);
  splitter.push('ab');
  assert.throws(() => splitter.push('cd'), RangeError);
});

test.run();
