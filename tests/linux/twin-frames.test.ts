import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TwinFrames } from '../../modules/metallb/src/linux/twin-frames.ts';

const A = Uint8Array.of(1, 2, 3);
const B = Uint8Array.of(1, 2, 4);

test('a frame that both captures saw counts once, whoever showed it first', () => {
  const twins = new TwinFrames();
  const shown = [
    twins.isFirst('previous', A),
    twins.isFirst('next', B),
    twins.isFirst('next', A),
    twins.isFirst('previous', B),
  ];
  assert.equal(shown, [true, true, false, false]);
});

test('two equal frames on the wire count twice', () => {
  const twins = new TwinFrames();
  const shown = [
    twins.isFirst('previous', A),
    twins.isFirst('previous', A),
    twins.isFirst('next', A),
    twins.isFirst('next', A),
    twins.isFirst('next', A),
  ];
  assert.equal(shown, [true, true, false, false, true]);
});

test('as many frames count as the side that saw more of them shows, in any order', () => {
  return fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('previous', 'next'), fc.nat(2))), (shown) => {
      const twins = new TwinFrames();
      const counted = shown.filter(([side, byte]) => twins.isFirst(side, Uint8Array.of(byte)));
      const expected = [0, 1, 2].map((wanted) => {
        const of = (side: string) =>
          shown.filter(([other, byte]) => other === side && byte === wanted).length;
        return Math.max(of('previous'), of('next'));
      });
      assert.equal(
        [0, 1, 2].map((wanted) => counted.filter(([, byte]) => byte === wanted).length),
        expected,
      );
    }),
  );
});

test.run();
