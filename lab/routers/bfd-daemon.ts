/** The other end of a session, as a router is told of it. */
export interface BfdPeerPlan {
  readonly address: string;
  readonly local: string;
  /** undefined: over several hops */
  readonly interface: string | undefined;
  readonly intervalMs: number;
  /** Keyed with SHA1, each packet another sequence number or not. */
  readonly sha1?: {
    readonly kind: 'keyed-sha1' | 'meticulous-keyed-sha1';
    readonly secret: string;
  };
}

/** Another project's BFD on a host of the lab, with one session. */
export interface BfdDaemon {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** As after a power cut. */
  kill(): Promise<void>;
  /** As it calls it itself, in lower case. */
  state(): Promise<string>;
  /** Its operator takes the session out of service. */
  shutDown(): Promise<void>;
  /** When its log says that the session has left Up for the last time, in wall-clock milliseconds. */
  lastFailureAt(): number | undefined;
  log(): string;
}

export const BFD_MULTIPLIER = 3;
/** Of the logs that are read for a failure. */
export const LOG_LINES = 400;

/** Wall-clock milliseconds of a line that begins with a date and a time in UTC. */
export function loggedAt(line: string | undefined): number | undefined {
  const [, date, time] = /^(\S+) (\S+)/.exec(line ?? '') ?? [];
  return date === undefined ? undefined : Date.parse(`${date.replaceAll('/', '-')}T${time}Z`);
}
