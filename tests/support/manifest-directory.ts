import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import { stringify } from 'yaml';
import {
  ManifestStore,
  type ManifestWriter,
} from '../../modules/metallb/src/manifests/manifest-store.ts';
import { formatManifestProblem } from '../../modules/metallb/src/manifests/parse-documents.ts';
import { systemClock } from '../../modules/metallb/src/time/system-clock.ts';

/** A directory of manifests for one test, and the programs that work on it. Inotify is real, so time is, too. */
export class ManifestDirectory {
  readonly path = mkdtempSync(join(tmpdir(), 'manifests-'));
  readonly #stores: ManifestStore[] = [];
  readonly #problems: string[] = [];
  #onProblem: () => void = () => undefined;

  /** A store that is not started yet. */
  store(writer: ManifestWriter): ManifestStore {
    const store = new ManifestStore({
      directory: this.path,
      writer,
      clock: systemClock,
      onProblem: (problem) => {
        this.#problems.push(formatManifestProblem(problem));
        this.#onProblem();
      },
    });
    this.#stores.push(store);
    return store;
  }

  controller(): Promise<ManifestStore> {
    return this.#started({ role: 'controller' });
  }

  node(name: string): Promise<ManifestStore> {
    return this.#started({ role: 'node', name });
  }

  reader(): Promise<ManifestStore> {
    return this.#started({ role: 'reader' });
  }

  /** The next problem that any of the stores reports. */
  async nextProblem(): Promise<string> {
    for (;;) {
      const problem = this.#problems.shift();
      if (problem !== undefined) return problem;
      await new Promise<void>((resolve) => {
        this.#onProblem = resolve;
      });
    }
  }

  /** Problems that were reported and not read yet. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  /** Text as it is; values as one YAML document each. */
  write(file: string, ...contents: readonly unknown[]): void {
    const path = join(this.path, file);
    mkdirSync(dirname(path), { recursive: true });
    const texts = contents.map((content) =>
      typeof content === 'string' ? content : stringify(content),
    );
    writeFileSync(path, texts.join('---\n'));
  }

  read(file: string): string {
    return readFileSync(join(this.path, file), 'utf8');
  }

  remove(file: string): void {
    rmSync(join(this.path, file), { recursive: true });
  }

  async cleanup(): Promise<void> {
    for (const store of this.#stores) await store.stop();
    rmSync(this.path, { recursive: true, force: true });
  }

  async #started(writer: ManifestWriter): Promise<ManifestStore> {
    const store = this.store(writer);
    await store.start();
    return store;
  }
}

/** A test in a directory of its own, which is gone afterwards. */
export function testIn(name: string, run: (directory: ManifestDirectory) => Promise<void>): void {
  test(name, async () => {
    const directory = new ManifestDirectory();
    try {
      await run(directory);
    } finally {
      await directory.cleanup();
    }
  });
}
