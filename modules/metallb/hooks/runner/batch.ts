import { readFileSync } from 'node:fs';
import { batchConfig } from '../lib/batch-config.ts';
import { parseJson, valueAt } from '../lib/json.ts';
import { fail, logLine, messageOf, print } from './output.ts';
import { type NamedHook, runOnce } from './run-once.ts';

/** All hooks in one executable, in the protocol of Deckhouse's module-sdk: `hook list|config|run NUMBER|ready|check`. */
export function runBatch(name: string, hooks: readonly NamedHook[]): void {
  try {
    obey(name, hooks);
  } catch (error) {
    fail(JSON.stringify({ message: messageOf(error) }));
  }
}

function obey(name: string, hooks: readonly NamedHook[]): void {
  const [word, command, argument] = process.argv.slice(2);
  switch (word === 'hook' ? command : undefined) {
    case 'list':
      print(`Found ${hooks.length} items:\n`);
      print(hooks.map((hook, index) => `${index} - ${hook.name}\n`).join(''));
      return;
    case 'config':
      print(`${JSON.stringify(batchConfig(hooks, name))}\n`);
      return;
    case 'run':
      run(hookNumber(hooks, argument));
      return;
    case 'ready':
    case 'check':
      // A process that ends is always ready, and the schema of the settings says all there is to check.
      return;
    default:
      throw new Error(`expected: ${name} hook list|config|run NUMBER|ready|check`);
  }
}

function hookNumber(hooks: readonly NamedHook[], argument = ''): NamedHook {
  const hook = /^\d+$/.test(argument) ? hooks[Number(argument)] : undefined;
  if (hook !== undefined) return hook;
  throw new Error(`hook run ${argument}: expected a number from 0 to ${hooks.length - 1}`);
}

/** Deckhouse runs hooks whatever the settings say; what the controller writes is left to it, while there is one. */
function run(named: NamedHook): void {
  const { hook } = named;
  const isControllers = 'handle' in hook && hook.config.afterDeleteHelm === undefined;
  if (isControllers && hookRunner(process.env['VALUES_PATH']) === 'controller') {
    logLine('debug', 'left to the controller', { setting: 'hookRunner' });
    return;
  }
  runOnce(named, process.env);
}

function hookRunner(valuesPath: string | undefined): 'controller' | 'shell-operator' {
  const values = valuesPath ? parseJson(readFileSync(valuesPath, 'utf8'), valuesPath) : {};
  const written = valueAt(values, 'metallb', 'hookRunner');
  return written === 'shell-operator' ? 'shell-operator' : 'controller';
}
