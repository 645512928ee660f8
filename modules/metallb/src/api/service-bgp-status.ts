import { absentAs, fields, listOf, word } from './fields.ts';
import { readerOf, type Told, type ToldOfService, toldOfService } from './told-status.ts';

/** metallb.io/v1beta1 ServiceBGPStatus: to which peers one node announces the IPs of one Service. */
export type ServiceBgpStatus = Told<
  ToldOfService & {
    /** Names of BGPPeers. */
    readonly peers: readonly string[];
  }
>;

/** Reads a ServiceBGPStatus, MetalLB's own too. */
export const parseServiceBgpStatus = readerOf<ServiceBgpStatus['status']>(
  'ServiceBGPStatus',
  fields({ ...toldOfService, peers: absentAs([], listOf(word)) }),
);
