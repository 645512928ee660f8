import { join } from 'node:path';
import { run } from './exec.ts';

const BENCH = join(import.meta.dirname, '..', 'bench', 'controller-scale.ts');

/** How many Services wait when the controller starts. */
export const SCALES = [1_000, 10_000] as const;

/** A controller's start among many Services, in a process of its own. @returns the bench's lines, as JSON */
export async function controllerScale(services: number): Promise<string[]> {
  const command = [process.execPath, '--import', 'tsx', BENCH, String(services)];
  return (await run(command)).trimEnd().split('\n');
}
