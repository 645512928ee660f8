import type { IpAddress } from '../net/ip.ts';
import { IpCommandError, parseIpJson, runIp } from './ip-command.ts';

/** Where the kernel would send a packet. Nothing is sent to find out. */
export interface RouteQuestion {
  readonly to: IpAddress;
  /** Of a packet that comes in: from whom, and on which interface. */
  readonly arrives?: { readonly from: IpAddress; readonly interface: string };
  /** Firewall mark of the packet. */
  readonly mark?: number;
}

export type RouteAnswer =
  | { readonly kind: 'out'; readonly interface: string }
  /** To this host itself. */
  | { readonly kind: 'local' }
  /** Nowhere: no route, or one that refuses. In the kernel's words. */
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * Asks the kernel about all of them, rules and reverse path filter included, as RTM_GETROUTE does. Needs no privilege.
 * @returns one answer for each question @throws IpCommandError
 */
export async function lookUpRoutes(questions: readonly RouteQuestion[]): Promise<RouteAnswer[]> {
  if (questions.length === 0) return [];
  const batch = `${questions.map(commandFor).join('\n')}\n`;
  const output = await runIp(['-force', '-json', '-batch', '-'], batch);
  return readAnswers(questions.length, output.stdout, output.stderr);
}

/** Marks that policy rules look at, each once. @throws IpCommandError */
export async function listRuleMarks(): Promise<number[]> {
  const outputs = await Promise.all(
    ['-4', '-6'].map((family) => runIp([family, '-json', 'rule', 'list'])),
  );
  return [...new Set(outputs.flatMap(({ stdout }) => readRuleMarks(stdout)))];
}

/** Reads the output of `ip -json rule list`. @throws IpCommandError */
export function readRuleMarks(stdout: string): number[] {
  return parseIpJson(stdout).flatMap(({ fwmark }) => {
    const mark = typeof fwmark === 'string' ? Number(fwmark) : 0;
    return Number.isSafeInteger(mark) && mark > 0 ? [mark] : [];
  });
}

/**
 * Reads what `ip -force -json -batch -` writes: one line of JSON for each question that has a route, and for each other
 * its number among the errors.
 */
export function readAnswers(count: number, stdout: string, stderr: string): RouteAnswer[] {
  const refused = readRefusals(stderr);
  const found = stdout.split('\n').filter((line) => line.trim() !== '');
  if (found.length + refused.size !== count) {
    throw new IpCommandError(`ip route get: ${found.length} answers to ${count} questions`);
  }
  const answers: RouteAnswer[] = [];
  for (let number = 1; number <= count; number += 1) {
    const reason = refused.get(number);
    answers.push(
      reason === undefined ? readRoute(found.shift() ?? '') : { kind: 'refused', reason },
    );
  }
  return answers;
}

function readRefusals(stderr: string): ReadonlyMap<number, string> {
  const refused = new Map<number, string>();
  let reason = '';
  for (const line of stderr.split('\n')) {
    const number = /^Command failed -:(\d+)$/.exec(line)?.[1];
    if (number === undefined) reason = line.replace(/^RTNETLINK answers: /, '');
    else refused.set(Number(number), reason);
  }
  return refused;
}

function readRoute(line: string): RouteAnswer {
  const [{ type, dev } = {}] = parseIpJson(line);
  if (type === 'local') return { kind: 'local' };
  if (typeof type === 'string' && type !== 'unicast') return { kind: 'refused', reason: type };
  if (typeof dev === 'string') return { kind: 'out', interface: dev };
  throw new IpCommandError(`ip route get: no interface in ${line.slice(0, 200)}`);
}

function commandFor({ to, arrives, mark }: RouteQuestion): string {
  const incoming = arrives === undefined ? '' : ` from ${arrives.from} iif ${arrives.interface}`;
  return `route get ${to}${incoming}${mark === undefined ? '' : ` mark ${mark}`}`;
}
