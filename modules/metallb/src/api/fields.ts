import { type IpAddress, parseIp } from '../net/ip.ts';
import type { Parsed, Problem } from './problem.ts';

/** Where a value sits: in which object, at which path from its root. */
export interface Place {
  readonly object: string;
  readonly field: string;
}

/** Reads one value of unknown shape. Fields are combined into tables that look like the object they read. */
export type Field<T> = (value: unknown, place: Place) => Parsed<T>;

type Table = Readonly<Record<string, Field<unknown>>>;
type ValueOf<F> = F extends Field<infer T> ? T : never;
type Fields<Always extends Table, Sometimes extends Table> = {
  readonly [Name in keyof Always]: ValueOf<Always[Name]>;
} & { readonly [Name in keyof Sometimes]?: ValueOf<Sometimes[Name]> };

/** The outcome of a field that could be read. */
export function accept<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

/** The outcome of a field that could not be read. */
export function refuse(place: Place, value: unknown, expected: string): Parsed<never> {
  return { ok: false, problems: [problemAt(place, value, expected)] };
}

/** What is wrong with the value at `place`. */
export function problemAt(place: Place, value: unknown, expected: string): Problem {
  return {
    object: place.object,
    field: place.field === '' ? '(whole object)' : place.field,
    value: value ?? undefined,
    expected,
  };
}

/** A place inside another one, put into words only for a complaint: nearly every value is right. */
class InnerPlace implements Place {
  readonly object: string;
  readonly #outer: Place;
  readonly #step: string | number;

  constructor(outer: Place, step: string | number) {
    this.object = outer.object;
    this.#outer = outer;
    this.#step = step;
  }

  get field(): string {
    const outer = this.#outer.field;
    if (typeof this.#step === 'number') return `${outer}[${this.#step}]`;
    if (outer === '') return this.#step;
    return /^\w+$/.test(this.#step) ? `${outer}.${this.#step}` : `${outer}[${this.#step}]`;
  }
}

/** The place of a member; names that are no plain words, such as annotations, are bracketed. */
export function memberOf(place: Place, name: string): Place {
  return new InnerPlace(place, name);
}

/** The place of a list item. */
export function itemOf(place: Place, index: number): Place {
  return new InnerPlace(place, index);
}

/** Whether a value is a JSON object. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Any string, the empty one too. */
export const text: Field<string> = (value, place) =>
  typeof value === 'string' ? accept(value) : refuse(place, value, 'expected a string');

/** A string that says something. */
export const word: Field<string> = (value, place) =>
  typeof value === 'string' && value !== ''
    ? accept(value)
    : refuse(place, value, 'expected a string that is not empty');

/** A boolean, not a string that looks like one. */
export const flag: Field<boolean> = (value, place) =>
  typeof value === 'boolean' ? accept(value) : refuse(place, value, 'expected true or false');

/** One address, put into canonical form. */
export const ipAddress: Field<IpAddress> = (value, place) => {
  const ip = typeof value === 'string' ? parseIp(value) : undefined;
  return ip === undefined
    ? refuse(place, value, 'expected an IP address such as 192.0.2.10 or 2001:db8::10')
    : accept(ip);
};

/** Any object, unread. */
export const anyRecord: Field<Readonly<Record<string, unknown>>> = (value, place) =>
  isRecord(value) ? accept(value) : refuse(place, value, 'expected an object');

/** An integer within bounds, both included. */
export function integer(min: number, max: number): Field<number> {
  return (value, place) =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
      ? accept(value)
      : refuse(place, value, `expected an integer from ${min} to ${max}`);
}

/** Exactly one of these strings. */
export function oneOf<const T extends string>(...choices: readonly T[]): Field<T> {
  const expected = `expected ${choices.length > 1 ? 'one of ' : ''}${choices.join(', ')}`;
  return (value, place) => {
    const choice = choices.find((candidate) => candidate === value);
    return choice === undefined ? refuse(place, value, expected) : accept(choice);
  };
}

/** Undefined when absent. As in Kubernetes, null means absent everywhere. */
export function optional<T>(field: Field<T>): Field<T | undefined> {
  return (value, place) => (isAbsent(value) ? accept(undefined) : field(value, place));
}

/** Undefined when absent or empty: an empty string is what kubectl edit leaves where something was. */
export function unlessEmpty<T>(field: Field<T>): Field<T | undefined> {
  return (value, place) => optional(field)(value === '' ? undefined : value, place);
}

/** Reads `substitute` where nothing is written: how defaults are said. */
export function absentAs<T>(substitute: unknown, field: Field<T>): Field<T> {
  return (value, place) => field(isAbsent(value) ? substitute : value, place);
}

/** A list whose items are all of one kind. */
export function listOf<T>(
  field: Field<T>,
  maxItems = Number.POSITIVE_INFINITY,
): Field<readonly T[]> {
  return (value, place) => {
    if (!Array.isArray(value)) return refuse(place, value, 'expected a list');
    const items = value.map((item: unknown, index) => field(item, itemOf(place, index)));
    return gather([...tooMany(value, value.length, maxItems, place), ...items]);
  };
}

/** An object used as a map: any names, values of one kind. */
export function mapOf<T>(
  field: Field<T>,
  maxItems = Number.POSITIVE_INFINITY,
): Field<Readonly<Record<string, T>>> {
  return (value, place) => {
    if (!isRecord(value)) return refuse(place, value, 'expected a map');
    const names = Object.keys(value);
    const items = names.map((name) => field(value[name], memberOf(place, name)));
    const read = gather([...tooMany(value, names.length, maxItems, place), ...items]);
    return then(read, (values) =>
      accept(Object.fromEntries(values.map((item, index) => [names[index], item]))),
    );
  };
}

/** Labels, annotations, selectors. A value that was left out is the empty string, as it is to the API server. */
export const textMap = mapOf(absentAs('', text));

/**
 * An object with these fields; others are ignored. Fields of `sometimes` are left out of the result where they are
 * absent.
 */
export function fields<Always extends Table, Sometimes extends Table = Record<never, never>>(
  always: Always,
  sometimes?: Sometimes,
): Field<Fields<Always, Sometimes>> {
  const required = Object.entries(always);
  const possible = Object.entries(sometimes ?? {});
  return (value, place) => {
    if (!isRecord(value)) return refuse(place, value, 'expected an object');
    const read: Record<string, unknown> = {};
    const problems: Problem[] = [];
    const readMember = (name: string, field: Field<unknown>) => {
      const outcome = field(value[name], memberOf(place, name));
      if (outcome.ok) read[name] = outcome.value;
      else append(problems, outcome.problems);
    };
    for (const [name, field] of required) readMember(name, field);
    for (const [name, field] of possible) if (!isAbsent(value[name])) readMember(name, field);
    return problems.length > 0
      ? { ok: false, problems }
      : accept(read as Fields<Always, Sometimes>);
  };
}

/** One value read in two ways; what both complain about is told once. */
export function both<A, B>(one: Field<A>, other: Field<B>): Field<readonly [A, B]> {
  return (value, place) => {
    const first = one(value, place);
    const second = other(value, place);
    if (first.ok && second.ok) return accept([first.value, second.value]);
    const told = first.ok ? [] : first.problems;
    const more = second.ok ? [] : second.problems;
    const isNew = ({ field }: Problem) => !told.some((known) => known.field === field);
    return { ok: false, problems: [...told, ...more.filter(isNew)] };
  };
}

/** What was read, looked at once more: turned into another value or refused. */
export function refine<T, U>(
  field: Field<T>,
  next: (value: T, place: Place) => Parsed<U>,
): Field<U> {
  return (value, place) => then(field(value, place), (read) => next(read, place));
}

/** What was read, in another form. */
export function into<T, U>(field: Field<T>, convert: (value: T) => U): Field<U> {
  return refine(field, (value) => accept(convert(value)));
}

function then<T, U>(parsed: Parsed<T>, next: (value: T) => Parsed<U>): Parsed<U> {
  return parsed.ok ? next(parsed.value) : parsed;
}

/** All values, or all problems of those that have some. */
function gather<T>(outcomes: readonly Parsed<T>[]): Parsed<T[]> {
  const values: T[] = [];
  const problems: Problem[] = [];
  for (const outcome of outcomes) {
    if (outcome.ok) values.push(outcome.value);
    else append(problems, outcome.problems);
  }
  return problems.length > 0 ? { ok: false, problems } : accept(values);
}

/** Not as arguments of one `push`: a list of wrong items may be longer than a call takes. */
function append(problems: Problem[], more: readonly Problem[]): void {
  for (const problem of more) problems.push(problem);
}

function tooMany(value: unknown, count: number, max: number, place: Place): Parsed<never>[] {
  return count > max ? [refuse(place, value, `expected at most ${max} items`)] : [];
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}
