import { spawn } from 'node:child_process';

/** A command ended with another exit code than 0. */
class CommandFailedError extends Error {
  constructor(command: string, code: number | null, output: string) {
    super(`${command}: exit code ${code}: ${output.trim()}`);
    this.name = 'CommandFailedError';
  }
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end, whatever its exit code. */
export function tryRun(command: readonly string[], input = ''): Promise<CommandResult> {
  const [program = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.on('error', reject);
    // A command that ends before it has read its input closes the pipe; its exit code tells the rest.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    child.on('close', (code) =>
      resolve({
        code,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
      }),
    );
  });
}

/** @returns what the command wrote to stdout  @throws CommandFailedError */
export async function run(command: readonly string[], input = ''): Promise<string> {
  const result = await tryRun(command, input);
  if (result.code !== 0) {
    throw new CommandFailedError(command.join(' '), result.code, result.stderr || result.stdout);
  }
  return result.stdout;
}

export function delay(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

/** A condition that should have come true did not. */
class DeadlineError extends Error {
  constructor(what: string, deadlineMs: number) {
    super(`not within ${deadlineMs} ms: ${what}`);
    this.name = 'DeadlineError';
  }
}

export interface Waiting {
  /** What is waited for, in words; a function is asked at the deadline. */
  readonly what: string | (() => string);
  readonly deadlineMs: number;
  readonly everyMs?: number;
}

/**
 * Asks again and again until the answer is neither undefined nor false. Whoever takes long to answer, as a command does,
 * is left alone for as long: what waits takes no more than half of a processor from what it waits for.
 * @throws DeadlineError
 */
export async function until<Value>(
  waiting: Waiting,
  ask: () => Value | undefined | false | Promise<Value | undefined | false>,
): Promise<Value> {
  const deadline = performance.now() + waiting.deadlineMs;
  for (;;) {
    const askedAt = performance.now();
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) {
      const what = typeof waiting.what === 'string' ? waiting.what : waiting.what();
      throw new DeadlineError(what, waiting.deadlineMs);
    }
    await delay(Math.max(waiting.everyMs ?? 10, performance.now() - askedAt));
  }
}
