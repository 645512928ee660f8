import { annotated, noAnnotations } from './annotations.ts';
import {
  absentAs,
  accept,
  type Field,
  fields,
  listOf,
  oneOf,
  refine,
  refuse,
  word,
} from './fields.ts';
import { METALLB_API_VERSION } from './names.ts';
import { type Condition, conditions, metadata, type ObjectMeta, parseAs } from './object.ts';
import type { Parsed } from './problem.ts';

/** metallb.io/v1beta1 Community: names for communities. */
export interface Community {
  readonly metadata: ObjectMeta;
  readonly spec: { readonly communities: readonly NamedCommunity[] };
  readonly status: { readonly conditions: readonly Condition[] };
}

export interface NamedCommunity {
  readonly name: string;
  readonly value: CommunityValue;
}

/** RFC 1997: 32 bits; RFC 8092: three times 32. */
export type CommunityValue =
  | { readonly kind: 'standard'; readonly value: number }
  | { readonly kind: 'large'; readonly value: readonly [number, number, number] };

/** IANA's well-known ones, by the names that routers have for them. */
const WELL_KNOWN: Readonly<Record<string, number>> = {
  'graceful-shutdown': 0xffff_0000,
  'no-export': 0xffff_ff01,
  'no-advertise': 0xffff_ff02,
  'local-as': 0xffff_ff03,
};

/** `64500:100`, `large:64500:1:2` or a well-known name; undefined for anything else. */
export function parseCommunity(text: string): CommunityValue | undefined {
  const known = WELL_KNOWN[text];
  if (known !== undefined) return { kind: 'standard', value: known };
  const numbers = (parts: string, max: number) =>
    parts
      .split(':')
      .map((part) => (/^\d{1,10}$/.test(part) && Number(part) <= max ? Number(part) : Number.NaN));
  if (text.startsWith('large:')) {
    const [first = Number.NaN, second = Number.NaN, third = Number.NaN, ...rest] = numbers(
      text.slice('large:'.length),
      0xffff_ffff,
    );
    const isWhole = rest.length === 0 && ![first, second, third].some(Number.isNaN);
    return isWhole ? { kind: 'large', value: [first, second, third] } : undefined;
  }
  const [high = Number.NaN, low = Number.NaN, ...rest] = numbers(text, 0xffff);
  const isWhole = rest.length === 0 && !Number.isNaN(high) && !Number.isNaN(low);
  return isWhole ? { kind: 'standard', value: high * 0x1_0000 + low } : undefined;
}

const value: Field<CommunityValue> = refine(word, (written, place) => {
  const read = parseCommunity(written);
  return read === undefined
    ? refuse(place, written, 'expected a community such as 64500:100 or large:64500:1:2')
    : accept(read);
});

const community: Field<Community> = annotated(
  fields({
    apiVersion: oneOf(METALLB_API_VERSION),
    kind: oneOf('Community'),
    metadata,
    spec: absentAs(
      {},
      fields({ communities: absentAs([], listOf(fields({ name: word, value }))) }),
    ),
    status: absentAs({}, fields({ conditions })),
  }),
  noAnnotations,
);

/** Reads a Community. */
export function parseCommunityObject(object: unknown): Parsed<Community> {
  return parseAs('Community', community, object);
}
