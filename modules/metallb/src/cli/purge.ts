import {
  leavingChildren,
  type PurgeView,
  planPurge,
  type Removal,
} from '../../hooks/lib/purge-plan.ts';
import type { PeerDefinition } from '../kube/peer-definition.ts';
import { ConflictError, NotFoundError } from '../store/errors.ts';
import { inLanes } from '../store/in-lanes.ts';
import type { Operation } from '../store/store.ts';
import type { Clock } from '../time/clock.ts';
import { CommandFailure } from './failure.ts';
import { type ControllerLease, findLeader } from './find-leader.ts';

/** The cluster as a purge sees it. Every call may throw StoreUnavailableError. */
export interface PurgeCluster {
  /** Of all controllers, whichever release they belong to. */
  leases(): Promise<readonly ControllerLease[]>;
  view(): Promise<PurgeView>;
  /** The definition that API servers know from to ask the module for versions of a BGPPeer. */
  readonly peers: Pick<PeerDefinition, 'isAsking' | 'letGo'>;
  /** @throws ConflictError, NotFoundError, InvalidError */
  write(operation: Operation): Promise<unknown>;
}

export interface PurgeWish {
  /** Whether anything is written. */
  readonly yes: boolean;
  /** Also while a controller leads. */
  readonly force: boolean;
}

/** What was found, and removed where `written` says so. */
export interface PurgeReport {
  readonly written: boolean;
  readonly removals: readonly Omit<Removal, 'operations'>[];
  /** Children that go once somebody takes their finalizers away. */
  readonly leaving: ReturnType<typeof leavingChildren>;
}

/** Nobody would answer any more, and no v1beta1 of a BGPPeer could be read. */
const CONVERSION: Removal = {
  ...{ kind: 'CustomResourceDefinition', object: 'bgppeers.metallb.io' },
  ...{ parts: ['conversion by the webhook of the module'], operations: [] },
};
/** Writes under way at once: 40,000 objects take minutes one after the other. */
const LANES = 16;
/** Somebody who writes to the same objects does so now and then, not each time. */
const MOST_ROUNDS = 10;
/** For what deletes in the background. */
const LEAVING_LOOKS = 20;
const LOOK_EVERY_MS = 500;

/**
 * Takes what the module wrote out of objects that outlive it. Done again, it finds nothing; broken off, it goes on.
 * @throws CommandFailure while a controller leads, or where somebody goes on writing
 */
export async function purge(
  wish: PurgeWish,
  cluster: PurgeCluster,
  clock: Clock,
): Promise<PurgeReport> {
  if (!wish.yes) {
    const view = await cluster.view();
    const leaving = leavingChildren(view.children);
    const asked = (await cluster.peers.isAsking()) ? [CONVERSION] : [];
    const removals = [...planPurge(view), ...asked].map(withoutOperations);
    return { written: false, removals, leaving };
  }
  if (!wish.force) await refuseWhileLed(cluster, clock);
  const removed = new RemovalList();
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const plan = planPurge(await cluster.view());
    if (plan.length === 0) {
      if (await cluster.peers.letGo()) removed.add([CONVERSION]);
      const leaving = await waitForChildren(cluster, clock);
      return { written: true, removals: removed.all(), leaving };
    }
    for (const phase of phasesOf(plan)) {
      const done = await removeAll(phase, cluster);
      removed.add(done);
      if (done.length < phase.length) break;
    }
  }
  const [first] = planPurge(await cluster.view());
  throw new CommandFailure(
    `${first?.kind} ${first?.object} is written anew each time: end the controller, or the hooks of the module, and run this again`,
  );
}

async function refuseWhileLed(cluster: PurgeCluster, clock: Clock): Promise<void> {
  const leader = await findLeader(() => cluster.leases(), clock);
  if (leader === undefined) return;
  throw new CommandFailure(
    `controller ${leader.lease.holder} leads (namespace ${leader.namespace}) and would write all of it anew: uninstall the module first, or use --force`,
  );
}

/** Services before their children: by those it is known whose IPs they have. */
function phasesOf(plan: readonly Removal[]): Removal[][] {
  return [
    plan.filter(({ kind }) => kind === 'Service'),
    plan.filter(({ kind }) => kind !== 'Service'),
  ];
}

/** @returns those that nobody came in between */
async function removeAll(removals: readonly Removal[], cluster: PurgeCluster): Promise<Removal[]> {
  const done: Removal[] = [];
  await inLanes(LANES, removals, async (removal) => {
    if (await isRemoved(removal, cluster)) done.push(removal);
  });
  return done;
}

async function isRemoved({ operations }: Removal, cluster: PurgeCluster): Promise<boolean> {
  try {
    for (const operation of operations) await cluster.write(operation);
    return true;
  } catch (error) {
    if (error instanceof ConflictError || error instanceof NotFoundError) return false;
    throw error;
  }
}

async function waitForChildren(
  cluster: PurgeCluster,
  clock: Clock,
): Promise<ReturnType<typeof leavingChildren>> {
  for (let look = 0; ; look += 1) {
    const leaving = leavingChildren((await cluster.view()).children);
    if (leaving.length === 0 || look === LEAVING_LOOKS) return leaving;
    await new Promise<void>((resolve) => clock.after(LOOK_EVERY_MS, resolve));
  }
}

function withoutOperations({ operations: _, ...told }: Removal): Omit<Removal, 'operations'> {
  return told;
}

/** What has been removed so far, an object once. */
class RemovalList {
  readonly #byObject = new Map<string, Omit<Removal, 'operations'>>();

  add(removals: readonly Removal[]): void {
    for (const removal of removals) {
      const key = `${removal.kind} ${removal.object}`;
      const parts = new Set([...(this.#byObject.get(key)?.parts ?? []), ...removal.parts]);
      this.#byObject.set(key, { ...withoutOperations(removal), parts: [...parts] });
    }
  }

  all(): Omit<Removal, 'operations'>[] {
    return [...this.#byObject.values()];
  }
}
