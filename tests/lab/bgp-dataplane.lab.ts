import * as assert from 'uvu/assert';
import { delay, until } from '../../lab/exec.ts';
import { NODE_LOSS } from '../../lab/faults.ts';
import { ready } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { nodeTells } from '../../lab/node-condition.ts';
import type { Scenario } from '../../lab/scenario.ts';
import {
  advertisement,
  bgpPeer,
  everyNode,
  moduleScenario,
  NODES,
  served,
  sessionOf,
} from './bgp-module.ts';
import { reaches, withRouter } from './bgp-sessions.ts';
import { goDownForReboot } from './reboot.ts';
import { SCRIPTED, syncedProxies } from './scripted-kube-proxies.ts';

/** Long enough for a route to come, and shorter than an IP waits at most. */
const WITHIN_WAIT_MS = 1_200;
const STEADY_MS = 3_000;
/** The router's, and what it takes to be back. */
const HELD_MS = 15_000;

export const scenarios: readonly Scenario[] = [
  moduleScenario(
    'dataplane-a-new-IP-is-announced-when-kube-proxy-serves-it',
    async (lab, alone) => {
      const proxies = await syncedProxies(lab);
      return withRouter(lab, 'frr', everyNode(), async (router) => {
        await lab.cluster.apply(bgpPeer(), advertisement());
        for (const node of lab.nodes) await established(lab, node);
        await alone(async () => {
          const ip = await served(lab, 'web');
          await delay(WITHIN_WAIT_MS);
          assert.equal(await router.table(), [], 'nobody serves it yet');
          const [first, ...others] = [...proxies.values()];
          await first?.sync();
          await reaches(lab, router, `${ip}/32`, NODES.slice(0, 1), 600);
          for (const proxy of others) await proxy.sync();
          await reaches(lab, router, `${ip}/32`, NODES, 600);
        });
      });
    },
    { ...SCRIPTED, timed: 'in-part' },
  ),

  moduleScenario(
    'dataplane-a-rebooted-node-announces-nothing-before-kube-proxy-syncs',
    async (lab) => {
      const proxies = await syncedProxies(lab);
      const proxy = proxies.get('n1');
      assert.ok(proxy);
      return withRouter(lab, 'frr', everyNode(), async (router) => {
        await lab.cluster.apply(bgpPeer(), advertisement());
        const prefix = `${await served(lab, 'web')}/32`;
        await reaches(lab, router, prefix, NODES);
        await goDownForReboot(lab, 'n1');
        await proxy.beSilent();
        const others = NODES.slice(1);
        await reaches(lab, router, prefix, others, HELD_MS);
        await NODE_LOSS.repair(lab, 'n1');
        await ready(lab, 'n1');
        await established(lab, 'n1');
        await delay(STEADY_MS);
        await reaches(lab, router, prefix, others);
        await proxy.tellNothing();
        await delay(STEADY_MS);
        await reaches(lab, router, prefix, others);
        const why = /kube-proxy has not written its rules since this node started/;
        await nodeTells(lab, 'n1', 'DataplaneNotSynced', { message: why });
        await proxy.sync();
        await reaches(lab, router, prefix, NODES);
      });
    },
    { ...SCRIPTED, isLong: true },
  ),
];

async function established(lab: Lab, node: string): Promise<void> {
  await until({ what: `session of ${node}`, deadlineMs: HELD_MS, everyMs: 100 }, async () => {
    return (await sessionOf(lab, node))?.state === 'Established';
  });
}
