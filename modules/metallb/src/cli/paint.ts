/** What a piece of output means; the terminal decides what that looks like. */
export type Meaning = 'heading' | 'good' | 'bad' | 'aside';

/** Marks a text with its meaning, or leaves it as it is. */
export type Paint = (meaning: Meaning, text: string) => string;

const CODES: Readonly<Record<Meaning, number>> = { heading: 1, good: 32, bad: 31, aside: 2 };

/** For files, pipes and people who don't want colour. */
export const plain: Paint = (_, text) => text;

/** With the colours of ANSI terminals. */
export const coloured: Paint = (meaning, text) =>
  text === '' ? '' : `\u001b[${CODES[meaning]}m${text}\u001b[0m`;

/** Colour is for people: on a terminal, unless the environment says no (no-color.org). */
export function paintFor(
  isTerminal: boolean,
  env: Readonly<Record<string, string | undefined>>,
): Paint {
  return isTerminal && (env['NO_COLOR'] ?? '') === '' ? coloured : plain;
}
