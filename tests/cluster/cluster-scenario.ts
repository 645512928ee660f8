import type { Api } from '../../lab/kubernetes/api.ts';
import type { ClientAuthority } from '../../lab/kubernetes/client-authority.ts';
import type { ControlPlane } from '../../lab/kubernetes/control-plane.ts';
import type { Alone } from '../../lab/scenario.ts';

/** A real API server with the module's definitions, and what the scenarios of its file before have left in it. */
export interface TestCluster {
  readonly plane: ControlPlane;
  /** As administrator. */
  readonly api: Api;
  readonly clients: ClientAuthority;
  /** For files of the scenario. */
  readonly directory: string;
  /** For what is timed: has the machine to itself for a while. */
  readonly alone: Alone;
  /** Prints what was measured. */
  readonly tell: (measured: string) => void;
}

/** What only a real API server can show. */
export interface ClusterScenario {
  readonly name: string;
  readonly deadlineMs?: number;
  /** Takes so long that a short run leaves it out. */
  readonly isLong?: boolean;
  /** Measures what a busy machine would falsify: it comes after all that is not timed, and measures `alone`. */
  readonly timed?: boolean;
  /** Runs a program that waits until it has the machine to itself. */
  readonly locksItself?: boolean;
  /** Throws when what it shows is not so. Leaves the programs of the control plane running. */
  readonly play: (cluster: TestCluster) => Promise<void>;
}
