import { accessSync, constants, mkdirSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Of all that the operator's image has, what the module may count on. There is no Node and no jq. */
const COMMANDS = ['sh', 'env', 'tr', 'grep', 'cat'];

/** Makes a directory that has these commands and no others. @returns it, for PATH */
export function makeCommands(directory: string): string {
  mkdirSync(directory);
  for (const name of COMMANDS) symlinkSync(find(name), join(directory, name));
  return directory;
}

function find(name: string): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const path = folders.map((folder) => join(folder, name)).find(isExecutable);
  if (path === undefined) throw new Error(`this needs ${name}`);
  return path;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
