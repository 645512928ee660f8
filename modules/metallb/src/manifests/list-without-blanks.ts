/** A `-` with no blank after it begins a word, and no item of a list. */
const ITEM = /^( *)-([^\s-].*)$/;
const KEY = /^( *)([^\s:#-][^:]*):/;

/**
 * What a list was meant to be whose `-` has no blank after it: parsers complain of whatever comes next.
 * @param line counted from 1, where the parser gave up
 * @returns in words, with the field; undefined where that is not what is wrong
 */
export function listWithoutBlanks(lines: readonly string[], line: number): string | undefined {
  const [, indent = '', item] = ITEM.exec(lines[line - 1] ?? '') ?? [];
  if (item === undefined) return undefined;
  const path: string[] = [];
  let least = indent.length + 1;
  for (const text of lines.slice(0, line - 1).reverse()) {
    if (text.startsWith('---')) break;
    const [, before = '', key] = KEY.exec(text) ?? [];
    if (key === undefined || before.length >= least) continue;
    path.unshift(key);
    least = before.length;
  }
  return `${path.join('.')}: "-${item}" is a word: expected "- ${item}", with a blank, for an item of a list`;
}
