import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { ClusterObject } from '../../lab/cluster.ts';
import { until } from '../../lab/exec.ts';
import { assignedIps } from '../../lab/health.ts';
import { fetchPage } from '../../lab/http.ts';
import type { Lab } from '../../lab/lab.ts';
import { nodeTells } from '../../lab/node-condition.ts';
import { kernelNextHops, type RouterPlan } from '../../lab/routers/router.ts';
import { runDirectoryOf } from '../../lab/run-directory.ts';
import { type Play, type Scenario, scenario } from '../../lab/scenario.ts';
import { deleteServices } from '../../lab/standard.ts';
import { endpointSliceManifest, POD_PORT } from '../../lab/workload.ts';
import { NODE_ASN, neighbour, ROUTER, ROUTER_ASN, reaches, withRouter } from './bgp-sessions.ts';

/** The whole product as people use it: objects of MetalLB's API, and what a router makes of what nodes tell it. */
const NAMESPACE = 'metallb-system';
const API = 'metallb.io/v1beta1';
const KINDS = [
  'IPAddressPool',
  'BGPAdvertisement',
  'L2Advertisement',
  'BGPPeer',
  'Community',
  'Secret',
];
const NODES: readonly string[] = ['10.9.0.1', '10.9.0.2', '10.9.0.3'];
const [FIRST, , THIRD] = NODES;

function object(kind: string, name: string, rest: object): ClusterObject {
  const apiVersion = kind === 'BGPPeer' ? 'metallb.io/v1beta2' : API;
  return { apiVersion, kind, metadata: { name, namespace: NAMESPACE }, ...rest };
}

function bgpPeer(spec: object = {}): ClusterObject {
  const required = { myASN: NODE_ASN, peerASN: ROUTER_ASN, peerAddress: ROUTER.ipv4 };
  return object('BGPPeer', 'router', { spec: { ...required, ...spec } });
}

const POOL = object('IPAddressPool', 'far', { spec: { addresses: ['10.99.0.0/24'] } });

function advertisement(spec: object = {}): ClusterObject {
  return object('BGPAdvertisement', 'far', { spec });
}

function service(name: string, spec: object = {}): ClusterObject {
  const ports = [{ name: 'http', protocol: 'TCP', port: POD_PORT }];
  return {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' } },
    spec: { type: 'LoadBalancer', ipFamilies: ['IPv4'], ports, ...spec },
  };
}

/** @returns its IP */
async function served(lab: Lab, name: string, spec: object = {}): Promise<string> {
  await lab.cluster.apply(service(name, spec));
  await endpointsOn(lab, name, lab.nodes);
  const [ip = ''] = await assignedIps(lab, name, 1);
  return ip;
}

async function endpointsOn(lab: Lab, name: string, nodes: readonly string[]): Promise<void> {
  const backends = nodes.map((node) => ({ pod: `pod${node.slice(1)}`, node }));
  await lab.cluster.apply(endpointSliceManifest({ name, family: 'IPv4' }, backends));
}

/** In an edition with BGP, on three nodes, with a pool; nothing of it is left behind. */
function moduleScenario(name: string, play: Play): Scenario {
  return scenario(`bgp/${name}`, { lab: { edition: 'EE' } }, async (lab, alone) => {
    await deleteServices(lab);
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
    await lab.cluster.apply(namespace, POOL);
    try {
      return await play(lab, alone);
    } finally {
      await deleteServices(lab);
      for (const kind of KINDS) {
        for (const { metadata } of await lab.cluster.list(kind)) {
          if (metadata.namespace !== NAMESPACE) continue;
          await lab.cluster.delete({ kind, namespace: NAMESPACE, name: metadata.name });
        }
      }
    }
  });
}

const everyNode = (changes: Partial<RouterPlan['neighbours'][number]> = {}) => ({
  neighbours: NODES.map((address) => neighbour({ address, ...changes })),
});

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

function passwordOf(password: string): ClusterObject {
  const data = { password: Buffer.from(password).toString('base64') };
  return {
    ...{ apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/basic-auth', data },
    metadata: { name: 'router', namespace: NAMESPACE },
  };
}
