// Bundles each program into one file, dist/<program>.mjs. At run time they need node_modules for nothing but `cap`,
// `raw-socket` and `koffi`, which are compiled C++.
import { chmodSync, existsSync } from 'node:fs';
import { build } from 'esbuild';
import { buildHooks } from './build-hooks.mjs';

const SOURCE = 'modules/metallb/src';
/** Folder of the program → name of its bundle. */
const PROGRAMS = {
  controller: 'controller',
  node: 'node',
  speaker: 'speaker',
  wire: 'wire',
  bfdd: 'bfdd',
  cli: 'mlb',
};

const entryPoints = Object.entries(PROGRAMS)
  .map(([folder, out]) => ({ in: `${SOURCE}/${folder}/main.ts`, out }))
  .filter((entry) => existsSync(entry.in));
if (entryPoints.length === 0) throw new Error(`no program found under ${SOURCE}`);

await build({
  entryPoints,
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  external: ['cap', 'raw-socket', 'koffi'],
  sourcemap: 'linked',
  logLevel: 'warning',
  // Bundled CommonJS packages call require() for Node's built-ins; ES modules have none of their own.
  banner: {
    js: "import { createRequire as requireOf } from 'node:module';\nconst require = requireOf(import.meta.url);",
  },
});
chmodSync('dist/mlb.mjs', 0o755);

await buildHooks('dist');
