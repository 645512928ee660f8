/** One thing that the doctor looked at. */
export interface Check {
  /** Few words. */
  readonly name: string;
  /** `unknown`: it could not be looked at, which is no fault by itself. */
  readonly verdict: 'ok' | 'wrong' | 'unknown';
  /** What is so; where something is wrong, what to do about it. */
  readonly message: string;
}

export function ok(name: string, message: string): Check {
  return { name, verdict: 'ok', message };
}

export function wrong(name: string, message: string): Check {
  return { name, verdict: 'wrong', message };
}

export function unknown(name: string, message: string): Check {
  return { name, verdict: 'unknown', message };
}
