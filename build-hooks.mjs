// Bundles the hooks as executables. DIRECTORY/hooks is a hooks folder of shell-operator; DIRECTORY/deckhouse is laid over
// the module's folder there: one executable for all hooks, and what it needs in a lib/ that the operator passes over.
// DIRECTORY/deckhouse-upgrade has what is added to that for the upgrade from Deckhouse's own module: addon-operator alone
// knows what those bind to. Start-up is most of a run, so they are small and without source maps.
import { chmodSync, cpSync, readdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const MODULE = fileURLToPath(new URL('modules/metallb', import.meta.url));
const ENTRIES = `${MODULE}/hooks/executables`;
const UPGRADE_ENTRIES = `${MODULE}/hooks/upgrade-executables`;
const BATCH = 'batch.ts';
// Deckhouse has no Node but the one in lib/, which no shebang can name: a line of shell that is a comment to JavaScript.
const WITH_NODE_OF_LIB = `#!/bin/sh
":" //; unset NODE_EXTRA_CA_CERTS NODE_OPTIONS; n=\${0%/*}/lib/node; [ -x "$n" ] || n=node; exec "$n" "$0" "$@"`;
const OPTIONS = {
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  outExtension: { '.js': '.mjs' },
  logLevel: 'warning',
};

export async function buildHooks(directory) {
  // What an operator finds there, it runs: nothing of an earlier build may be left.
  for (const part of ['hooks', 'deckhouse', 'deckhouse-upgrade']) {
    rmSync(`${directory}/${part}`, { recursive: true, force: true });
  }
  const files = readdirSync(ENTRIES).filter((file) => file !== BATCH);
  await buildEach(ENTRIES, files, `${directory}/hooks`, '#!/usr/bin/env node');
  const upgradeFiles = readdirSync(UPGRADE_ENTRIES);
  await buildEach(UPGRADE_ENTRIES, upgradeFiles, `${directory}/deckhouse-upgrade`, WITH_NODE_OF_LIB);
  await build({
    ...OPTIONS,
    entryPoints: [{ in: `${ENTRIES}/${BATCH}`, out: 'metallb-hooks' }],
    outdir: `${directory}/deckhouse/hooks/lib`,
  });
  cpSync(`${MODULE}/lib/metallb-hooks`, `${directory}/deckhouse/hooks/metallb-hooks`);
}

async function buildEach(folder, files, outdir, banner) {
  await build({
    ...OPTIONS,
    entryPoints: files.map((file) => `${folder}/${file}`),
    outdir,
    banner: { js: banner },
  });
  for (const file of files) chmodSync(`${outdir}/${file.replace(/\.ts$/, '.mjs')}`, 0o755);
}
