/** One thing wrong with one field of one object, in words that tell its owner what to change. */
export interface Problem {
  /** e.g. `MetalLoadBalancerClass/ingress` or `Service/default/nginx` */
  readonly object: string;
  /** Path from the object's root, e.g. `spec.addressPool[2]`. */
  readonly field: string;
  /** The offending value as the user wrote it; undefined when the field is missing. */
  readonly value: unknown;
  /** What would be right, e.g. `expected an integer of at least 1`. */
  readonly expected: string;
}

/** Either the value or all that is wrong with it, never half of each. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export function formatProblem(problem: Problem): string {
  return `${problem.object}: ${describeProblem(problem)}`;
}

/** Whoever has mended these sees the rest; a condition's message must fit into its object. */
const MAX_TOLD = 20;

export function formatProblems(problems: readonly Problem[]): string {
  const told = problems.slice(0, MAX_TOLD).map(formatProblem);
  const untold = problems.length - told.length;
  return [...told, ...(untold > 0 ? [`and ${untold} more`] : [])].join('; ');
}

/** A sentence goes into conditions and log lines, whatever a user has pasted into the field. */
const MAX_SHOWN = 100;

/** For where the object is named already. */
export function describeProblem({ field, value, expected }: Problem): string {
  const shown = value === undefined ? 'is missing' : `is ${shownValue(value)}`;
  return `${field} ${shown}: ${expected}`;
}

function shownValue(value: unknown): string {
  const written = writtenValue(value);
  if (written.length <= MAX_SHOWN) return written;
  const halfCharacter = /[\ud800-\udbff]$/;
  return `${written.slice(0, MAX_SHOWN).replace(halfCharacter, '')}…`;
}

function writtenValue(value: unknown): string {
  if (typeof value === 'number') return String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // A YAML alias may stand for what holds it, and lists may be in each other without end.
    return '(nested too deeply to show)';
  }
}
