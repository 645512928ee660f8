import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describeObject } from '../store/apply-patch.ts';
import type { ObjectRef } from '../store/store.ts';
import type { Clock } from '../time/clock.ts';
import { type AtomicFiles, isMissing, readIfThere } from './atomic-file.ts';
import { CoalescedFile, formatFragments, parseFragments } from './fragment-file.ts';
import type { Fragment } from './fragments.ts';
import { nodeDirectory, nodeFile, type StateLayout } from './layout.ts';

interface OneFile {
  readonly file: CoalescedFile;
  readonly fragments: Map<string, Fragment>;
}

export interface NodeFilesPorts {
  readonly layout: StateLayout;
  readonly clock: Clock;
  readonly files: Pick<AtomicFiles, 'write' | 'remove'>;
  /** Of an object that is there, and was not made anew. */
  readonly isCurrent: (fragment: Fragment) => boolean;
}

/** What one node says of objects' statuses, a few of them in each of its files. */
export class NodeFiles {
  readonly #ports: NodeFilesPorts;
  readonly #node: string;
  readonly #files = new Map<string, OneFile>();

  constructor(ports: NodeFilesPorts, node: string) {
    this.#ports = ports;
    this.#node = node;
  }

  /** One that stands in its file. */
  adopt(fragment: Fragment): void {
    this.#fileOf(fragment).fragments.set(describeObject(fragment), fragment);
  }

  set(fragment: Fragment): void {
    this.adopt(fragment);
    this.#fileOf(fragment).file.change();
  }

  delete(ref: ObjectRef): void {
    const { file, fragments } = this.#fileOf(ref);
    fragments.delete(describeObject(ref));
    file.change();
  }

  /** Resolves once it is written. @throws StoreUnavailableError */
  settle(ref: ObjectRef): Promise<void> {
    return this.#fileOf(ref).file.settle();
  }

  /** @throws StoreUnavailableError */
  async stop(): Promise<void> {
    await Promise.all(Array.from(this.#files.values(), ({ file }) => file.stop()));
  }

  #fileOf(ref: ObjectRef): OneFile {
    const path = nodeFile(this.#ports.layout, this.#node, describeObject(ref));
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const fragments = new Map<string, Fragment>();
    const file = new CoalescedFile(this.#ports, path, () => this.#content(fragments));
    this.#files.set(path, { file, fragments });
    return { file, fragments };
  }

  #content(fragments: Map<string, Fragment>): string | undefined {
    for (const [id, fragment] of fragments) {
      if (!this.#ports.isCurrent(fragment)) fragments.delete(id);
    }
    return fragments.size === 0 ? undefined : formatFragments(this.#node, fragments.values());
  }
}

/** What the node's files say, none where it never had anything to say. */
export function readNodeFiles(layout: StateLayout, node: string): Fragment[] {
  const directory = nodeDirectory(layout, node);
  const texts = namesIn(directory).map((name) => readIfThere(join(directory, name)) ?? '');
  return texts.flatMap((text) => parseFragments(node, text));
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
