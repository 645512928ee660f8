/** An object as a user writes it, or as it reads once the programs have filled in the rest. */
export interface ClusterObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

export interface ObjectName {
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** `null` takes a label or annotation away. */
export interface MetadataChange {
  readonly labels?: Readonly<Record<string, string | null>>;
  readonly annotations?: Readonly<Record<string, string | null>>;
}

/**
 * The cluster state of a lab, from a user's side: manifests go in, statuses come out. The scenarios know only this, so
 * they play on a directory of manifests and on a Kubernetes API alike.
 */
export interface Cluster {
  /** What the `--store` of a node's program must say; without a node, that of any other program. */
  storeArgument(node?: string): string;
  /** Creates the objects or replaces what a user writes of them. */
  apply(...objects: readonly ClusterObject[]): Promise<void>;
  /** Deleting what is gone is no error. */
  delete(name: ObjectName): Promise<void>;
  /** Whether the controller, too, has noticed that it was deleted: made anew before, it may be the same object to it. */
  isForgotten(name: ObjectName): Promise<boolean>;
  change(name: ObjectName, change: MetadataChange): Promise<void>;
  /** With labels and status that programs wrote. */
  read(name: ObjectName): Promise<ClusterObject | undefined>;
  list(kind: string): Promise<readonly ClusterObject[]>;
  /** Another one after every change that `list` would show; undefined while the state is out of reach. */
  revision(): Promise<string | undefined>;
  /** Programs can't reach the state any more, all or those of one node; what they know stays. */
  cutOff(node?: string): Promise<void>;
  reconnect(): Promise<void>;
}
