import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { until } from '../../lab/exec.ts';
import { killPart } from '../../lab/faults.ts';
import { fetchPage } from '../../lab/http.ts';
import type { Lab } from '../../lab/lab.ts';
import { nodeTells } from '../../lab/node-condition.ts';
import { kernelNextHops } from '../../lab/routers/router.ts';
import { runDirectoryOf } from '../../lab/run-directory.ts';
import type { Scenario } from '../../lab/scenario.ts';
import { POD_PORT } from '../../lab/workload.ts';
import {
  advertisement,
  bgpPeer,
  endpointsOn,
  everyNode,
  moduleScenario,
  NODES,
  passwordOf,
  served,
} from './bgp-module.ts';
import { ROUTER, reaches, withRouter } from './bgp-sessions.ts';

const [FIRST, , THIRD] = NODES;
/** Longer than it takes until the router has heard the End-of-RIB. */
const AFTER_RESTART_MS = 2_000;
const MANY_LINES = 10_000;

export const scenarios: readonly Scenario[] = [
  moduleScenario('routes-over-all-nodes', (lab) =>
    withRouter(lab, 'frr', everyNode(), async (router) => {
      await lab.cluster.apply(bgpPeer(), advertisement());
      const ip = await served(lab, 'web');
      await reaches(lab, router, `${ip}/32`, NODES);
      const url = `http://${ip}:${POD_PORT}/`;
      const page = await fetchPage(lab.namespace(ROUTER.host), url);
      assert.is(page.status, 200);
      await lab.cluster.delete({ kind: 'Service', namespace: 'default', name: 'web' });
      await reaches(lab, router, `${ip}/32`, []);
    }),
  ),

  moduleScenario('eTP-Local-only-from-nodes-with-endpoints', (lab) =>
    withRouter(lab, 'frr', everyNode(), async (router) => {
      await lab.cluster.apply(bgpPeer(), advertisement());
      const ip = await served(lab, 'web', { externalTrafficPolicy: 'Local' });
      await reaches(lab, router, `${ip}/32`, NODES);
      await endpointsOn(lab, 'web', ['n1', 'n3']);
      await reaches(lab, router, `${ip}/32`, [FIRST ?? '', THIRD ?? '']);
      await endpointsOn(lab, 'web', []);
      await reaches(lab, router, `${ip}/32`, []);
    }),
  ),

  moduleScenario('password-from-a-Secret-and-none-without-it', (lab) =>
    withRouter(lab, 'frr', everyNode({ password: 'first' }), async (router) => {
      const passwordSecret = { name: 'router' };
      await lab.cluster.apply(bgpPeer({ passwordSecret, holdTime: '3s' }), advertisement());
      const ip = await served(lab, 'web');
      await nodeTells(lab, 'n1', 'BgpSessionDown', {
        message: /Secret metallb-system\/router.* does not exist/,
      });
      await reaches(lab, router, `${ip}/32`, []);
      await lab.cluster.apply(passwordOf('first'));
      await reaches(lab, router, `${ip}/32`, NODES);
      await lab.cluster.apply(passwordOf('guess'));
      await until({ what: 'no route with a wrong password', deadlineMs: 20_000 }, async () => {
        const host = lab.namespace(ROUTER.host);
        return (await kernelNextHops(host, `${ip}/32`, 'bgp')).length === 0;
      });
    }),
  ),

  moduleScenario('a-router-whose-AS-is-not-named-must-be-another-one', (lab) =>
    withRouter(lab, 'frr', everyNode(), async (router) => {
      const anyAs = (dynamicASN: string) => bgpPeer({ peerASN: undefined, dynamicASN });
      await lab.cluster.apply(anyAs('internal'), advertisement());
      const ip = await served(lab, 'web');
      await nodeTells(lab, 'n1', 'BgpSessionDown', { message: /AS 64501/ });
      await reaches(lab, router, `${ip}/32`, []);
      await lab.cluster.apply(anyAs('external'));
      await reaches(lab, router, `${ip}/32`, NODES, 15_000);
    }),
  ),

  moduleScenario('a-speaker-that-starts-without-the-store-announces-what-was-last', (lab) =>
    withRouter(lab, 'frr', everyNode(), async (router) => {
      await lab.cluster.apply(bgpPeer(), advertisement());
      const ip = await served(lab, 'web');
      await reaches(lab, router, `${ip}/32`, NODES);
      await until({ what: 'the route on the disk', deadlineMs: 10_000 }, async () => {
        const file = join(runDirectoryOf(lab.directory, 'n1'), 'last-known-good.json');
        return (await readFile(file, 'utf8').catch(() => '')).includes(`"ip":"${ip}"`);
      });
      await lab.cluster.cutOff('n1');
      await lab.program('n1').killTree();
      await reaches(lab, router, `${ip}/32`, NODES.slice(1));
      lab.program('n1').start();
      await reaches(lab, router, `${ip}/32`, NODES);
    }),
  ),

  moduleScenario('a-speaker-that-crashes-restarts-gracefully', (lab) =>
    withRouter(lab, 'frr', everyNode(), async (router) => {
      await lab.cluster.apply(bgpPeer({ enableGracefulRestart: true }), advertisement());
      const ip = await served(lab, 'web');
      await reaches(lab, router, `${ip}/32`, NODES);
      const seen = new Set<string>();
      const look = async () => {
        seen.add(String(await kernelNextHops(lab.namespace(ROUTER.host), `${ip}/32`, 'bgp')));
      };
      const before = sessionsOf(lab, 'n1');
      killPart(lab, 'n1', 'speaker.mjs');
      await until({ what: 'another session', deadlineMs: 15_000, everyMs: 20 }, async () => {
        await look();
        return sessionsOf(lab, 'n1') > before;
      });
      for (const end = Date.now() + AFTER_RESTART_MS; Date.now() < end; ) await look();
      assert.equal([...seen], [String(NODES)], 'the router never lost a way');
    }),
  ),
];

/** How many sessions the node has had. */
function sessionsOf(lab: Lab, node: string): number {
  const lines = lab.program(node).lastLogLines(MANY_LINES);
  return lines.filter((line) => line.includes('BGP session established')).length;
}
