import {
  accept,
  both,
  type Field,
  fields,
  into,
  isRecord,
  memberOf,
  type Place,
  problemAt,
  refine,
  refuse,
  text,
} from './fields.ts';
import { BGP_ANNOTATION_PREFIXES } from './names.ts';
import { mayBeSecret, NOT_SHOWN } from './secret-names.ts';

/**
 * An object, and what its annotations say that its API has no field for (ADR 0032). To all others both are its spec; a
 * problem names the annotation.
 * @param said what all annotations are read with, as members of one object: `ownAnnotations`, refined
 */
export function annotated<T extends { readonly spec: object }, Said extends object>(
  object: Field<T>,
  said: Field<Said>,
): Field<T & { readonly spec: Said }> {
  const annotations: Field<Said> = (value, place) =>
    said(annotationsOf(value), annotationsPlace(place));
  return into(both(object, annotations), ([read, more]) => ({
    ...read,
    spec: { ...read.spec, ...more },
  }));
}

/**
 * All annotations that say something of BGP on this kind. Any other name that begins as theirs do is a slip, or one of
 * another kind: what it was to say would not hold, and nobody would be told.
 */
export function ownAnnotations<Known extends Readonly<Record<string, Field<unknown>>>>(
  known: Known,
): ReturnType<typeof fields<Known>> {
  const names = Object.keys(known);
  const expected =
    names.length === 0
      ? 'expected no such annotation on this kind'
      : `expected another name: one of ${names.join(', ')}`;
  const noOthers: Field<undefined> = (value, place) => {
    const problems = Object.entries(isRecord(value) ? value : {})
      .filter(([name]) => isOwn(name) && !names.includes(name))
      .map(([name, said]) => {
        const shown = mayBeSecret(name) ? NOT_SHOWN : said;
        return problemAt(memberOf(place, name), shown, expected);
      });
    return problems.length === 0 ? accept(undefined) : { ok: false, problems };
  };
  return into(both(fields(known), noOthers), ([read]) => read);
}

/** For kinds that say all of BGP in fields. */
export const noAnnotations = ownAnnotations({});

/** One annotation of the object at `place`. */
export function annotationPlace(place: Place, name: string): Place {
  return memberOf(annotationsPlace(place), name);
}

/** A whole number, which an annotation has as text. */
export function digits(min: number, max: number): Field<number> {
  return refine(text, (written, place) => {
    const read = /^\d{1,15}$/.test(written) ? Number(written) : Number.NaN;
    return read >= min && read <= max
      ? accept(read)
      : refuse(place, written, `expected an integer from ${min} to ${max}`);
  });
}

/** `"true"` or `"false"`, in no other spelling. */
export const flagText: Field<boolean> = refine(text, (written, place) =>
  written === 'true' || written === 'false'
    ? accept(written === 'true')
    : refuse(place, written, 'expected "true" or "false"'),
);

function isOwn(name: string): boolean {
  return BGP_ANNOTATION_PREFIXES.some((prefix) => name.startsWith(prefix));
}

function annotationsPlace(place: Place): Place {
  return memberOf(memberOf(place, 'metadata'), 'annotations');
}

/** None where there is nothing of the kind: what is wrong with it is for the reader of the object's metadata to say. */
function annotationsOf(object: unknown): Readonly<Record<string, unknown>> {
  const metadata = isRecord(object) ? object['metadata'] : undefined;
  const annotations = isRecord(metadata) ? metadata['annotations'] : undefined;
  return isRecord(annotations) ? annotations : {};
}
