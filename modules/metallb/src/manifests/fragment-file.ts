import { StoreUnavailableError } from '../store/errors.ts';
import type { Clock } from '../time/clock.ts';
import type { AtomicFiles } from './atomic-file.ts';
import type { Fragment } from './fragments.ts';
import { isKind } from './kinds.ts';

/** Writes of a burst end up in the file together. */
const COALESCE_MS = 10;

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

/** A file that is rewritten soon after its content changed, once for all changes meanwhile. */
export class CoalescedFile {
  readonly #ports: { readonly clock: Clock; readonly files: AtomicFiles };
  readonly #path: string;
  readonly #content: () => string;
  #written: Promise<void> | undefined;
  #dirty = false;

  constructor(
    ports: { readonly clock: Clock; readonly files: AtomicFiles },
    path: string,
    content: () => string,
  ) {
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

  #writeSoon(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#ports.clock.after(COALESCE_MS, () => {
        this.#written = undefined;
        try {
          this.#ports.files.write(this.#path, this.#content());
          this.#dirty = false;
          resolve();
        } catch (error) {
          reject(new StoreUnavailableError(`can't write ${this.#path}`, { cause: error }));
        }
      });
    });
  }
}
