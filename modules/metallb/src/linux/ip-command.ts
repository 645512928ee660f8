import { spawn } from 'node:child_process';

/** What iproute2's `ip` wrote. */
export interface IpOutput {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `ip` can't be run, or wrote what can't be read. */
export class IpCommandError extends Error {
  override readonly name = 'IpCommandError';
}

const TIMEOUT_MS = 5_000;
const MAX_OUTPUT_BYTES = 16 * 1_024 * 1_024;

/** Runs `ip` to its end. @param input what it reads, for `-batch -` @throws IpCommandError when it does not end by itself */
export function runIp(args: readonly string[], input = ''): Promise<IpOutput> {
  return new Promise((resolve, reject) => {
    const child = spawn('ip', args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: TIMEOUT_MS });
    const output = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        output[stream] += text;
        if (output[stream].length > MAX_OUTPUT_BYTES) child.kill('SIGKILL');
      });
    }
    child.once('error', (error) =>
      reject(new IpCommandError(`ip does not start: ${error.message}`, { cause: error })),
    );
    child.once('close', (exitCode, signal) => {
      if (exitCode !== null) resolve({ exitCode, ...output });
      else reject(new IpCommandError(`ip ended by ${signal}`));
    });
    // It may have ended before it has read everything; its answers are counted.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

/** A list of objects as `ip -json` writes it; nothing written is an empty one. @throws IpCommandError */
export function parseIpJson(text: string): Readonly<Record<string, unknown>>[] {
  if (text.trim() === '') return [];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new IpCommandError(`ip wrote no JSON: ${text.slice(0, 200)}`, { cause: error });
  }
  if (!Array.isArray(value)) throw new IpCommandError(`ip wrote no list: ${text.slice(0, 200)}`);
  return value.filter((entry) => typeof entry === 'object' && entry !== null);
}
