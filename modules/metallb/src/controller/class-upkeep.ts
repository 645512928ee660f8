import { editionRequiredOfClass } from '../api/edition.ts';
import type { Problem } from '../api/problem.ts';
import { NotFoundError } from '../store/errors.ts';
import type { Store } from '../store/store.ts';
import type { Clock } from '../time/clock.ts';
import type { ClassUsage } from './address-book.ts';
import type { Announcers } from './announcers.ts';
import { classStatusOperation } from './class-status.ts';
import type { ClusterState } from './cluster-state.ts';

export interface ClassUpkeepPorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly cluster: ClusterState;
  readonly usage: (className: string) => ClassUsage;
  readonly announcers: () => Announcers;
  /** What is wrong with pools, whosever. */
  readonly poolProblems: () => readonly Problem[];
}

/** Writes what the controller has to say of classes. */
export class ClassUpkeep {
  readonly #ports: ClassUpkeepPorts;
  readonly #edition: string;

  /** @param edition of Deckhouse: not every one has BGP */
  constructor(ports: ClassUpkeepPorts, edition: string) {
    this.#ports = ports;
    this.#edition = edition;
  }

  /** How many ask for BGP in an edition without. */
  get refusedByEdition(): number {
    const { classes } = this.#ports.cluster;
    return [...classes.values()].filter(
      ({ spec }) => editionRequiredOfClass(this.#edition, spec.type) !== undefined,
    ).length;
  }

  async work(name: string): Promise<void> {
    const { cluster, clock, store, usage, announcers, poolProblems } = this.#ports;
    const object = cluster.classes.object(name);
    if (object === undefined) return;
    const operation = classStatusOperation({
      object,
      inForce: cluster.classes.get(name),
      classes: [...cluster.classes.values()],
      nodes: [...cluster.nodes.values()],
      usage: usage(name),
      poolProblems: poolProblems(),
      routing: {
        edition: this.#edition,
        bgp: { ...cluster.metallb.bgp.inForce, hosts: announcers().hosts },
      },
      nowEpochMs: clock.epochMs(),
    });
    if (operation === undefined) return;
    try {
      await store.write(operation);
    } catch (error) {
      // Deleted meanwhile: nobody is left to be told.
      if (!(error instanceof NotFoundError)) throw error;
    }
  }
}
