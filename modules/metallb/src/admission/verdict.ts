/** What admission says to a write. Both are sentences for whoever wrote it, with the names to look at. */
export interface Verdict {
  /** All reasons against it; with none it is allowed. */
  readonly refusals: readonly string[];
  /** What its writer should know, allowed or not. */
  readonly warnings: readonly string[];
}

/** Nothing to say. */
export const ALLOWED: Verdict = { refusals: [], warnings: [] };

/** A verdict against a write. */
export function refused(refusals: readonly string[]): Verdict {
  return { refusals, warnings: [] };
}

/** A verdict for a write that has consequences its writer may not see. */
export function warned(warnings: readonly string[]): Verdict {
  return { refusals: [], warnings };
}

export function isAllowed({ refusals }: Verdict): boolean {
  return refusals.length === 0;
}

/** All verdicts on one write together. */
export function combined(verdicts: readonly Verdict[]): Verdict {
  return {
    refusals: verdicts.flatMap(({ refusals }) => refusals),
    warnings: verdicts.flatMap(({ warnings }) => warnings),
  };
}

/** The API server cuts warnings at 256 characters when there are many: names get about half of them. */
const MAX_NAMES_LENGTH = 120;

/** `a, b and 7 more`: as many names as a warning has room for, one at least. */
export function listed(names: readonly string[]): string {
  const shown: string[] = [];
  let length = 0;
  for (const name of names) {
    length += name.length + 2;
    if (shown.length > 0 && length > MAX_NAMES_LENGTH) break;
    shown.push(name);
  }
  const more = names.length - shown.length;
  return more === 0 ? shown.join(', ') : `${shown.join(', ')} and ${more} more`;
}
