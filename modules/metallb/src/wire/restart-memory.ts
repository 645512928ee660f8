import { type IpAddress, parseIp } from '../net/ip.ts';
import { parseMac } from '../net/mac.ts';
import type { Gates } from '../packet/heartbeat.ts';
import type { Resumed, SegmentLink } from './segment-options.ts';
import { isRecord, isTextList } from './unknown-fields.ts';

/** What the next wire process needs, by key; `null` for what it needs no more. */
export type Entries = Readonly<Record<string, unknown>>;

const POOLS = 'pools';
const interfaceKey = (name: string) => `interface ${name}`;
const gatesKey = (name: string) => `gates ${name}`;
const announcedKey = (name: string, ip: IpAddress) => `announced ${name} ${ip}`;

/**
 * What this process does, kept where it outlives it: only what changes is told, so that one move costs the same among
 * ten thousand IPs as among ten.
 */
export class RestartMemory {
  readonly #tell: (entries: Entries) => void;
  readonly #later: (run: () => void) => void;
  #changed: Record<string, unknown> | undefined;

  /** @param later collects what changes together into one message */
  constructor(tell: (entries: Entries) => void, later: (run: () => void) => void) {
    this.#tell = tell;
    this.#later = later;
  }

  setPools(pools: readonly string[]): void {
    this.#set(POOLS, pools);
  }

  setLink({ name, mac, addresses, linkLocal, subnets }: SegmentLink): void {
    this.#set(interfaceKey(name), { mac, addresses, linkLocal, subnets });
  }

  forgetLink(name: string): void {
    this.#set(interfaceKey(name), null);
    this.#set(gatesKey(name), null);
  }

  setAnnounced(interfaceName: string, ip: IpAddress, announced: boolean): void {
    this.#set(announcedKey(interfaceName, ip), announced ? true : null);
  }

  setGates(interfaceName: string, failed: Gates): void {
    this.#set(gatesKey(interfaceName), failed);
  }

  #set(key: string, value: unknown): void {
    if (this.#changed === undefined) {
      this.#changed = {};
      this.#later(() => this.#flush());
    }
    this.#changed[key] = value;
  }

  #flush(): void {
    const changed = this.#changed ?? {};
    this.#changed = undefined;
    this.#tell(changed);
  }
}

/** One interface as the process before had it open. */
export interface ResumedInterface extends Resumed {
  readonly link: SegmentLink;
}

/** What a wire process goes on with. */
export interface ResumeState {
  readonly pools: readonly string[];
  readonly interfaces: readonly ResumedInterface[];
}

/** What was kept of the process before, or undefined when it is not one of this version's. */
export function parseResumeState(value: unknown): ResumeState | undefined {
  if (!isRecord(value) || !isTextList(value[POOLS])) return undefined;
  const announced = new Map<string, IpAddress[]>();
  const links: SegmentLink[] = [];
  for (const [key, entry] of Object.entries(value)) {
    const [kind, name = '', text = ''] = key.split(' ');
    const ip = parseIp(text);
    if (kind === 'announced' && ip !== undefined) {
      const others = announced.get(name);
      if (others === undefined) announced.set(name, [ip]);
      else others.push(ip);
    } else if (kind === 'interface') {
      const link = parseLink(name, entry);
      if (link === undefined) return undefined;
      links.push(link);
    }
  }
  const interfaces = links.map((link) => ({
    link,
    announced: announced.get(link.name) ?? [],
    failedGates: readGates(value[gatesKey(link.name)]),
  }));
  return { pools: value[POOLS], interfaces };
}

function parseLink(name: string, value: unknown): SegmentLink | undefined {
  if (!isRecord(value) || !isTextList(value['addresses'])) return undefined;
  const mac = typeof value['mac'] === 'string' ? parseMac(value['mac']) : undefined;
  if (mac === undefined) return undefined;
  const { linkLocal } = value;
  const subnets = isTextList(value['subnets']) ? value['subnets'] : [];
  const [first] = typeof linkLocal === 'string' ? parseIps([linkLocal]) : [];
  return { name, mac, addresses: parseIps(value['addresses']), linkLocal: first, subnets };
}

function readGates(value: unknown): Gates {
  const gates = isRecord(value) ? value : {};
  return { dataplane: gates['dataplane'] === true, reachability: gates['reachability'] === true };
}

function parseIps(texts: readonly string[]): IpAddress[] {
  return texts.flatMap((text) => parseIp(text) ?? []);
}
