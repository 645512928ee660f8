import type { Announcer } from '../api/announcer.ts';
import type { Child } from '../api/child.ts';
import { keyOf } from '../api/object.ts';
import type { IpAddress } from '../net/ip.ts';

/** One IP as somebody holds it. Who shares an IP with others has a holding of his own. */
export interface Holding {
  readonly ip: IpAddress;
  /** `namespace/name` of the object that holds it. */
  readonly holder: string;
  /** `namespace/name` of the Service that it is for. */
  readonly service: string;
  /** Id of the group whose nodes announce it. */
  readonly group: string;
  readonly preferredNode: string | undefined;
  readonly externalTrafficPolicy: 'Cluster' | 'Local';
  /** Announce it although a foreign host may have it (network rule 21). */
  readonly forceAddress: boolean;
  readonly announcer: Announcer | undefined;
  /** The oldest has the lowest. */
  readonly age: string;
  /** The newest of what it is made of. */
  readonly version: number;
  /** Why it has no group, in words; undefined where it has one. */
  readonly refusal?: string;
}

/** What a child holds: nothing as long as it has no IP. */
export function holdingsOfChild(child: Child): Holding[] {
  const { metadata, status } = child;
  if (status.ip === undefined) return [];
  return [
    {
      ip: status.ip,
      holder: keyOf(metadata),
      service: keyOf(child.serviceRef),
      group: child.className,
      preferredNode: child.preferredNode,
      externalTrafficPolicy: child.externalTrafficPolicy,
      forceAddress: child.forceAddress,
      announcer: status.announcer,
      age: `${metadata.creationTimestamp} ${metadata.uid}`,
      version: Number(metadata.resourceVersion),
    },
  ];
}

/** The holding whose group and preferred node count for all sharers of its IP (network rule 10). */
export function oldestHolding(holdings: readonly Holding[]): Holding | undefined {
  return [...holdings].sort((a, b) => (a.age < b.age ? -1 : 1))[0];
}
