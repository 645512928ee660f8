import { type IpFamily, ipFromBigInt } from '../net/ip.ts';
import { cidrsOf } from '../net/range.ts';
import { IpCommandError, parseIpJson, runIp } from './ip-command.ts';
import type { ServedPools } from './served-pools.ts';

/** Packets from an interface to addresses of a pool that the kernel is to refuse instead of sending them back. */
export interface GuardRule {
  readonly family: IpFamily;
  readonly interface: string;
  /** A CIDR. */
  readonly to: string;
}

/** Whatever announces them. */
export type GuardedPools = Pick<ServedPools, 'interface' | 'pools'>;

export interface RuleChange {
  readonly added: number;
  readonly removed: number;
}

/** Tells our rules from others'; before the main table's 32766. */
const GUARD_PREFERENCE = 4_225;
const FAMILIES = ['IPv4', 'IPv6'] as const;
const FLAG = { IPv4: '-4', IPv6: '-6' } as const;
const HOST_BITS = { IPv4: 32, IPv6: 128 } as const;

/** What guards these pools, each rule once: kube-proxy rewrites what it serves before rules are looked at, all else is refused. */
export function guardRules(guarded: readonly GuardedPools[]): GuardRule[] {
  const rules = guarded.flatMap(({ interface: name, pools }) =>
    pools.flatMap(cidrsOf).map(({ family, network, prefixLength }) => ({
      family,
      interface: name,
      to: `${ipFromBigInt(family, network)}/${prefixLength}`,
    })),
  );
  return [...new Map(rules.map((rule) => [keyOf(rule), rule])).values()];
}

/** Our rules in the output of `ip -json rule list`. @throws IpCommandError */
export function readGuardRules(family: IpFamily, stdout: string): GuardRule[] {
  return parseIpJson(stdout).flatMap(({ priority, iif, dst, dstlen = HOST_BITS[family] }) =>
    priority === GUARD_PREFERENCE &&
    typeof iif === 'string' &&
    typeof dst === 'string' &&
    typeof dstlen === 'number'
      ? [{ family, interface: iif, to: `${dst}/${dstlen}` }]
      : [],
  );
}

/** Rules that are in force. @throws IpCommandError */
export async function listGuardRules(): Promise<GuardRule[]> {
  const lists = await Promise.all(
    FAMILIES.map(async (family) => {
      const { stdout } = await runIp([FLAG[family], '-json', 'rule', 'list']);
      return readGuardRules(family, stdout);
    }),
  );
  return lists.flat();
}

/**
 * Brings the rules level: those that are missing come first, then those that are wanted no more go. Needs NET_ADMIN.
 * @throws IpCommandError
 */
export async function setGuardRules(wanted: readonly GuardRule[]): Promise<RuleChange> {
  const existing = await listGuardRules();
  const added = without(wanted, existing);
  const removed = without(existing, wanted);
  await change('add', added);
  await change('delete', removed);
  return { added: added.length, removed: removed.length };
}

function without(some: readonly GuardRule[], others: readonly GuardRule[]): GuardRule[] {
  const known = new Set(others.map(keyOf));
  return some.filter((rule) => !known.has(keyOf(rule)));
}

function keyOf({ family, interface: name, to }: GuardRule): string {
  return `${family} ${name} ${to}`;
}

async function change(verb: 'add' | 'delete', rules: readonly GuardRule[]): Promise<void> {
  for (const family of FAMILIES) {
    const commands = rules
      .filter((rule) => rule.family === family)
      .map(
        ({ interface: name, to }) =>
          `rule ${verb} preference ${GUARD_PREFERENCE} iif ${name} to ${to} unreachable\n`,
      );
    if (commands.length === 0) continue;
    const { exitCode, stderr } = await runIp([FLAG[family], '-batch', '-'], commands.join(''));
    if (exitCode !== 0) throw new IpCommandError(`ip rule ${verb}: ${stderr.trim()}`);
  }
}
