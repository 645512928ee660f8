import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = new URL('../golden/', import.meta.url);

/** The frame in tests/golden/<name>.hex: hexadecimal fields, `#` starts a comment, the first line says its origin. */
export function golden(name: string): Uint8Array {
  const text = readFileSync(new URL(`${name}.hex`, FOLDER), 'utf8');
  if (!text.startsWith('# ')) throw new Error(`${name}.hex does not begin with its origin`);
  const digits = text.replace(/#.*$/gm, '').replace(/\s+/g, '');
  if (!/^(?:[0-9a-f]{2})+$/.test(digits)) throw new Error(`${name}.hex holds no bytes`);
  return Uint8Array.from(Buffer.from(digits, 'hex'));
}

/** All names that `golden` knows. Fails when there is none: an empty folder must not pass for a tested codec. */
export function goldenNames(): string[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.hex'));
  const names = files.map((file) => file.replace(/\.hex$/, ''));
  if (names.length === 0) throw new Error('tests/golden is empty');
  return names;
}
