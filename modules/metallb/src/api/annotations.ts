import {
  accept,
  both,
  type Field,
  into,
  isRecord,
  memberOf,
  type Place,
  refine,
  refuse,
  text,
} from './fields.ts';

/**
 * An object, and what its annotations say that its API has no field for (ADR 0032). To all others both are its spec; a
 * problem names the annotation.
 * @param said what all annotations are read with, as members of one object
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

function annotationsPlace(place: Place): Place {
  return memberOf(memberOf(place, 'metadata'), 'annotations');
}

/** None where there is nothing of the kind: what is wrong with it is for the reader of the object's metadata to say. */
function annotationsOf(object: unknown): Readonly<Record<string, unknown>> {
  const metadata = isRecord(object) ? object['metadata'] : undefined;
  const annotations = isRecord(metadata) ? metadata['annotations'] : undefined;
  return isRecord(annotations) ? annotations : {};
}
