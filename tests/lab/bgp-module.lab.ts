import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { until } from '../../lab/exec.ts';
import { fetchPage } from '../../lab/http.ts';
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
];
