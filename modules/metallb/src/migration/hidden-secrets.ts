import { isRecord } from '../api/fields.ts';
import type { Problem } from '../api/problem.ts';

/** A misspelt `password` holds one, too. */
const SECRET_NAME = /pas+w|pwd|secret|key/i;
const HIDDEN = '(not shown)';

/** The problem without what nobody may read in a log: passwords, and what might be one. */
export function withoutSecrets(problem: Problem): Problem {
  const { field, value } = problem;
  if (value === undefined) return problem;
  return { ...problem, value: SECRET_NAME.test(field) ? HIDDEN : hidden(value) };
}

function hidden(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hidden);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      SECRET_NAME.test(name) ? HIDDEN : hidden(member),
    ]),
  );
}
