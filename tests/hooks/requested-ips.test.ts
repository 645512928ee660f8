import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { shareOutRequested } from '../../modules/metallb/hooks/lib/requested-ips.ts';
import type { IpAddress } from '../../modules/metallb/src/net/ip.ts';
import { ip } from '../support/addresses.ts';

type MaybeIp = IpAddress | undefined;

/** Last octets, `-` for none. */
function addresses(text: string): MaybeIp[] {
  return text.split(' ').map((last) => (last === '-' ? undefined : ip(`192.0.2.${last}`)));
}

for (const [name, requested, held, shares] of [
  ['new children take them in order', '1 2 3', '- - -', '1 2 3'],
  ['a gap is left to us', '- 2', '- -', '- 2'],
  ['children without a wish get none', '1', '- -', '1 -'],
  ['a changed list changes what the children ask for', '4 5', '1 2', '4 5'],
  ['in another order every child keeps what it has', '3 1 2', '1 2 3', '1 2 3'],
  ['a shifted list moves one IP', '2 3', '1 2', '3 2'],
  ['more than there are children are left over', '1 2 3', '- -', '1 2'],
  ['one that a sibling behind a gap has stays there', '- 1', '1 -', '1 -'],
] as const) {
  test(name, () => {
    assert.equal(shareOutRequested(addresses(requested), addresses(held)), addresses(shares));
  });
}

const some = fc
  .uniqueArray(fc.integer({ min: 1, max: 8 }), { maxLength: 6 })
  .chain((numbers) =>
    fc
      .array(fc.boolean(), { minLength: numbers.length, maxLength: numbers.length })
      .map((isGap) =>
        numbers.map((last, index): MaybeIp => (isGap[index] ? undefined : ip(`192.0.2.${last}`))),
      ),
  );

test('each requested IP has one child, who has one keeps it, and it stays so once they have them', () => {
  fc.assert(
    fc.property(some, some, (requested, held) => {
      const shares = shareOutRequested(requested, held);
      const wanted = requested.slice(0, held.length).filter((item) => item !== undefined);
      assert.equal(shares.filter((item) => item !== undefined).sort(), [...wanted].sort());
      for (const [index, has] of held.entries()) {
        if (has !== undefined && wanted.includes(has)) assert.is(shares[index], has);
      }
      const then = shares.map((item, index) => item ?? held[index]);
      assert.equal(shareOutRequested(requested, then), shares);
    }),
  );
});

test.run();
