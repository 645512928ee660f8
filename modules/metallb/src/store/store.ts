import type { KubernetesObject, ObjectMeta } from '../api/object.ts';

/** The kinds that programs read and write. Plural and scope belong to the adapters. */
export type Kind =
  | 'MetalLoadBalancerClass'
  | 'SDNInternalL2LBService'
  | 'Service'
  | 'Node'
  | 'EndpointSlice'
  | 'Namespace'
  | 'ConfigMap'
  /** Of passwords. */
  | 'Secret'
  | MetallbKind
  | 'MetalLoadBalancerPool'
  | 'MetalLoadBalancerBGPPeer'
  | 'MetalLoadBalancerConfiguration';

/** Kinds of MetalLB's API. */
export type MetallbKind =
  | 'IPAddressPool'
  | 'L2Advertisement'
  | 'BGPPeer'
  | 'BGPAdvertisement'
  | 'BFDProfile'
  | 'Community'
  | 'ServiceL2Status'
  | 'ServiceBGPStatus'
  | 'ConfigurationState';

export interface ObjectRef {
  readonly kind: Kind;
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** RFC 6902 operation; paths are JSON pointers from the object's root. */
export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

/**
 * What hooks and programs ask of the cluster. A store writes the same thing whichever way an operation reaches it
 * (in-process, or as a line of shell-operator's patch file). `status` and the rest are written apart, as by the API's
 * status subresource: a patch without `subresource` can't touch status, one with it can touch nothing else but, of the
 * kinds in the API server itself, labels and annotations.
 */
export type Operation =
  | { readonly do: 'create'; readonly object: NewObject }
  | {
      readonly do: 'patch';
      readonly ref: ObjectRef;
      readonly subresource?: 'status';
      readonly patch: readonly JsonPatchOperation[];
    }
  | { readonly do: 'delete'; readonly ref: ObjectRef; readonly uid?: string };

/** An object before the store has given it uid, resourceVersion and creationTimestamp. */
export interface NewObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Omit<ObjectMeta, 'uid' | 'resourceVersion' | 'creationTimestamp'>;
  readonly spec?: unknown;
  readonly status?: unknown;
  readonly [field: string]: unknown;
}

/**
 * What a watch tells. First one `listed` (the whole state, also again after every relist), then changes in order.
 * `revision` is the highest version of anything this watch has seen, deletions and bookmarks included: comparable
 * between nodes (network rule 6).
 */
export type WatchEvent =
  | {
      readonly type: 'listed';
      readonly objects: readonly KubernetesObject[];
      readonly revision: number;
    }
  | { readonly type: 'changed'; readonly object: KubernetesObject; readonly revision: number }
  /** With the last known state. */
  | { readonly type: 'deleted'; readonly object: KubernetesObject; readonly revision: number }
  | { readonly type: 'bookmark'; readonly revision: number }
  /** The store can't be reached; what was told stays in force. The next `listed` ends it. */
  | { readonly type: 'lost'; readonly error: Error };

export interface WatchOptions {
  readonly kind: Kind;
  readonly namespace?: string;
  /** Of the one object that is watched. */
  readonly name?: string;
  /** Equality labels. */
  readonly labels?: Readonly<Record<string, string>>;
}

export interface Watch {
  stop(): void;
}

/** The port to cluster state. Adapters: memory (tests), manifests (a directory), kube (the API server). */
export interface Store {
  watch(options: WatchOptions, onEvent: (event: WatchEvent) => void): Watch;
  /** List again now, e.g. because peers know a newer revision. Every watch gets a fresh `listed`. */
  relist(): void;
  /**
   * @returns the object after the operation; undefined after a deletion or when the object to delete was gone
   * @throws ConflictError, NotFoundError, AlreadyExistsError, InvalidError, StoreUnavailableError
   */
  write(operation: Operation): Promise<KubernetesObject | undefined>;
  start(): Promise<void>;
  stop(): Promise<void>;
}
