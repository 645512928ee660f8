import type { KubernetesObject } from '../api/object.ts';
import type { Operation } from '../store/store.ts';
import type { Clock } from '../time/clock.ts';
import type { StateLayout } from './layout.ts';
import type { MergedView } from './merged-view.ts';
import type { ManifestProblem } from './parse-documents.ts';

/** What a program does with a directory: the controller's, a node's, or a mere reader's part. */
export interface Side {
  /** The version of all that has been seen. */
  readonly revision: number;
  /** Brings the view up to what the directory says and keeps it there; throws what the system says. */
  start(): void;
  /** Looks at the whole directory again; throws what the system says. */
  rescan(): void;
  /** @throws the store's errors */
  write(operation: Operation): Promise<KubernetesObject | undefined>;
  stop(): Promise<void>;
}

/** What each side needs. */
export interface SidePorts {
  readonly layout: StateLayout;
  readonly clock: Clock;
  readonly view: MergedView;
  readonly onProblem: (problem: ManifestProblem) => void;
  /** The directory can't be read or written any more. */
  readonly onLost: (error: Error) => void;
  /** `revision` rose without a change of an object. */
  readonly onRevision: () => void;
}
