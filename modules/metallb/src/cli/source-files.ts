import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { SourceText } from './dumped-objects.ts';
import { CommandFailure } from './failure.ts';

const MANIFEST = /^[^.].*\.(?:ya?ml|json)$/;

/** The file, or the YAML and JSON files of the directory. @throws CommandFailure when there is nothing to read */
export function readSources(path: string): SourceText[] {
  try {
    if (!statSync(path).isDirectory()) return [{ name: path, text: readFileSync(path, 'utf8') }];
    const names = readdirSync(path).filter((name) => MANIFEST.test(name));
    if (names.length === 0) throw new Error('expected .yaml, .yml or .json files in it');
    return names.sort().map((name) => {
      const file = join(path, name);
      return { name: file, text: readFileSync(file, 'utf8') };
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandFailure(`can't read ${path}: ${reason}`, { cause: error });
  }
}
