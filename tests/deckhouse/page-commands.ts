import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandResult, run, tryRun } from '../../lab/exec.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/**
 * Runs a block of shell commands of a page in docs/, as a reader would in the root of the repository.
 * @param page such as `install-with-helm.md`
 * @param containing tells it from the page's other blocks
 * @returns what it prints
 * @throws Error unless there is one such block, or when a command of it fails
 */
export function runBlock(
  page: string,
  containing: string,
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  return run(shellCommand(blockOf(page, containing), environment));
}

/** Runs shell commands in the root of the repository, until one of them fails. */
export function tryCommands(
  commands: string,
  environment: Readonly<Record<string, string>>,
): Promise<CommandResult> {
  return tryRun(shellCommand(commands, environment));
}

function shellCommand(commands: string, environment: Readonly<Record<string, string>>): string[] {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  return ['env', '-C', ROOT, ...variables, 'sh', '-euc', commands];
}

function blockOf(page: string, containing: string): string {
  const text = readFileSync(join(ROOT, 'docs', page), 'utf8');
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);
  const [only, ...others] = blocks.filter((block) => block.includes(containing));
  if (only !== undefined && others.length === 0) return only;
  throw new Error(`docs/${page}: expected one block of commands with ${containing}`);
}
