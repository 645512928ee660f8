import type { LineOptions } from '../linux/line-socket.ts';
import type { BfdLinkPorts } from '../routing/bfd-link.ts';
import type { EventRecorder } from '../store/event-recorder.ts';
import type { Store } from '../store/store.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Clock } from '../time/clock.ts';
import type { Installation } from './installation.ts';
import type { LastKnownGood, WritableState } from './last-known-good.ts';
import type { MetallbOptions } from './metallb-view.ts';
import type { HostSight } from './node-health.ts';
import type { SpeakerMetrics } from './speaker-metrics.ts';

/** This node's bfdd: how it is reached, and whether there is one. */
export type BfddPorts = Pick<BfdLinkPorts, 'connect' | 'setWanted'>;

/** What the speaker needs from outside. */
export interface SpeakerPorts {
  readonly store: Store;
  readonly events: Pick<EventRecorder, 'record' | 'stop'>;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: SpeakerMetrics;
  readonly connectWire: (options: LineOptions) => { close(): void };
  readonly bfdd: BfddPorts;
  /** Where routers connect to; 0: nowhere. */
  readonly bgpListenPort: number;
  /** What the speaker before wrote. */
  readonly lastKnownGood: LastKnownGood | undefined;
  readonly writeState: (state: WritableState) => Promise<void>;
  readonly sight: HostSight;
  readonly metallb: MetallbOptions;
  /** Once, when there are duties to go by. */
  readonly onReady: () => void;
}

/** Who this speaker is. */
export interface SpeakerIdentity {
  readonly node: string;
  readonly installation: Installation;
  readonly bootId: string;
}
