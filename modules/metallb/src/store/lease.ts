/** What a Lease says (coordination.k8s.io/v1). Its times are for people: no two machines' clocks are compared. */
export interface LeaseRecord {
  /** Empty when nobody holds it. */
  readonly holder: string;
  /** How long it holds after a renewal was seen; undefined where the object does not say. */
  readonly durationMs: number | undefined;
  readonly acquiredEpochMs: number | undefined;
  readonly renewedEpochMs: number | undefined;
  /** How often it has passed to another holder. */
  readonly transitions: number;
}

/** A Lease as it was read: `version` changes with every write. */
export interface StoredLease extends LeaseRecord {
  readonly version: string;
}

/** The port to the one Lease that a group of replicas competes for. Every call ends within `timeoutMs`. */
export interface LeaseLock {
  /** @throws StoreUnavailableError */
  read(timeoutMs: number): Promise<StoredLease | undefined>;
  /** @throws AlreadyExistsError, StoreUnavailableError */
  create(record: LeaseRecord, timeoutMs: number): Promise<StoredLease>;
  /** @throws ConflictError when it is not at `version` any more, NotFoundError, StoreUnavailableError */
  replace(version: string, record: LeaseRecord, timeoutMs: number): Promise<StoredLease>;
}
