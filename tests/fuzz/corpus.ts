import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Grammar, Target } from './target.ts';

/** One committed input. */
export interface CorpusFile {
  readonly name: string;
  readonly input: Uint8Array;
}

const ROOT = fileURLToPath(new URL('corpus/', import.meta.url));
/** Bytes are kept as people read them, with `#` in front of comments; texts as they are. */
const EXTENSION: Readonly<Record<Grammar, string>> = { bytes: '.hex', text: '.txt', json: '.json' };

/** The inputs of a target's folder, in order of their names. */
export function readCorpus({ name, grammar }: Target): CorpusFile[] {
  const folder = `${ROOT}${name}`;
  const files = existsSync(folder) ? readdirSync(folder).toSorted() : [];
  return files.map((file) => ({ name: file, input: readInput({ grammar }, `${folder}/${file}`) }));
}

/** @throws Error when a file of bytes holds something else than digits, and what the file system throws */
export function readInput({ grammar }: Pick<Target, 'grammar'>, path: string): Uint8Array {
  const content = readFileSync(path);
  return grammar === 'bytes' ? bytesOf(content.toString()) : content;
}

/** Folders, each of which must belong to a target. */
export function corpusFolders(): string[] {
  return readdirSync(ROOT);
}

/** Keeps what was found for `make check` to play from now on. @returns the file */
export function keepInput({ name, grammar }: Target, kind: string, input: Uint8Array): string {
  const folder = `tests/fuzz/corpus/${name}`;
  const digest = createHash('sha256').update(input).digest('hex').slice(0, 12);
  const path = `${folder}/${kind}-${digest}${EXTENSION[grammar]}`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, grammar === 'bytes' ? `${hexOf(input)}\n` : input);
  return path;
}

/** In lines of 32 bytes. */
export function hexOf(input: Uint8Array): string {
  return Buffer.from(input)
    .toString('hex')
    .replace(/(.{64})(?=.)/g, '$1\n');
}

function bytesOf(text: string): Uint8Array {
  const digits = text.replace(/#.*$/gm, '').replace(/\s+/g, '');
  if (!/^(?:[0-9a-f]{2})*$/i.test(digits)) throw new Error('expected hexadecimal digits');
  return Uint8Array.from(Buffer.from(digits, 'hex'));
}
