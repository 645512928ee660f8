import { type IpAddress, parseIp } from '../net/ip.ts';
import { isRecord, isTextList } from './unknown-fields.ts';

/** What a wire process must know to go on where the one before ended; `node` keeps it meanwhile. */
export interface ResumeState {
  readonly pools: readonly string[];
  /** Announced IPs by interface. */
  readonly interfaces: Readonly<Record<string, readonly IpAddress[]>>;
}

/** The state that `node` hands back, or undefined when it is not one of this version's. */
export function parseResumeState(value: unknown): ResumeState | undefined {
  if (!isRecord(value) || !isTextList(value['pools']) || !isRecord(value['interfaces']))
    return undefined;
  const interfaces: Record<string, IpAddress[]> = {};
  for (const [name, ips] of Object.entries(value['interfaces'])) {
    if (!isTextList(ips)) return undefined;
    interfaces[name] = ips.flatMap((ip) => parseIp(ip) ?? []);
  }
  return { pools: value['pools'], interfaces };
}
