import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Compares a text with the file that says what it should be.
 * With UPDATE_EXPECTED=1 the file is written instead: look at the difference before you commit it.
 * @throws with a unified diff, the file's lines marked `-`
 */
export function isAsExpected(file: URL, text: string): void {
  if (process.env['UPDATE_EXPECTED'] === '1') {
    mkdirSync(dirname(fileURLToPath(file)), { recursive: true });
    writeFileSync(file, text);
    return;
  }
  const expected = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (expected === text) return;
  const path = fileURLToPath(file);
  const { stdout } = spawnSync('diff', ['-u', path, '-'], { input: text, encoding: 'utf8' });
  throw new Error(`not as expected; UPDATE_EXPECTED=1 accepts it:\n${stdout}`);
}
