import { type IpAddress, parseIp } from '../net/ip.ts';
import { parseMac } from '../net/mac.ts';
import type { SegmentLink } from './segment-options.ts';
import { isRecord, isTextList } from './unknown-fields.ts';

/** One interface as the process before had it open. */
export interface ResumedInterface {
  readonly link: SegmentLink;
  readonly announced: readonly IpAddress[];
}

/** What a wire process must know to go on where the one before ended; `node` keeps it meanwhile. */
export interface ResumeState {
  readonly pools: readonly string[];
  readonly interfaces: readonly ResumedInterface[];
}

/** The state that `node` hands back, or undefined when it is not one of this version's. */
export function parseResumeState(value: unknown): ResumeState | undefined {
  if (!isRecord(value) || !isTextList(value['pools'])) return undefined;
  const list: unknown = value['interfaces'];
  if (!Array.isArray(list)) return undefined;
  const interfaces = list.map(parseInterface);
  const known = interfaces.filter((entry) => entry !== undefined);
  return known.length === list.length ? { pools: value['pools'], interfaces: known } : undefined;
}

function parseInterface(value: unknown): ResumedInterface | undefined {
  if (!isRecord(value) || !isRecord(value['link']) || !isTextList(value['announced']))
    return undefined;
  const { name, mac: macText, addresses, linkLocal } = value['link'];
  const mac = typeof macText === 'string' ? parseMac(macText) : undefined;
  if (typeof name !== 'string' || mac === undefined || !isTextList(addresses)) return undefined;
  const link = { name, mac, addresses: parseIps(addresses) };
  const [first] = typeof linkLocal === 'string' ? parseIps([linkLocal]) : [];
  return { link: { ...link, linkLocal: first }, announced: parseIps(value['announced']) };
}

function parseIps(texts: readonly string[]): IpAddress[] {
  return texts.flatMap((text) => parseIp(text) ?? []);
}
