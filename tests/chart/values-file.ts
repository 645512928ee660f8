import { stringify } from 'yaml';
import { type SettingsSchema, VALUES_SCHEMA } from './settings-schema.ts';

const WIDTH = 110;
const HEAD = `# Values of the chart, as the schemas in openapi/ have them: \`UPDATE_EXPECTED=1 npm test -- chart/values\` writes this file.
metallb:
`;

/** What `helm show values` shows: modules/metallb/values.yaml, with a word on each setting and its default. */
export function valuesFile(): string {
  const { internal: _, registry: __, ...settings } = VALUES_SCHEMA.properties ?? {};
  return `${HEAD}${linesOf(settings, '  ').join('\n')}\n`;
}

function linesOf(
  settings: Readonly<Record<string, SettingsSchema>>,
  indent: string,
): readonly string[] {
  return Object.entries(settings).flatMap(([name, node]) => [
    ...commentOf(node, indent),
    ...(node.properties !== undefined && node['x-doc-deprecated'] === undefined
      ? [`${indent}${name}:`, ...linesOf(node.properties, `${indent}  `)]
      : entry(name, node).map((line) => `${indent}${line}`)),
  ]);
}

/** Lists and maps are there without a default, too, for the sake of the templates; other settings as an example. */
function entry(name: string, { type, default: given, ...node }: SettingsSchema): string[] {
  const value = given ?? { object: {}, array: [] }[type ?? ''];
  const shown = value ?? node['x-examples']?.[0];
  const lines = stringify({ [name]: shown })
    .trimEnd()
    .split('\n');
  return value === undefined ? lines.map((line) => `# ${line}`) : lines;
}

function commentOf({ description = '' }: SettingsSchema, indent: string): string[] {
  const lines: string[] = [];
  for (const word of description.trim().split(/\s+/)) {
    const longer = `${lines.at(-1) ?? `${indent}#`} ${word}`;
    if (lines.length > 0 && longer.length <= WIDTH) lines[lines.length - 1] = longer;
    else lines.push(`${indent}# ${word}`);
  }
  return lines;
}
