import { isRecord } from '../api/fields.ts';
import { httpPage, type PageLimits } from '../linux/http-page.ts';
import { parseServedPools, type ServedPools } from '../linux/served-pools.ts';
import { type IpAddress, parseIp } from '../net/ip.ts';

/** What a node's speaker tells under `/status`, as far as the doctor reads it. */
export interface SpeakerStatus {
  readonly node: string;
  readonly storeConnected: boolean;
  readonly wireConnected: boolean;
  readonly ips: ReadonlySet<IpAddress>;
  readonly served: readonly ServedPools[];
  /** Those that hold. */
  readonly conditions: readonly { readonly type: string; readonly message: string }[];
}

/** A node may have thousands of IPs. */
const LIMITS: PageLimits = { withinMs: 2_000, maxBytes: 64 * 1_024 * 1_024 };

/** @returns why there is none, in words, when nobody answers or not with a status */
export async function fetchSpeakerStatus(url: URL): Promise<SpeakerStatus | string> {
  try {
    const { body } = await httpPage(url, LIMITS);
    return parseSpeakerStatus(JSON.parse(body)) ?? `${url} is not a speaker's status`;
  } catch (error) {
    return `${url}: ${error instanceof Error ? error.message : error}`;
  }
}

/** Undefined when it is none. */
export function parseSpeakerStatus(value: unknown): SpeakerStatus | undefined {
  if (!isRecord(value) || typeof value['node'] !== 'string') return undefined;
  return {
    node: value['node'],
    storeConnected: value['storeConnected'] === true,
    wireConnected: value['wireConnected'] === true,
    ips: new Set(records(value['duties']).flatMap(({ ip }) => parseIp(text(ip)) ?? [])),
    served: parseServedPools(value['served']),
    conditions: records(value['conditions']).map(({ type, message }) => ({
      type: text(type),
      message: text(message),
    })),
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function records(value: unknown): Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}
