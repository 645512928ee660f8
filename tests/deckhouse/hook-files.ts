import { accessSync, constants, readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import { isRecord } from '../../modules/metallb/src/api/fields.ts';
import { type HookConfig, parseHookConfig } from './hook-config.ts';
import { runExecutable } from './run-files.ts';

/** A hook of a module and how it is called. */
export interface ModuleHook {
  readonly name: string;
  readonly config: HookConfig;
  readonly command: readonly string[];
}

/**
 * The hooks of a module's folder as addon-operator finds them: all executables but those in `lib`. One without an extension is
 * asked whether it is a batch.
 * @throws Error for a file that can't be executed: the operator would pass over it
 */
export async function findHooks(folder: string, commands: string): Promise<ModuleHook[]> {
  const hooks: ModuleHook[] = [];
  for (const file of filesIn(join(folder, 'hooks'))) {
    accessSync(file, constants.X_OK);
    const found =
      extname(file) === '' ? await batchHooks(file, commands) : [await plainHook(file, commands)];
    hooks.push(...found);
  }
  return hooks;
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (!entry.isDirectory()) return [path];
      return entry.name === 'lib' ? [] : filesIn(path);
    });
}

async function batchHooks(file: string, commands: string): Promise<ModuleHook[]> {
  const listed = await ask([file, 'hook', 'list'], commands);
  const count = Number(/Found (\d+) items/.exec(listed)?.[1] ?? 0);
  const { version, hooks } = JSON.parse(await ask([file, 'hook', 'config'], commands));
  if (version !== 'v1' || !Array.isArray(hooks) || hooks.length !== count) {
    throw new Error(`${file}: hook list and hook config disagree`);
  }
  return hooks.map((hook, index) => ({
    name: batchName(hook),
    config: parseHookConfig(hook),
    command: [file, 'hook', 'run', `${index}`],
  }));
}

/** As in the operator's log. */
function batchName(hook: unknown): string {
  const metadata = isRecord(hook) && isRecord(hook['metadata']) ? hook['metadata'] : {};
  return `${metadata['path']}:${metadata['name']}`;
}

async function plainHook(file: string, commands: string): Promise<ModuleHook> {
  const config = parseHookConfig(JSON.parse(await ask([file, '--config'], commands)));
  return { name: file.slice(file.lastIndexOf('/') + 1), config, command: [file] };
}

async function ask(command: readonly string[], commands: string): Promise<string> {
  const { code, stdout, stderr } = await runExecutable(command, {}, commands);
  if (code !== 0) throw new Error(`${command.join(' ')}: exit code ${code}: ${stderr.trim()}`);
  return stdout;
}
