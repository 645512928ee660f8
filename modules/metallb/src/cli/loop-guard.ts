import { IpCommandError } from '../linux/ip-command.ts';
import { type GuardRule, guardRules, listGuardRules, setGuardRules } from '../linux/loop-guard.ts';
import { type IpRange, parseRange } from '../net/range.ts';
import { UsageError } from '../settings/settings.ts';
import { CommandFailure } from './failure.ts';

/** What is to happen with the loop guard of this host. */
export type LoopGuardWish =
  | {
      readonly action: 'install';
      readonly interfaces: readonly string[];
      readonly pools: readonly IpRange[];
    }
  | { readonly action: 'remove' | 'show' };

/** Linux takes no others (dev_valid_name), and `ip` would read words of its own in them. */
const INTERFACE_NAME = /^[\w.@-]{1,15}$/;

/** @throws UsageError */
export function loopGuardWish(
  action: string | undefined,
  interfaces: readonly string[],
  pools: readonly string[],
): LoopGuardWish {
  if (action === 'remove' || action === 'show') return { action };
  if (action !== 'install') {
    throw new UsageError(
      `loop-guard: expected install, remove or show, not ${action ?? 'nothing'}`,
    );
  }
  const wrong = interfaces.find((name) => !INTERFACE_NAME.test(name));
  if (wrong !== undefined || interfaces.length === 0) {
    throw new UsageError(`--interface: expected a name such as eth0, not ${wrong ?? 'nothing'}`);
  }
  if (pools.length === 0) throw new UsageError('--pool is missing: a CIDR or a range FIRST-LAST');
  return { action, interfaces, pools: pools.map(poolFrom) };
}

function poolFrom(text: string): IpRange {
  const range = parseRange(text);
  if (typeof range !== 'string') return range;
  throw new UsageError(`--pool: ${range}, not ${JSON.stringify(text)}`);
}

/** @returns what was done, a line each @throws CommandFailure */
export async function guardLoops(wish: LoopGuardWish): Promise<string[]> {
  try {
    if (wish.action === 'show') return (await listGuardRules()).map(formatRule);
    const wanted = wish.action === 'install' ? guardRules(wish.interfaces, wish.pools) : [];
    const { added, removed } = await setGuardRules(wanted);
    return [...wanted.map(formatRule), `${added} rules added, ${removed} removed`];
  } catch (error) {
    if (!(error instanceof IpCommandError)) throw error;
    const hint = error.message.includes('not permitted')
      ? '; it needs the capability NET_ADMIN'
      : '';
    throw new CommandFailure(`${error.message}${hint}`, { cause: error });
  }
}

function formatRule({ interface: name, to }: GuardRule): string {
  return `from ${name} to ${to}: unreachable unless a Service port takes it`;
}
