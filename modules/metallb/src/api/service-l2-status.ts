import type { IpAddress } from '../net/ip.ts';
import { type Announcer, announcer } from './announcer.ts';
import { absentAs, fields, ipAddress, listOf, optional, text, word } from './fields.ts';
import { type Condition, conditions, keyOf, type ObjectMeta } from './object.ts';
import { readerOf, type Told, type ToldOfService, toldOfService } from './told-status.ts';

/**
 * metallb.io/v1beta1 ServiceL2Status: who announces one IP of a Service of MetalLB's API. Of the fields node, Service and
 * interfaces are MetalLB's; it writes one object for each Service and node, this module one for each Service and IP.
 */
export type ServiceL2Status = Told<
  ToldOfService & {
    /** None in what older versions wrote. */
    readonly serviceUid: string | undefined;
    /** Empty: every usable one. */
    readonly interfaces: readonly { readonly name: string }[];
    readonly ip: IpAddress | undefined;
    readonly announcer: Announcer | undefined;
    readonly conditions: readonly Condition[];
  }
>;

/** Reads a ServiceL2Status, MetalLB's own too. */
export const parseServiceL2Status = readerOf<ServiceL2Status['status']>(
  'ServiceL2Status',
  fields({
    ...toldOfService,
    serviceUid: optional(text),
    interfaces: absentAs([], listOf(fields({ name: word }))),
    ip: optional(ipAddress),
    announcer: optional(announcer),
    conditions,
  }),
);

/** Whether it tells of this very Service: one that is made anew under the same name has moved nowhere yet. */
export function tellsOf(
  { status }: Pick<ServiceL2Status, 'status'>,
  service: Pick<ObjectMeta, 'namespace' | 'name' | 'uid'>,
): boolean {
  const { serviceNamespace: namespace, serviceName: name = '', serviceUid = service.uid } = status;
  return keyOf({ namespace, name }) === keyOf(service) && serviceUid === service.uid;
}
