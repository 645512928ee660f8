import type { Program } from './program.ts';

/** A scenario as those who only play it know it. */
export interface Playing {
  readonly name: string;
  /** @returns what else there is to say when it passed */
  readonly play: () => Promise<readonly string[]>;
  /** What to say beside the error when it failed. */
  readonly lastWords: () => readonly string[];
  /** Of its time, how long it has waited for others. */
  readonly waitedMs: () => number;
}

/**
 * Plays, and tells how it went in one piece: others may write too.
 * @returns whether it passed
 */
export async function playAndTell(
  { name, play, lastWords, waitedMs }: Playing,
  write: (text: string) => void,
): Promise<boolean> {
  const startedAt = performance.now();
  const tell = (how: string, ...lines: readonly string[]) => {
    const seconds = ((performance.now() - startedAt - waitedMs()) / 1_000).toFixed(1);
    write([`${how} ${name}  ${seconds} s`, ...lines].join('\n'));
  };
  try {
    tell('ok  ', ...(await play()));
    return true;
  } catch (error) {
    tell('FAIL', describe(error), ...lastWords());
    return false;
  }
}

/** With the two values that a failed assertion compared, and what it was caused by. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const details = 'details' in error && typeof error.details === 'string' ? error.details : '';
  const cause = error.cause === undefined ? '' : `\ncaused by ${describe(error.cause)}`;
  return `${error.stack}\n${details}`.trimEnd() + cause;
}

/** @throws when it takes longer, without what it has waited for others */
export async function withDeadline<Value>(
  play: Promise<Value>,
  deadlineMs: number,
  waitedMs: () => number,
): Promise<Value> {
  const startedAt = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    const look = () => {
      const leftMs = startedAt + deadlineMs + waitedMs() - performance.now();
      if (leftMs > 0) timer = setTimeout(look, leftMs);
      else reject(new Error(`not done after ${deadlineMs} ms`));
    };
    look();
  });
  try {
    return await Promise.race([play, tooLong]);
  } finally {
    clearTimeout(timer);
  }
}

/** The last lines that programs have logged. */
export function lastWordsOf(programs: readonly Program[], lines: number): string[] {
  return programs.flatMap((program) => [
    `--- last lines of ${program.name}`,
    ...program.lastLogLines(lines).map((line) => `    ${line}`),
  ]);
}
