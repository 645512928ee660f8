import { type IpRange, parseRange, rangesOverlap } from '../net/range.ts';
import { accept, type Field, itemOf, listOf, problemAt, refine, refuse, text } from './fields.ts';

/** ::ffff:0:0/96, without the 32 bits of the IPv4 address (RFC 4291 §2.5.5.2). */
const IPV4_MAPPED = 0xffffn;

const range: Field<IpRange> = refine(text, (written, place) => {
  const parsed = parseRange(written);
  if (typeof parsed === 'string') return refuse(place, written, parsed);
  return parsed.family === 'IPv6' && parsed.first >> 32n === IPV4_MAPPED
    ? refuse(place, written, 'expected no IPv4-mapped address: write the IPv4 address itself')
    : accept(parsed);
});

/** The addresses of a pool. A range that overlaps an earlier one is a slip: its owner meant another address. */
export function addressRanges(maxRanges: number): Field<readonly IpRange[]> {
  return (value, place) =>
    refine(listOf(range, maxRanges), (ranges) => {
      const written: readonly unknown[] = Array.isArray(value) ? value : [];
      const problems = ranges.flatMap((later, index) => {
        const earlier = ranges.findIndex((other) => rangesOverlap(other, later));
        if (earlier === index) return [];
        const expected = `expected no overlap with ${itemOf(place, earlier).field} (${written[earlier]})`;
        return [problemAt(itemOf(place, index), written[index], expected)];
      });
      return problems.length === 0 ? accept(ranges) : { ok: false, problems };
    })(value, place);
}
