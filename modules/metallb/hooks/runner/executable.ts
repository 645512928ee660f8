import { fail, messageOf, print } from './output.ts';
import { type NamedHook, runOnce } from './run-once.ts';

/** A hook as a process of its own: with `--config` says what it watches, otherwise handles what it is given. */
export function runExecutable(named: NamedHook): void {
  try {
    if (process.argv[2] === '--config') print(`${JSON.stringify(named.hook.config)}\n`);
    else runOnce(named, process.env);
  } catch (error) {
    fail(`${named.name}: ${messageOf(error)}`);
  }
}
