import { isRecord } from '../api/fields.ts';
import type { Problem } from '../api/problem.ts';
import { mayBeSecret, NOT_SHOWN } from '../api/secret-names.ts';

/** The problem without what nobody may read in a log: passwords, and what might be one. */
export function withoutSecrets(problem: Problem): Problem {
  const { field, value } = problem;
  if (value === undefined) return problem;
  return { ...problem, value: mayBeSecret(field) ? NOT_SHOWN : hidden(value) };
}

function hidden(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hidden);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      mayBeSecret(name) ? NOT_SHOWN : hidden(member),
    ]),
  );
}
