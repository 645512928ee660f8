import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isRecord } from '../../modules/metallb/src/api/fields.ts';
import { readYaml } from './module-folder.ts';

export type Settings = Readonly<Record<string, unknown>>;

/** Conversions of a module's settings, from openapi/conversions/vN.yaml, as Deckhouse's converter reads them. */
export class Converter {
  readonly #expressions: ReadonlyMap<number, string>;
  readonly latest: number;

  /** @param folder of the module */
  constructor(folder: string) {
    const files = readdirSync(join(folder, 'openapi', 'conversions'));
    const read = files
      .filter((file) => /^v\d+\.yaml$/.test(file))
      .map((file) => readYaml(folder, `openapi/conversions/${file}`));
    this.#expressions = new Map(read.map(expressionOf));
    this.latest = Math.max(1, ...this.#expressions.keys());
  }

  knows(version: number): boolean {
    return version === 1 || this.#expressions.has(version);
  }

  /** Those that have a conversion, without the latest; Deckhouse leaves 1 out as well. */
  earlier(): number[] {
    return [...this.#expressions.keys()].filter((version) => version !== this.latest).sort();
  }

  /** @throws Error when a conversion is missing, fails, or makes something else than an object */
  convert(settings: Settings, from: number, to = this.latest): Settings {
    let converted = settings;
    for (let version = from + 1; version <= to; version += 1) {
      const expression = this.#expressions.get(version);
      if (expression === undefined) throw new Error('conversion not found');
      const result = jq(expression, converted);
      if (!isRecord(result)) throw new Error('cannot unmarshal after converting');
      converted = result;
    }
    return converted;
  }
}

function expressionOf(file: unknown): [version: number, expression: string] {
  const { version, conversions } = isRecord(file) ? file : {};
  if (typeof version !== 'number' || !Array.isArray(conversions)) {
    throw new Error('a conversion needs a version and a list of jq expressions');
  }
  return [version, conversions.join(' | ')];
}

/** The first output of the real jq. @throws Error with what jq says */
function jq(expression: string, input: unknown): unknown {
  const [first] = jqOutputs(expression, input);
  return first;
}

/** Everything that the real jq makes of an input. @throws Error with what jq says */
export function jqOutputs(expression: string, input: unknown): unknown[] {
  const { status, stdout, stderr, error } = spawnSync('jq', ['--compact-output', expression], {
    input: JSON.stringify(input),
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  // One that refuses its expression ends before it has read its input.
  if (error !== undefined && status === null) throw new Error('this needs jq', { cause: error });
  if (status !== 0) throw new Error(`jq: ${stderr.trim()}`);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
