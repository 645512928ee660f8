import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { InvalidError } from '../store/errors.ts';
import { codeOf, readIfThere } from './atomic-file.ts';

/** A directory has one controller: the process that holds this file, for as long as it lives. */
export class ControllerLock {
  readonly #path: string;
  #held: string | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws InvalidError when another process that is alive holds it */
  acquire(): void {
    if (this.#held !== undefined) return;
    const mine = JSON.stringify(holderOf(process.pid));
    if (!this.#tryCreate(mine)) {
      const other = parseHolder(readIfThere(this.#path));
      if (other !== undefined && isAlive(other)) {
        throw new InvalidError(
          `another controller (pid ${other.pid}) works on this directory: it holds ${this.#path}`,
        );
      }
      // Left by a process that was killed.
      rmSync(this.#path, { force: true });
      if (!this.#tryCreate(mine))
        throw new InvalidError(`another controller just took ${this.#path}`);
    }
    this.#held = mine;
  }

  release(): void {
    if (this.#held !== undefined && readIfThere(this.#path) === this.#held) {
      rmSync(this.#path, { force: true });
    }
    this.#held = undefined;
  }

  #tryCreate(text: string): boolean {
    try {
      writeFileSync(this.#path, text, { flag: 'wx' });
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      throw error;
    }
  }
}

interface Holder {
  readonly pid: number;
  readonly bootId: string;
  /** In clock ticks since boot: tells a process from a later one with its pid. */
  readonly startTime: string | undefined;
}

function holderOf(pid: number): Holder {
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return { pid, bootId, startTime: startTimeOf(pid) };
}

function isAlive(holder: Holder): boolean {
  const now = holderOf(holder.pid);
  return (
    now.startTime !== undefined &&
    now.bootId === holder.bootId &&
    now.startTime === holder.startTime
  );
}

/** Field 22 of proc(5) stat; the name in field 2 may hold spaces and parentheses. */
function startTimeOf(pid: number): string | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

function parseHolder(text: string | undefined): Holder | undefined {
  try {
    const { pid, bootId, startTime } = JSON.parse(text ?? '') as Partial<Holder>;
    if (typeof pid !== 'number' || typeof bootId !== 'string') return undefined;
    return { pid, bootId, startTime };
  } catch {
    return undefined;
  }
}
