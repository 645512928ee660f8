/** A misspelt `password` holds one, too. */
const SECRET_NAME = /pas+w|pwd|secret|key|auth/i;

/** Stands for the value of a field that may hold a password. */
export const NOT_SHOWN = '(not shown)';

/** Whether what is said under this name may be nobody's to read in a log. */
export function mayBeSecret(name: string): boolean {
  return SECRET_NAME.test(name);
}
