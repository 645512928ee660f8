import type { IpAddress } from '../net/ip.ts';
import type { Condition, ObjectMeta } from './object.ts';
import type { ServicePort } from './service.ts';

/** internal.network.deckhouse.io/v1alpha1 SDNInternalL2LBService: one IP of one Service. */
export interface Child {
  readonly metadata: ObjectMeta;
  readonly className: string;
  readonly preferredNode: string | undefined;
  readonly requestedIp: IpAddress | undefined;
  readonly sharedIpKey: string | undefined;
  readonly serviceRef: { readonly namespace: string; readonly name: string };
  readonly externalTrafficPolicy: 'Cluster' | 'Local';
  readonly ports: readonly ServicePort[];
  readonly selector: Readonly<Record<string, string>>;
  readonly ipFamilies: readonly ('IPv4' | 'IPv6')[];
  readonly status: {
    /** The first ingress IP, once assigned. */
    readonly ip: IpAddress | undefined;
    readonly announcer: Announcer | undefined;
    readonly conditions: readonly Condition[];
  };
}

/** Written by the announcing node's speaker alone. */
export interface Announcer {
  readonly node: string;
  /** RFC 3339 */
  readonly since: string;
  readonly reason: AnnounceReason;
  /** Announcer changes within the 180 s before `since`, this one included (network rule 23). */
  readonly recentMoves: number;
}

export type AnnounceReason =
  | 'Assigned'
  | 'Takeover'
  | 'Handover'
  | 'Failback'
  | 'EndpointsMoved'
  | 'Dispute';
