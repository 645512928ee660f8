import type { StoredLease } from '../store/lease.ts';
import type { Clock } from '../time/clock.ts';

/** A Lease of controllers, in some namespace. */
export interface ControllerLease {
  readonly namespace: string;
  readonly lease: StoredLease;
}

/** What a Lease holds for where it does not say: longer than any controller's. */
const USUAL_DURATION_MS = 15_000;
const LOOK_EVERY_MS = 500;

/**
 * Who leads: a holder that renews its Lease, or takes another's, while it is looked at. The times in a Lease are its
 * writer's and are compared with no other clock, so a Lease whose holder has died takes as long as it lasts.
 * @returns undefined where nobody does
 */
export async function findLeader(
  read: () => Promise<readonly ControllerLease[]>,
  clock: Clock,
): Promise<ControllerLease | undefined> {
  const first = heldOnes(await read());
  const versions = new Set(first.map(versionOf));
  const longestMs = Math.max(0, ...first.map(durationOf));
  for (const until = clock.now() + longestMs; clock.now() < until; ) {
    await new Promise<void>((resolve) => clock.after(LOOK_EVERY_MS, resolve));
    const held = heldOnes(await read());
    const renewed = held.find((one) => !versions.has(versionOf(one)));
    if (renewed !== undefined || held.length === 0) return renewed;
  }
  return undefined;
}

function heldOnes(leases: readonly ControllerLease[]): ControllerLease[] {
  return leases.filter(({ lease }) => lease.holder !== '');
}

function versionOf({ namespace, lease }: ControllerLease): string {
  return `${namespace} ${lease.version}`;
}

function durationOf({ lease }: ControllerLease): number {
  return lease.durationMs ?? USUAL_DURATION_MS;
}
