import { type Field, isRecord, itemOf, memberOf, type Place, problemAt } from '../api/fields.ts';
import type { Problem } from '../api/problem.ts';
import { meantBy, PlainScalar } from './plain-scalar.ts';

/** As much of a value as can be used, and all that is wrong with the rest. */
export interface Readable<T> {
  /** Undefined where none of it is of use. */
  readonly value: T | undefined;
  readonly problems: readonly Problem[];
}

/** Reads a value of which a part may be wrong. `Field` reads all of it or nothing. */
export type TolerantField<T> = (value: unknown, place: Place) => Readable<T>;

type Table = Readonly<Record<string, TolerantField<unknown>>>;
type ValueOf<F> = F extends TolerantField<infer T> ? T : never;
type Members<Needed extends Table, Possible extends Table> = {
  readonly [Name in keyof Needed]: ValueOf<Needed[Name]>;
} & { readonly [Name in keyof Possible]?: ValueOf<Possible[Name]> };

/** All or nothing of what is no text. A text in quotes is one, whatever it says. */
export function whole<T>(field: Field<T>): TolerantField<T> {
  return (value, place) => {
    const read = field(meantBy(value), place);
    if (read.ok) return { value: read.value, problems: [] };
    const isRightUnquoted =
      typeof value === 'string' && field(meantBy(new PlainScalar(value)), place).ok;
    const problems = isRightUnquoted
      ? read.problems.map((one) => ({ ...one, expected: `${one.expected}, without quotes` }))
      : read.problems;
    return { value: undefined, problems };
  };
}

/** All or nothing of a text, which may look like a number or a flag. */
export function written<T>(field: Field<T>): TolerantField<T> {
  return (value, place) => {
    const isText = value instanceof PlainScalar && meantBy(value) !== null;
    const read = field(isText ? value.written : meantBy(value), place);
    return read.ok
      ? { value: read.value, problems: [] }
      : { value: undefined, problems: read.problems };
  };
}

/**
 * An object that has these members and no others. One of `possible` that is of no use is left out; without one of
 * `needed`, or with a wrong one of `decisive`, nothing is of use.
 */
export function members<Needed extends Table, Possible extends Table>(
  needed: Needed,
  possible: Possible,
  decisive: readonly (keyof Possible)[] = [],
): TolerantField<Members<Needed, Possible>> {
  const readers = new Map(Object.entries({ ...possible, ...needed }));
  const mustBeRight = new Set<PropertyKey>([...Object.keys(needed), ...decisive]);
  return (value, place) => {
    if (!isMap(value)) return nothing(place, value, 'expected a map');
    const problems = unknownMembers(value, place, readers.keys());
    const present = [...readers].filter(
      ([name]) => name in needed || (meantBy(value[name]) ?? null) !== null,
    );
    const read = present.map(([name, reader]) => {
      const one = reader(value[name], memberOf(place, name));
      problems.push(...one.problems);
      return [name, one.value] as const;
    });
    const isUsable = read.every(([name, one]) => one !== undefined || !mustBeRight.has(name));
    const usable = Object.fromEntries(read.filter(([, one]) => one !== undefined));
    return { value: isUsable ? (usable as Members<Needed, Possible>) : undefined, problems };
  };
}

/** A list in which each item keeps its place: of an item that is of no use, nothing is there. */
export function items<T>(item: TolerantField<T>): TolerantField<readonly (T | undefined)[]> {
  return (value, place) => {
    if (!Array.isArray(value)) return nothing(place, value, 'expected a list');
    const read = value.map((written: unknown, index) => item(written, itemOf(place, index)));
    return {
      value: read.map((one) => one.value),
      problems: read.flatMap((one) => one.problems),
    };
  };
}

/** A map of any names, without the values that are of no use. */
export function namedValues<T>(item: TolerantField<T>): TolerantField<ReadonlyMap<string, T>> {
  return (value, place) => {
    if (!isMap(value)) return nothing(place, value, 'expected a map');
    const values = new Map<string, T>();
    const problems: Problem[] = [];
    for (const [name, written] of Object.entries(value)) {
      const read = item(written, memberOf(place, name));
      problems.push(...read.problems);
      if (read.value !== undefined) values.set(name, read.value);
    }
    return { value: values, problems };
  };
}

/** Of no use, for one reason. */
export function nothing(place: Place, value: unknown, expected: string): Readable<never> {
  return { value: undefined, problems: [problemAt(place, value, expected)] };
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return isRecord(value) && !(value instanceof PlainScalar);
}

function unknownMembers(
  value: Readonly<Record<string, unknown>>,
  place: Place,
  known: Iterable<string>,
): Problem[] {
  const names = [...known];
  return Object.keys(value)
    .filter((name) => !names.includes(name))
    .map((name) =>
      problemAt(memberOf(place, name), value[name], `expected one of ${names.sort().join(', ')}`),
    );
}
