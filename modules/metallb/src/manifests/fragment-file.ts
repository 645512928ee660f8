import { StoreUnavailableError } from '../store/errors.ts';
import { isKind } from '../store/kinds.ts';
import type { Clock, Timer } from '../time/clock.ts';
import type { AtomicFiles } from './atomic-file.ts';
import type { Fragment } from './fragments.ts';

/** Writes of a burst end up in the file together. */
const COALESCE_MS = 10;
/** A disk that is full, or a directory that is out of reach. */
const RETRY_MS = 1_000;

/** The file's form: JSON, which is YAML. */
export function formatFragments(node: string, fragments: Iterable<Fragment>): string {
  const entries = Array.from(fragments, ({ node: _node, ...fragment }) => fragment);
  return `${JSON.stringify({ node, fragments: entries }, undefined, 1)}\n`;
}

/** The fragments in a node's file; those that can't be understood are left out: its program may be newer than this one. */
export function parseFragments(node: string, text: string): Fragment[] {
  const { fragments } = (parseJson(text) ?? {}) as { readonly fragments?: unknown };
  if (!Array.isArray(fragments)) return [];
  return fragments.flatMap((entry: unknown) => {
    const fragment = { ...(entry as Partial<Fragment> | null), node };
    return isFragment(fragment) ? [fragment] : [];
  });
}

function isFragment(value: Partial<Fragment>): value is Fragment {
  return (
    typeof value.kind === 'string' &&
    isKind(value.kind) &&
    typeof value.name === 'string' &&
    typeof value.uid === 'string' &&
    typeof value.order === 'number' &&
    typeof value.status === 'object' &&
    value.status !== null
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface CoalescedFilePorts {
  readonly clock: Clock;
  readonly files: Pick<AtomicFiles, 'write' | 'remove'>;
}

/**
 * A file that is rewritten soon after its content changed, once for all changes meanwhile. A write that fails is tried
 * again: whoever reads the content here takes it for written.
 */
export class CoalescedFile {
  readonly #ports: CoalescedFilePorts;
  readonly #path: string;
  readonly #content: () => string | undefined;
  #written: Promise<void> | undefined;
  #retry: Timer | undefined;
  #dirty = false;
  #stopped = false;

  /** @param content undefined for no file */
  constructor(ports: CoalescedFilePorts, path: string, content: () => string | undefined) {
    this.#ports = ports;
    this.#path = path;
    this.#content = content;
  }

  /** The content has changed. */
  change(): void {
    this.#dirty = true;
  }

  /**
   * Resolves once the file says what the content is.
   *
   * @throws StoreUnavailableError
   */
  async settle(): Promise<void> {
    if (!this.#dirty) return;
    this.#written ??= this.#writeSoon();
    await this.#written;
  }

  /** Settles it for the last time. @throws StoreUnavailableError */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#retry?.cancel();
    await this.settle();
  }

  #writeSoon(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#ports.clock.after(COALESCE_MS, () => {
        this.#written = undefined;
        try {
          this.#write(this.#content());
          this.#dirty = false;
          resolve();
        } catch (error) {
          this.#tryAgain();
          reject(new StoreUnavailableError(`can't write ${this.#path}`, { cause: error }));
        }
      });
    });
  }

  #write(content: string | undefined): void {
    if (content === undefined) this.#ports.files.remove(this.#path);
    else this.#ports.files.write(this.#path, content);
  }

  #tryAgain(): void {
    if (this.#stopped) return;
    this.#retry?.cancel();
    // Whoever asked for it has been told that it failed.
    this.#retry = this.#ports.clock.after(RETRY_MS, () => void this.settle().catch(() => {}));
  }
}
