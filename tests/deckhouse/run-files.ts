import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandResult, tryRun } from '../../lab/exec.ts';

/** The files that a module's executable gets and leaves, by the names of their environment variables. */
export type RunFiles = Readonly<Record<string, string>>;

export interface ExecutableRun extends CommandResult {
  readonly files: RunFiles;
}

/**
 * Runs an executable of a module as addon-operator does: from `/`, with files, and with the few commands that its image has.
 * Node is not among them.
 * @param commands directory of those commands
 */
export async function runExecutable(
  command: readonly string[],
  input: RunFiles,
  commands: string,
): Promise<ExecutableRun> {
  const directory = mkdtempSync(join(tmpdir(), 'deckhouse-run-'));
  const pathOf = (name: string) => join(directory, name);
  try {
    const environment = Object.entries(input).map(([name, text]) => {
      writeFileSync(pathOf(name), text);
      return `${name}=${pathOf(name)}`;
    });
    const env = ['env', '-i', '-C', '/', `PATH=${commands}`, ...environment];
    const result = await tryRun([...env, ...command]);
    const files = Object.keys(input).map((name) => [name, readFileSync(pathOf(name), 'utf8')]);
    return { ...result, files: Object.fromEntries(files) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
