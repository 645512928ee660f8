/** A sentence goes into conditions and log lines, whatever a user has pasted into the field. */
const MAX_SHOWN = 100;
const HALF_CHARACTER = /[\ud800-\udbff]$/;

/**
 * A value as JSON, cut off with `…`. Nothing is written that would not be shown: a value may be large, nested as deeply as
 * `JSON.parse` reads, or hold itself (a YAML alias may stand for what it is in).
 */
export function shownValue(value: unknown): string {
  const text = written(value, MAX_SHOWN);
  return text.length <= MAX_SHOWN
    ? text
    : `${text.slice(0, MAX_SHOWN).replace(HALF_CHARACTER, '')}…`;
}

/** At least `room` characters of what is longer: each level writes one, so that none is deeper than `room`. */
function written(value: unknown, room: number): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, room + 1));
  if (typeof value !== 'object' || value === null) return String(value);
  const isList = Array.isArray(value);
  let text = isList ? '[' : '{';
  for (const [name, member] of Object.entries(value)) {
    if (text.length > room) return text;
    if (text.length > 1) text += ',';
    if (!isList) text += `${written(name, room - text.length)}:`;
    text += written(member, room - text.length);
  }
  return `${text}${isList ? ']' : '}'}`;
}
