import type { ConditionValue } from '../../hooks/lib/status-patch.ts';
import { formatProblems, type Parsed, type Problem } from '../api/problem.ts';
import { unwatched } from '../metallb/listed-pools.ts';
import type { Mirror } from '../store/mirror.ts';

export interface ObjectJudgeOptions<T> {
  readonly mirror: Mirror<T>;
  readonly parse: (object: unknown) => Parsed<T>;
  /** Whose objects count; undefined: the kind has no namespaces. */
  readonly namespaces: readonly string[] | undefined;
  /** Why nothing of the kind counts here, whatever it says. */
  readonly refusal?: ConditionValue | undefined;
  /** What else there is to say of one that counts, the weightiest first; nothing where it is in force as it stands. */
  readonly remarks: (value: T) => readonly ConditionValue[];
}

/** Whatever the kind is. */
export interface Judge {
  keys(): Iterable<string>;
  /** Undefined where there is no such object. */
  conditionOf(key: string): ConditionValue | undefined;
  /** How many would count if any of the kind did. */
  readonly refused: number;
  /** All that is wrong with those that count. */
  problems(): Problem[];
}

/** Says of the objects of one kind of MetalLB's API whether they are in force: their condition `Accepted`. */
export class ObjectJudge<T> implements Judge {
  readonly #options: ObjectJudgeOptions<T>;

  constructor(options: ObjectJudgeOptions<T>) {
    this.#options = options;
  }

  keys(): Iterable<string> {
    return this.#options.mirror.keys();
  }

  conditionOf(key: string): ConditionValue | undefined {
    const { mirror, parse, refusal, remarks } = this.#options;
    const object = mirror.object(key);
    if (object === undefined) return undefined;
    const uncounted = this.#notWatched(key) ?? refusal;
    if (uncounted !== undefined) return uncounted;
    const parsed = parse(object);
    return parsed.ok
      ? acceptance(remarks(parsed.value))
      : invalid(parsed.problems, mirror.get(key) !== undefined);
  }

  get refused(): number {
    if (this.#options.refusal === undefined) return 0;
    return [...this.keys()].filter((key) => this.#notWatched(key) === undefined).length;
  }

  problems(): Problem[] {
    const { mirror, parse, refusal } = this.#options;
    if (refusal !== undefined) return [];
    return [...mirror.keys()]
      .filter((key) => this.#notWatched(key) === undefined)
      .flatMap((key) => {
        const parsed = parse(mirror.object(key));
        return parsed.ok ? [] : parsed.problems;
      });
  }

  #notWatched(key: string): ConditionValue | undefined {
    const { mirror, namespaces } = this.#options;
    if (namespaces === undefined) return undefined;
    const found = unwatched(mirror.object(key)?.metadata.namespace ?? '', namespaces);
    return found && { status: 'False', ...found };
  }
}

function invalid(problems: readonly Problem[], isInForce: boolean): ConditionValue {
  const consequence = isInForce ? '; the last good version stays in force' : '';
  const message = `${formatProblems(problems)}${consequence}`;
  return { status: 'False', reason: 'Invalid', message };
}

/**
 * The condition `Accepted` of what can be read. It has one reason, that of the weightiest remark, and room for all there
 * is to say.
 */
export function acceptance(remarks: readonly ConditionValue[]): ConditionValue {
  const refusing = remarks.filter(({ status }) => status === 'False');
  const [first] = refusing.length > 0 ? refusing : remarks;
  if (first === undefined) return { status: 'True', reason: 'Accepted', message: 'in force' };
  const { status, reason } = first;
  const sentences = remarks.map(({ message }) => message).join('; ');
  const message = status === 'True' ? `in force, but ${sentences}` : sentences;
  return { status, reason, message };
}
