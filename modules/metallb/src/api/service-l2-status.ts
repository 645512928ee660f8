import type { IpAddress } from '../net/ip.ts';
import { type Announcer, announcer } from './announcer.ts';
import {
  absentAs,
  type Field,
  fields,
  ipAddress,
  listOf,
  oneOf,
  optional,
  text,
  word,
} from './fields.ts';
import { METALLB_API_VERSION } from './names.ts';
import { type Condition, conditions, keyOf, metadata, type ObjectMeta, parseAs } from './object.ts';
import type { Parsed } from './problem.ts';

/**
 * metallb.io/v1beta1 ServiceL2Status: who announces one IP of a Service of MetalLB's API. The fields up to `interfaces`
 * are MetalLB's; it writes one object for each Service and node, this module one for each Service and IP.
 */
export interface ServiceL2Status {
  readonly metadata: ObjectMeta;
  readonly status: {
    readonly node: string | undefined;
    readonly serviceName: string | undefined;
    readonly serviceNamespace: string | undefined;
    /** None in what older versions wrote. */
    readonly serviceUid: string | undefined;
    /** Empty: every usable one. */
    readonly interfaces: readonly { readonly name: string }[];
    readonly ip: IpAddress | undefined;
    readonly announcer: Announcer | undefined;
    readonly conditions: readonly Condition[];
  };
}

const serviceL2Status: Field<ServiceL2Status> = fields({
  apiVersion: oneOf(METALLB_API_VERSION),
  kind: oneOf('ServiceL2Status'),
  metadata,
  status: absentAs(
    {},
    fields({
      node: optional(text),
      serviceName: optional(text),
      serviceNamespace: optional(text),
      serviceUid: optional(text),
      interfaces: absentAs([], listOf(fields({ name: word }))),
      ip: optional(ipAddress),
      announcer: optional(announcer),
      conditions,
    }),
  ),
});

/** Reads a ServiceL2Status, MetalLB's own too. */
export function parseServiceL2Status(object: unknown): Parsed<ServiceL2Status> {
  return parseAs('ServiceL2Status', serviceL2Status, object);
}

/** Whether it tells of this very Service: one that is made anew under the same name has moved nowhere yet. */
export function tellsOf(
  { status }: Pick<ServiceL2Status, 'status'>,
  service: Pick<ObjectMeta, 'namespace' | 'name' | 'uid'>,
): boolean {
  const { serviceNamespace: namespace, serviceName: name = '', serviceUid = service.uid } = status;
  return keyOf({ namespace, name }) === keyOf(service) && serviceUid === service.uid;
}
