import { formatProblem, type Parsed } from '../../modules/metallb/src/api/problem.ts';

/** The value; fails the test with the problems in words where there are some. */
export function parsedValue<T>(parsed: Parsed<T>): T {
  if (parsed.ok) return parsed.value;
  throw new Error(parsed.problems.map(formatProblem).join('\n'));
}

/** The problems in words; none where the value could be read. */
export function problemsOf(parsed: Parsed<unknown>): string[] {
  return parsed.ok ? [] : parsed.problems.map(formatProblem);
}
