import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '..', '..', 'docs');

/** What a reader types, and what the page says that they see. */
export interface Step {
  /** Text of one ```sh block. */
  readonly commands: string;
  /** The ``` block directly after it; undefined where the page shows nothing. */
  readonly shown: string | undefined;
}

export interface Section {
  /** As after `## `; empty before the first one. */
  readonly heading: string;
  readonly steps: readonly Step[];
}

/** Blocks of commands and of what they show; nothing but blank lines may lie between the two. */
const BLOCKS = /^```sh\n(.*?)^```$(?:\n+^```\n(.*?)^```$)?/gms;

/** Reads docs/NAME.md. */
export function readPage(name: string): Section[] {
  return parsePage(readFileSync(join(FOLDER, `${name}.md`), 'utf8'));
}

/** @returns the sections of a page, each with its commands in order */
export function parsePage(text: string): Section[] {
  return `\n${text}`.split('\n## ').map((part, index) => {
    const endOfHeading = index === 0 ? 0 : `${part}\n`.indexOf('\n');
    const steps = [...part.matchAll(BLOCKS)].map(([, commands = '', shown]) => ({
      commands,
      shown,
    }));
    return { heading: part.slice(0, endOfHeading), steps };
  });
}

/**
 * Whether a command printed what the page shows: the same lines, where `…` stands for anything and runs of blanks are all
 * alike. A line of `…` alone stands for any number of lines.
 */
export function showsTheSame(shown: string, printed: string): boolean {
  const lines = shown
    .trim()
    .split('\n')
    .map((line) => line.trim());
  const pattern = lines.map((line) => (line === '…' ? '(?:[^\\n]*\\n)*' : `${patternOf(line)}\\n`));
  const text = printed
    .split('\n')
    .map((line) => line.trim().replaceAll(/\s+/g, ' '))
    .join('\n');
  return new RegExp(`^${pattern.join('')}$`).test(`${text.trim()}\n`);
}

function patternOf(line: string): string {
  const parts = line.replaceAll(/\s+/g, ' ').split('…');
  return parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&')).join('[^\\n]*');
}
