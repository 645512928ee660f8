import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type BuildOptions, build, type Plugin } from 'esbuild';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What a file asks about itself is true of its source: it looks for neighbours there. */
const OWN_PLACE = { 'import.meta.url': 'sourceUrl', 'import.meta.dirname': 'sourceDirectory' };
const ownPlace: Plugin = {
  name: 'own-place',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      if (!text.includes('import.meta.')) return undefined;
      const [url, directory] = [pathToFileURL(path).href, dirname(path)].map((place) =>
        JSON.stringify(place),
      );
      // In the first line, so that all lines keep their numbers.
      const place = `const sourceUrl = ${url}, sourceDirectory = ${directory};`;
      return { contents: `${place}${text}`, loader: 'ts' };
    });
  },
};

const OPTIONS: BuildOptions = {
  absWorkingDir: ROOT,
  ...{ bundle: true, platform: 'node', format: 'esm', target: 'node20', logLevel: 'error' },
  outExtension: { '.js': '.mjs' },
};

/**
 * Compiles files of the checkout, with what they import of it, in a fraction of a second: a process that compiles while
 * it loads takes seconds. Packages stay where they are.
 *
 * @param files relative to the checkout, ending in `.ts`
 * @returns where each is, until this process ends
 */
export async function bundle(files: readonly string[]): Promise<(file: string) => string> {
  const outdir = ownDirectory();
  await build({
    ...OPTIONS,
    ...{ entryPoints: [...files], outdir, outbase: ROOT },
    ...{ splitting: true, packages: 'external', sourcemap: true },
    define: OWN_PLACE,
    plugins: [ownPlace],
  });
  return (file) => join(outdir, file.replace(/\.ts$/, '.mjs'));
}

/**
 * Compiles a program as it is delivered, with its packages: a process that loads hundreds of files of theirs takes five
 * times as long to start.
 *
 * @param main relative to the checkout
 * @returns where it is, until this process ends
 */
export async function bundleProgram(main: string): Promise<string> {
  const outdir = ownDirectory();
  await build({
    ...OPTIONS,
    ...{ entryPoints: [{ in: main, out: 'program' }], outdir },
    external: ['cap', 'raw-socket', 'koffi'],
    banner: {
      // Packages in CommonJS call it.
      js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
    },
  });
  return join(outdir, 'program.mjs');
}

/** Two runs at once don't share it. Within the checkout, packages are found. */
function ownDirectory(): string {
  const cache = join(ROOT, '.cache');
  mkdirSync(cache, { recursive: true });
  const directory = mkdtempSync(join(cache, 'bundle-'));
  process.once('exit', () => rmSync(directory, { recursive: true }));
  return directory;
}
