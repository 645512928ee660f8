import { IpCommandError } from '../linux/ip-command.ts';
import {
  type GuardedPools,
  type GuardRule,
  guardRules,
  listGuardRules,
  setGuardRules,
} from '../linux/loop-guard.ts';
import { readServedPools } from '../linux/served-pools.ts';
import { type IpRange, parseRange } from '../net/range.ts';
import { UsageError } from '../settings/settings.ts';
import { CommandFailure } from './failure.ts';
import { type GuardPorts, keepGuard } from './keep-guard.ts';

/** What is to happen with the loop guard of this host. */
export type LoopGuardWish =
  | { readonly action: 'install'; readonly guarded: readonly GuardedPools[] }
  /** Of the node program whose pools are guarded. */
  | { readonly action: 'keep'; readonly runDir: string }
  | { readonly action: 'remove' | 'show' };

export interface LoopGuardPorts extends Pick<GuardPorts, 'clock' | 'print'> {
  /** Aborts when this process is asked to end, which it then does by itself. */
  readonly untilStopped: () => AbortSignal;
}

/** Linux takes no others (dev_valid_name), and `ip` would read words of its own in them. */
const INTERFACE_NAME = /^[\w.@-]{1,15}$/;

/** @throws UsageError */
export function loopGuardWish(
  action: string | undefined,
  interfaces: readonly string[],
  pools: readonly string[],
  runDir: () => string,
): LoopGuardWish {
  if (action === 'remove' || action === 'show') return { action };
  if (action === 'keep') {
    if (interfaces.length + pools.length === 0) return { action, runDir: runDir() };
    throw new UsageError('loop-guard keep: the speaker says which interfaces and pools there are');
  }
  if (action !== 'install') {
    throw new UsageError(
      `loop-guard: expected install, keep, remove or show, not ${action ?? 'nothing'}`,
    );
  }
  const wrong = interfaces.find((name) => !INTERFACE_NAME.test(name));
  if (wrong !== undefined || interfaces.length === 0) {
    throw new UsageError(`--interface: expected a name such as eth0, not ${wrong ?? 'nothing'}`);
  }
  if (pools.length === 0) throw new UsageError('--pool is missing: a CIDR or a range FIRST-LAST');
  const ranges = pools.map(poolFrom);
  return { action, guarded: interfaces.map((name) => ({ interface: name, pools: ranges })) };
}

function poolFrom(text: string): IpRange {
  const range = parseRange(text);
  if (typeof range !== 'string') return range;
  throw new UsageError(`--pool: ${range}, not ${JSON.stringify(text)}`);
}

/** Prints what it does. @throws CommandFailure */
export async function guardLoops(wish: LoopGuardWish, ports: LoopGuardPorts): Promise<void> {
  try {
    switch (wish.action) {
      case 'keep':
        await keep(wish.runDir, ports);
        return;
      case 'show':
        ports.print((await listGuardRules()).map(formatRule).join('\n'));
        return;
      default: {
        const wanted = wish.action === 'install' ? guardRules(wish.guarded) : [];
        const { added, removed } = await setGuardRules(wanted);
        const summary = `${added} rules added, ${removed} removed`;
        ports.print([...wanted.map(formatRule), summary].join('\n'));
      }
    }
  } catch (error) {
    return explain(error);
  }
}

function keep(runDir: string, { clock, print, untilStopped }: LoopGuardPorts): Promise<void> {
  const ports: GuardPorts = {
    ...{ clock, print },
    // A name that `ip` would misread is nobody's: the condition ForwardingLoop says that it is not guarded.
    readServed: () =>
      readServedPools(runDir)?.filter((served) => INTERFACE_NAME.test(served.interface)),
    setRules: (wanted) => setGuardRules(wanted).catch(explain),
  };
  return keepGuard(ports, untilStopped());
}

/** @throws CommandFailure for what `ip` refuses, else the error itself */
function explain(error: unknown): never {
  if (!(error instanceof IpCommandError)) throw error;
  const isForbidden = error.message.includes('not permitted');
  const hint = isForbidden ? '; it needs the capability NET_ADMIN' : '';
  throw new CommandFailure(`${error.message}${hint}`, { cause: error });
}

function formatRule({ interface: name, to }: GuardRule): string {
  return `from ${name} to ${to}: unreachable unless a Service port takes it`;
}
