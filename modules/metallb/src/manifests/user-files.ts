import { describeObject } from '../store/apply-patch.ts';
import type { ObjectRef } from '../store/store.ts';
import { type ManifestProblem, parseManifest, type UserObject } from './parse-documents.ts';

/** An object and the file that asks for it. */
export interface Wanted {
  readonly object: UserObject['object'];
  readonly file: string;
}

type Content = Map<string, UserObject>;

/** `command > file` empties the file at once and fills it when the command is done. */
const EMPTIED =
  'is empty; what it said before stays in force: remove the file to delete its objects';

/**
 * What users' files ask for, file by file. Of a file with something in it that can't be used, the rest counts, and what
 * it asked for before and does not name any more stays: nobody knows what the part that can't be read was to be.
 */
export class UserFiles {
  readonly #onProblem: (problem: ManifestProblem) => void;
  /** In force. */
  readonly #contents = new Map<string, Content>();
  readonly #wanted = new Map<string, Wanted>();
  /** Good in themselves, but with objects that another file has. */
  readonly #refused = new Map<string, Content>();

  constructor(onProblem: (problem: ManifestProblem) => void) {
    this.#onProblem = onProblem;
  }

  get(ref: ObjectRef): Wanted | undefined {
    return this.#wanted.get(describeObject(ref));
  }

  /** What a file asked for when it was last good, before this program started. */
  adopt({ object, file }: Wanted): void {
    const id = describeObject({ kind: object.kind, ...object.metadata });
    const content = this.#contents.get(file) ?? new Map<string, UserObject>();
    this.#contents.set(file, content.set(id, { object, line: 1 }));
    this.#wanted.set(id, { object, file });
  }

  files(): Iterable<string> {
    return this.#contents.keys();
  }

  /**
   * Takes files in that changed together; `text` is undefined for one that is gone. Objects that moved between them
   * were never gone.
   *
   * @returns the objects that may be asked for differently now
   */
  update(texts: ReadonlyMap<string, string | undefined>): ObjectRef[] {
    const touched = new Map<string, ObjectRef>();
    const candidates = new Map(this.#refused);
    for (const [file, text] of texts) {
      candidates.delete(file);
      this.#refused.delete(file);
      const content = text === undefined ? new Map() : this.#parse(file, text);
      if (content !== undefined) candidates.set(file, content);
    }
    for (const [file, content] of candidates) this.#release(file, content, touched);
    for (const [file, content] of candidates) this.#claim(file, content, touched);
    return [...touched.values()];
  }

  #parse(file: string, text: string): Content | undefined {
    if (text.trim() === '' && this.#contents.has(file)) {
      this.#onProblem({ file, line: 1, message: EMPTIED });
      return undefined;
    }
    const { objects, problems } = parseManifest(file, text);
    const content = new Map<string, UserObject>();
    const duplicates: ManifestProblem[] = [];
    const twice: string[] = [];
    for (const item of objects) {
      const id = describeObject({ kind: item.object.kind, ...item.object.metadata });
      const first = content.get(id);
      if (first === undefined) {
        content.set(id, item);
      } else {
        twice.push(id);
        duplicates.push(duplicate(file, item.line, id, `line ${first.line}`));
      }
    }
    for (const problem of [...problems, ...duplicates]) this.#onProblem(problem);
    if (problems.length + duplicates.length === 0) return content;
    for (const id of twice) content.delete(id);
    return new Map([...(this.#contents.get(file) ?? []), ...content]);
  }

  /** Lets go of what the file no longer has, so that another one may claim it in the same step. */
  #release(file: string, next: Content, touched: Map<string, ObjectRef>): void {
    for (const [id, { object }] of this.#contents.get(file) ?? []) {
      if (next.has(id) || this.#wanted.get(id)?.file !== file) continue;
      this.#wanted.delete(id);
      touched.set(id, { ...object.metadata, kind: object.kind });
    }
  }

  #claim(file: string, content: Content, touched: Map<string, ObjectRef>): void {
    const taken = [...content].filter(([id]) => (this.#wanted.get(id)?.file ?? file) !== file);
    if (taken.length === 0) {
      this.#refused.delete(file);
      this.#enforce(file, content, touched);
      return;
    }
    if (!this.#refused.has(file)) {
      for (const [id, { line }] of taken) {
        this.#onProblem(duplicate(file, line, id, this.#wanted.get(id)?.file ?? 'another file'));
      }
    }
    this.#refused.set(file, content);
    const kept = [...(this.#contents.get(file) ?? [])].filter(
      ([id]) => (this.#wanted.get(id)?.file ?? file) === file,
    );
    this.#enforce(file, new Map(kept), touched);
  }

  #enforce(file: string, content: Content, touched: Map<string, ObjectRef>): void {
    if (content.size === 0) this.#contents.delete(file);
    else this.#contents.set(file, content);
    for (const [id, { object }] of content) {
      this.#wanted.set(id, { object, file });
      touched.set(id, { ...object.metadata, kind: object.kind });
    }
  }
}

function duplicate(file: string, line: number, id: string, where: string): ManifestProblem {
  return { file, line, message: `${id} is defined in ${where} already` };
}
