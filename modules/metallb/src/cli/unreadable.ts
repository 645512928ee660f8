import { isRecord } from '../api/fields.ts';
import { type KubernetesObject, keyOf, type ObjectMeta } from '../api/object.ts';
import { describeProblem, type Problem } from '../api/problem.ts';
import { type IpAddress, parseIp } from '../net/ip.ts';
import type { Kind } from '../store/store.ts';

/**
 * An object whose latest version can't be understood, as far as it can: the programs that saw a good version go on with
 * that one, so its IPs are likely to be served.
 */
export interface UnreadableObject {
  readonly kind: Kind;
  readonly metadata: ObjectMeta;
  /** Of its status. */
  readonly ips: readonly IpAddress[];
  /** What is wrong with it, a sentence each. */
  readonly problems: readonly string[];
}

/** What is known of an object in spite of its problems. */
export function unreadable(
  kind: Kind,
  { metadata, status }: KubernetesObject,
  problems: readonly Problem[],
): UnreadableObject {
  return { kind, metadata, ips: ingressIps(status), problems: problems.map(describeProblem) };
}

/** Whether `subject` is its key, its name, or one of its IPs. */
export function isNamed({ metadata, ips }: UnreadableObject, subject: string): boolean {
  const ip = parseIp(subject);
  if (ip !== undefined) return ips.includes(ip);
  return metadata.name === subject || keyOf(metadata) === subject;
}

function ingressIps(status: unknown): IpAddress[] {
  const entries = member(member(status, 'loadBalancer'), 'ingress');
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry) => {
    const ip = member(entry, 'ip');
    return (typeof ip === 'string' && parseIp(ip)) || [];
  });
}

function member(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined;
}
