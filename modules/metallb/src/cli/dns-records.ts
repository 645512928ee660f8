import { familyOf, type IpAddress } from '../net/ip.ts';
import { CommandFailure } from './failure.ts';
import type { ServedService } from './service-lookup.ts';
import { alignTable } from './table.ts';

/** How the records shall read. */
export interface RecordOptions {
  /** Of the records; the Service's own name, relative to the zone, when absent. */
  readonly name?: string | undefined;
  readonly ttlSeconds: number;
}

/** What a zone needs for one Service; the form of the JSON of `mlb dns`, too. */
export interface ServiceRecords {
  readonly service: string;
  readonly records: readonly DnsRecord[];
  /** What whoever copies the records should know. */
  readonly hints: readonly string[];
}

export interface DnsRecord {
  readonly name: string;
  readonly ttlSeconds: number;
  readonly type: 'A' | 'AAAA';
  readonly ip: IpAddress;
}

/** The A and AAAA records of a Service in numeric order. @throws CommandFailure when it has no IP yet */
export function recordsOf(served: ServedService, options: RecordOptions): ServiceRecords {
  const { key, ips } = served;
  const records = ips.flatMap(({ ip }): DnsRecord[] => {
    if (ip === undefined) return [];
    const type = familyOf(ip) === 'IPv4' ? 'A' : 'AAAA';
    const name = ownerName(options.name ?? served.name);
    return [{ name, ttlSeconds: options.ttlSeconds, type, ip }];
  });
  if (records.length === 0) {
    throw new CommandFailure(`${key} has no public IP yet; mlb status ${key} says why`);
  }
  return { service: key, records, hints: hintsFor(served) };
}

/** Lines of a zone file; hints are comments, so that everything can be copied. */
export function formatRecords({ records, hints }: ServiceRecords): string[] {
  const rows = records.map(({ name, ttlSeconds, type, ip }) => [
    name,
    String(ttlSeconds),
    'IN',
    type,
    ip,
  ]);
  return [...hints.map((hint) => `; ${hint}`), ...alignTable(rows)];
}

/** A name with dots is meant from the root (RFC 1035 §5.1); without, it is relative to the zone. */
function ownerName(name: string): string {
  return name.includes('.') && !name.endsWith('.') ? `${name}.` : name;
}

function hintsFor({ key, ips, routes }: ServedService): string[] {
  const assigned = ips.filter(({ ip }) => ip !== undefined);
  const unanswered = assigned.filter(
    ({ announcer }) => announcer === undefined && routes.length === 0,
  );
  const hints = unanswered.map(({ ip }) => `no node answers for ${ip} yet`);
  if (assigned.length === ips.length) return hints;
  return [
    `${assigned.length} of ${ips.length} public IPs are assigned: ask again before you publish these (mlb status ${key} says why)`,
    ...hints,
  ];
}
