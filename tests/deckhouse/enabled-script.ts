import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runExecutable } from './run-files.ts';

interface Answer {
  readonly isEnabled: boolean;
  readonly reason: string;
}

/** Asks the module's `enabled`, as addon-operator does for a module that its ModuleConfig has on. @throws Error when it fails */
export async function askEnabled(
  folder: string,
  values: { readonly all: object; readonly config: object },
  commands: string,
): Promise<Answer> {
  const script = join(folder, 'enabled');
  if (!existsSync(script)) return { isEnabled: true, reason: '' };
  const input = {
    VALUES_PATH: JSON.stringify(values.all),
    CONFIG_VALUES_PATH: JSON.stringify(values.config),
    MODULE_ENABLED_RESULT: '',
    MODULE_ENABLED_REASON: '',
  };
  const { code, stderr, files } = await runExecutable([script], input, commands);
  const result = files['MODULE_ENABLED_RESULT']?.trim();
  if (code !== 0 || (result !== 'true' && result !== 'false')) {
    throw new Error(`${script}: exit code ${code}, answer "${result}": ${stderr}`);
  }
  return { isEnabled: result === 'true', reason: files['MODULE_ENABLED_REASON']?.trim() ?? '' };
}
