import type { ObjectMeta } from './object.ts';

/** The parts of discovery.k8s.io/v1 EndpointSlice that this module reads. */
export interface EndpointSlice {
  readonly metadata: ObjectMeta;
  /** `namespace/name` of the Service, from the label kubernetes.io/service-name. */
  readonly service: string;
  readonly endpoints: readonly Endpoint[];
}

export interface Endpoint {
  readonly nodeName: string | undefined;
  /** nil counts as true (EndpointConditions). */
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
}
