import type { Returned } from './own-state.ts';

export interface LivenessOptions {
  readonly node: string;
  readonly interface: string;
  /** `shortId` of the cluster id. */
  readonly cluster: string;
  readonly intervalMs: number;
  /** Missed intervals after which a silent peer is dead. */
  readonly multiplier: number;
  readonly holdDownMs: number;
  readonly holdDownMaxMs: number;
  /** How long the IPs of a restarting peer stay with it. */
  readonly restartGraceMs: number;
  /** The wire process was away for less than a detection time: no hold-down, no listening first. */
  readonly resume: boolean;
  readonly returned: Returned;
  /** Eight random bytes in hex. */
  readonly newIncarnation: () => string;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}
