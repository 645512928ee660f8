import type { LinkSight } from '../../modules/metallb/src/routing/link-routers.ts';
import type { HostSight } from '../../modules/metallb/src/speaker/node-health.ts';
import type { ReachabilitySight } from '../../modules/metallb/src/speaker/reachability-watch.ts';

/** A network on which nothing is ever asked. */
export const UNPROBED: ReachabilitySight = {
  randomBytes: (length) => new Uint8Array(length),
  openIcmp: () => {
    throw new Error('nothing is probed here');
  },
  readGateways: async () => ({ IPv4: new Map(), IPv6: new Map() }),
  afterQueued: (run) => run(),
};

/** A node that has no link to anybody. */
export const UNSEEN_LINKS: LinkSight = {
  readLinkLocals: () => [],
  readNeighbours: async () => [],
  openIcmp: UNPROBED.openIcmp,
};

/** No router can be reached from it. */
export const NO_WAYS: HostSight['lookUpRoutes'] = async (questions) =>
  questions.map(() => ({ kind: 'refused', reason: 'Network is unreachable' }));

/** A node without kube-proxy whose kernel nobody looks at: no IP waits. */
export const BLIND: HostSight = {
  dataplane: {
    hasMetrics: false,
    blindWaitMs: 0,
    syncedBefore: 'never',
    look: () => new Promise(() => undefined),
    onSynced: () => undefined,
  },
  excludeInterfaces: [/^docker/],
  reachability: UNPROBED,
  links: UNSEEN_LINKS,
  lookUpRoutes: NO_WAYS,
  inspect: async () => [],
  onServed: () => undefined,
};
