import type { IpAddress, IpFamily } from '../net/ip.ts';
import type { Condition, ObjectMeta } from './object.ts';
import type { Problem } from './problem.ts';

/** The parts of core/v1 Service that this module reads, with our annotations already understood. */
export interface Service {
  readonly metadata: ObjectMeta;
  readonly type: string;
  readonly loadBalancerClass: string | undefined;
  readonly classAnnotation: string | undefined;
  /** The class bound earlier: message of the condition `network.deckhouse.io/load-balancer-class`. */
  readonly boundClass: string | undefined;
  readonly count: number | 'auto';
  readonly requestedIps: readonly IpAddress[];
  readonly sharedIpKey: string | undefined;
  readonly ports: readonly ServicePort[];
  readonly selector: Readonly<Record<string, string>> | undefined;
  readonly ipFamilies: readonly IpFamily[];
  readonly ipFamilyPolicy: 'SingleStack' | 'PreferDualStack' | 'RequireDualStack';
  readonly externalTrafficPolicy: 'Cluster' | 'Local';
  /** The whole spec as stored, for what a child must carry unread. */
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status: {
    readonly ingress: readonly IpAddress[];
    readonly conditions: readonly Condition[];
  };
  /** Annotations that could not be understood; the defaults above stand in for them. */
  readonly problems: readonly Problem[];
}

export interface ServicePort {
  readonly name?: string;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly port: number;
  readonly targetPort?: number | string;
  readonly nodePort?: number;
  readonly appProtocol?: string;
}
