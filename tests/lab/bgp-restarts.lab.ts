import * as assert from 'uvu/assert';
import { messagesTo } from '../../lab/bgp-messages.ts';
import { until } from '../../lab/exec.ts';
import { killPart, NODE_LOSS } from '../../lab/faults.ts';
import type { Lab } from '../../lab/lab.ts';
import type { Scenario } from '../../lab/scenario.ts';
import { BGP_MESSAGE } from '../../modules/metallb/src/packet/bgp-message.ts';
import { type BgpOpen, decodeOpen } from '../../modules/metallb/src/packet/bgp-open.ts';
import {
  advertisement,
  annotatedPeer,
  everyNode,
  moduleScenario,
  NODES,
  served,
  sessionOf,
} from './bgp-module.ts';
import { ROUTER, reaches, resetConnection, withRouter } from './bgp-sessions.ts';
import { goDownForReboot, remembersThisBoot } from './reboot.ts';

const [FIRST = ''] = NODES;
const BOTH = ['IPv4', 'IPv6'] as const;
const STALE_S = 60;
const RESTARTS = { enableGracefulRestart: true, dualStackAddressFamily: true } as const;

export const scenarios: readonly Scenario[] = [
  // What a router has of the flags is gone before it could be asked.
  moduleScenario('restarts-forwarding-has-gone-on-says-only-a-speaker-of-the-same-boot', (lab) =>
    withRouter(lab, 'frr', everyNode(), async (router) => {
      const longLived = { 'long-lived-stale-time': `${STALE_S}s` };
      await lab.cluster.apply(annotatedPeer(longLived, RESTARTS), advertisement());
      const ip = await served(lab, 'web');
      await reaches(lab, router, `${ip}/32`, NODES);
      await remembersThisBoot(lab, 'n1');
      await goDownForReboot(lab, 'n1');
      says(false, await opensOf(lab, () => NODE_LOSS.repair(lab, 'n1')));
      await reaches(lab, router, `${ip}/32`, NODES);
      await remembersThisBoot(lab, 'n1');
      says(true, await opensOf(lab, () => killPart(lab, 'n1', 'speaker.mjs')));
      says(true, await opensOf(lab, () => resetConnection(lab, FIRST)), { restarted: false });
    }),
  ),
];

/** What n1 says of itself to the router once that has been done, until there is another session. */
async function opensOf(lab: Lab, restart: () => Promise<void> | void): Promise<BgpOpen[]> {
  const since = (await sessionOf(lab, 'n1').catch(() => undefined))?.sinceMs;
  const messages = await messagesTo(lab, ROUTER.host, async () => {
    await restart();
    await until({ what: 'another session', deadlineMs: 20_000 }, async () => {
      const now = await sessionOf(lab, 'n1').catch(() => undefined);
      return now?.state === 'Established' && now.sinceMs !== since;
    });
  });
  const said = messages.get(FIRST) ?? [];
  return said.filter(({ type }) => type === BGP_MESSAGE.open).map(({ body }) => decodeOpen(body));
}

/**
 * Whether it has restarted since there was a session, and of each family: what has been forwarded still is, or not.
 * A process whose session is reset says at least the latter.
 */
function says(
  forwarding: boolean,
  opens: readonly BgpOpen[],
  { restarted }: { readonly restarted: boolean } = { restarted: true },
): void {
  assert.ok(opens.length > 0, 'no OPEN');
  for (const { capabilities } of opens) {
    assert.is(capabilities.gracefulRestart?.restarted, restarted);
    assert.equal(
      capabilities.gracefulRestart?.families,
      BOTH.map((family) => ({ family, forwarding })),
    );
    assert.equal(
      capabilities.longLived,
      BOTH.map((family) => ({ family, forwarding, staleSeconds: STALE_S })),
    );
  }
}
