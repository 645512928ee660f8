import { shownValue } from './shown-value.ts';

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

/** For where the object is named already. */
export function describeProblem({ field, value, expected }: Problem): string {
  const shown = value === undefined ? 'is missing' : `is ${shownValue(value)}`;
  return `${field} ${shown}: ${expected}`;
}
