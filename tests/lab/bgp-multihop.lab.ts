import * as assert from 'uvu/assert';
import { delay, until } from '../../lab/exec.ts';
import type { Lab } from '../../lab/lab.ts';
import { batch } from '../../lab/network.ts';
import { ipv4On } from '../../lab/plan.ts';
import type { Router } from '../../lab/routers/router.ts';
import type { Scenario } from '../../lab/scenario.ts';
import { advertisement, bgpPeer, everyNode, moduleScenario, NODES, served } from './bgp-module.ts';
import { ROUTER, withRouter } from './bgp-sessions.ts';

/** A router behind the router: of another AS, and not on the segment of the nodes. */
const FAR = { host: 'client2', ipv4: '10.77.0.1', via: ipv4On('public', 102) } as const;
const SEEN_MS = 10_000;
/** Both sides have tried by then. */
const TRIED_MS = 3_000;

/** Packets between it and the nodes take the router, which counts their TTL down. */
async function behindTheRouter(lab: Lab, play: () => Promise<undefined>): Promise<undefined> {
  const laid = [
    [FAR.host, `address add ${FAR.ipv4}/32 dev lo`],
    ...NODES.map((address) => [FAR.host, `route add ${address}/32 via ${ROUTER.ipv4}`] as const),
    [ROUTER.host, `route add ${FAR.ipv4}/32 via ${FAR.via}`],
    ...lab.nodes.map((node) => [node, `route add ${FAR.ipv4}/32 via ${ROUTER.ipv4}`] as const),
  ] as const;
  for (const [host, command] of laid) await batch(lab.namespace(host), [command]);
  try {
    return await play();
  } finally {
    for (const [host, command] of laid) {
      await batch(lab.namespace(host), [command.replace(' add ', ' delete ')]);
    }
  }
}

async function hears(router: Router, prefix: string, nextHops: readonly string[]): Promise<void> {
  let seen: readonly string[] = [];
  const what = () => `${prefix} via ${nextHops.join(' ')}, not ${seen.join(' ') || 'at all'}`;
  await until({ what, deadlineMs: SEEN_MS, everyMs: 50 }, async () => {
    seen = [...((await router.route(prefix))?.nextHops ?? [])].sort();
    return String(seen) === String(nextHops);
  });
}

export const scenarios: readonly Scenario[] = [
  moduleScenario('multihop-a-router-behind-a-router-hears-of-those-who-may-speak-so-far', (lab) =>
    behindTheRouter(lab, () =>
      withRouter(
        lab,
        'frr',
        { ...everyNode({ farFrom: FAR.ipv4 }), id: FAR.ipv4 },
        async (router) => {
          const peer = { peerAddress: FAR.ipv4, connectTime: '1s' };
          await lab.cluster.apply(bgpPeer(peer), advertisement());
          const ip = await served(lab, 'web');
          await delay(TRIED_MS);
          for (const node of NODES) assert.is(await router.isEstablished(node), false, node);
          await lab.cluster.apply(bgpPeer({ ...peer, ebgpMultiHop: true }));
          await hears(router, `${ip}/32`, NODES);
        },
        FAR.host,
      ),
    ),
  ),
];
