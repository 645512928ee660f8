import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { runBlock } from './page-commands.ts';

const PAGE = 'enable-in-deckhouse.md';

/** Stand for the images that were pushed before. */
export const IMAGE_DIGESTS = {
  controller: `sha256:${'1'.repeat(64)}`,
  node: `sha256:${'2'.repeat(64)}`,
} as const;

/** The module's folder as Deckhouse unpacks it, made by the very commands of docs/enable-in-deckhouse.md. */
export async function assembleModule(folder: string): Promise<void> {
  mkdirSync(folder);
  const digests = {
    controller_digest: IMAGE_DIGESTS.controller,
    node_digest: IMAGE_DIGESTS.node,
  };
  await runBlock(PAGE, 'images_digests.json', { bundle: folder, ...digests });
}

/** Adds what is there for an upgrade from an older module. */
export async function addUpgradeHooks(folder: string): Promise<void> {
  await runBlock(PAGE, 'dist/deckhouse-upgrade', { bundle: folder });
}

/** YAML 1.1, as Deckhouse reads it. */
export function readYaml(folder: string, path: string): unknown {
  return parse(readFileSync(join(folder, path), 'utf8'), { version: '1.1' });
}
