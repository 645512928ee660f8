import { environmentName, flagName } from './setting-names.ts';
import type { SettingsTable } from './settings.ts';

const WIDTH = 100;
const PRECEDENCE =
  'A flag wins over the environment, that over the file of --config, that over the default.';

/** A flag and what is said about it. */
type Entry = readonly [flag: string, text: string];

/** What `--help` prints: each setting with its variable, its meaning and its default, in two columns. */
export function helpText(table: SettingsTable, program: string): string {
  const entries: Entry[] = [
    entry('config', 'YAML file with more settings, one NAME: VALUE a line', undefined),
    ...Object.entries(table).map(([key, { description, default: fallback }]) =>
      entry(key, description, whenAbsent(fallback)),
    ),
    ['-h, --help', 'print this text'],
  ];
  return [`Usage: ${program} [settings]`, '', ...twoColumns(entries), '', PRECEDENCE].join('\n');
}

function whenAbsent(fallback: string | undefined): string {
  return fallback === undefined ? 'must be given' : `default: ${fallback || 'none'}`;
}

function entry(key: string, description: string, remark: string | undefined): Entry {
  const text = `${description} (${environmentName(key)})`;
  return [`--${flagName(key)}`, remark === undefined ? text : `${text} [${remark}]`];
}

function twoColumns(entries: readonly Entry[]): string[] {
  const indent = 2 + Math.max(...entries.map(([flag]) => flag.length)) + 2;
  return entries.flatMap(([flag, text]) =>
    wrap(text, WIDTH - indent).map(
      (line, index) => (index === 0 ? `  ${flag}` : '').padEnd(indent) + line,
    ),
  );
}

/** Breaks lines at spaces, and behind commas, since a default may be a long list. */
function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const piece of text.split(/(?<=[ ,])/)) {
    const line = lines.at(-1) ?? '';
    if ((line + piece).trimEnd().length <= width) lines[lines.length - 1] = line + piece;
    else lines.push(piece);
  }
  return lines.map((line) => line.trimEnd());
}
