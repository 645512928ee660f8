import type { HostSight } from '../../modules/metallb/src/speaker/node-health.ts';

/** A node without kube-proxy whose kernel nobody looks at: no IP waits. */
export const BLIND: HostSight = {
  dataplane: {
    hasMetrics: false,
    blindWaitMs: 0,
    syncedBefore: 'never',
    look: () => new Promise(() => undefined),
    onSynced: () => undefined,
  },
  inspect: async () => [],
};
