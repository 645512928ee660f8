import type { PeerDefinition } from '../kube/peer-definition.ts';
import type { Logger } from '../telemetry/logger.ts';
import { Backoff } from '../time/backoff.ts';
import type { Clock } from '../time/clock.ts';

export interface ReleasePorts {
  readonly definition: Pick<PeerDefinition, 'letGo'>;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  /** Whether this replica leads. */
  readonly mayWrite: () => boolean;
}

/**
 * Has API servers no longer ask this module for BGPPeers: what it was asked for before would fail for ever. Tried again
 * for as long as this replica leads. Never rejects.
 */
export async function releaseConversion(ports: ReleasePorts): Promise<void> {
  const { definition, clock, random, log, mayWrite } = ports;
  const backoff = new Backoff(random, { initialMs: 1_000, maximumMs: 30_000 });
  while (mayWrite()) {
    try {
      if (await definition.letGo()) log.info('BGPPeers are converted by API servers');
      return;
    } catch (error) {
      const retryMs = backoff.nextDelayMs();
      log.warn('definition of BGPPeer still asks this module', { error, retryMs });
      await new Promise<void>((resolve) => clock.after(retryMs, resolve));
    }
  }
}
