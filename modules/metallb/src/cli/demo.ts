import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CommandFailure } from './failure.ts';

const STORY = join('lab', 'demo.ts');

/** The source checkout that `folder` lies in. @throws CommandFailure when it lies in none */
export function findCheckout(folder: string): string {
  for (let candidate = folder; ; candidate = dirname(candidate)) {
    if (existsSync(join(candidate, STORY))) return candidate;
    if (candidate === dirname(candidate)) {
      throw new CommandFailure(
        'the demo is played in a lab that only a source checkout has: clone the repository and run make demo there',
      );
    }
  }
}

/** Plays the lab's story in this terminal. @returns its exit code */
export function playDemo(checkout: string): Promise<number> {
  const child = spawn('make', ['--no-print-directory', '-C', checkout, 'demo'], {
    stdio: 'inherit',
  });
  // The terminal interrupts both; the story cleans up, and this process must not leave before it.
  const ignore = () => undefined;
  const passOn = () => child.kill('SIGTERM');
  process.on('SIGINT', ignore).on('SIGTERM', passOn);
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      reject(
        new CommandFailure(`can't run make: ${error.message}; install it first`, { cause: error }),
      );
    });
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
