import * as assert from 'uvu/assert';
import type { ClusterObject } from '../../lab/cluster.ts';
import { until } from '../../lab/exec.ts';
import { assignedIps } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { kernelWeights, type RouterKind } from '../../lab/routers/router.ts';
import type { Scenario } from '../../lab/scenario.ts';
import { deleteServices } from '../../lab/standard.ts';
import { classManifest, endpointSliceManifest, serviceManifest } from '../../lab/workload.ts';
import {
  advertisement,
  bgpPeer,
  endpointsOn,
  everyNode,
  moduleScenario,
  NODES,
  served,
  service,
} from './bgp-module.ts';
import { KINDS, NODE_ASN, ROUTER, reaches, withRouter } from './bgp-sessions.ts';

/** What routes carry by which a router chooses, or weighs, its ways. */
const WAY = { asPathPrepend: 2, med: 50, linkBandwidth: '1G' } as const;
/** As each router writes 125,000,000 octets per second of AS 64500; BIRD as the 32 bits that they are. */
const GIGABIT: Readonly<Record<RouterKind, RegExp>> = {
  frr: /LB:64500:125000000/,
  bird: /0X4004:64500:1290693416/,
  gobgp: /^LB:64500:125000000$/,
};

function annotated(object: ClusterObject, said: Readonly<Record<string, string>>): ClusterObject {
  const annotations = Object.fromEntries(
    Object.entries(said).map(([name, value]) => [`network.deckhouse.io/bgp-${name}`, value]),
  );
  return { ...object, metadata: { ...object.metadata, annotations } };
}

async function endpoints(lab: Lab, name: string, ...nodes: readonly string[]): Promise<void> {
  const backends = nodes.map((node, index) => ({ pod: `pod${index + 1}`, node }));
  await lab.cluster.apply(endpointSliceManifest({ name, family: 'IPv4' }, backends));
}

/** Waits until the first node is given so many flows for each that the second is given. */
async function weighs(lab: Lab, ip: string, times: number): Promise<void> {
  let seen: ReadonlyMap<string, number> = new Map();
  const what = () => `the first node ${times} times as much: ${JSON.stringify([...seen])}`;
  await until({ what, deadlineMs: 5_000, everyMs: 30 }, async () => {
    seen = await kernelWeights(lab.namespace(ROUTER.host), `${ip}/32`);
    const [first = 0, second = 0] = NODES.map((node) => seen.get(node));
    return seen.size === 2 && Math.abs(first / second - times) < 0.05;
  });
}

export const scenarios: readonly Scenario[] = [
  moduleScenario('attributes-a-node-with-more-endpoints-is-given-more-flows', (lab) =>
    withRouter(lab, 'frr', everyNode(), async () => {
      await lab.cluster.apply(
        bgpPeer(),
        annotated(advertisement(), { 'link-bandwidth': '1G' }),
        service('web', { externalTrafficPolicy: 'Local' }),
      );
      await endpoints(lab, 'web', 'n1', 'n1', 'n1', 'n2');
      const [ip = ''] = await assignedIps(lab, 'web', 1);
      await weighs(lab, ip, 3);
      await endpoints(lab, 'web', 'n1', 'n2', 'n2');
      await weighs(lab, ip, 1 / 2);
    }),
  ),

  ...KINDS.map((kind) =>
    moduleScenario(
      `attributes-${kind}-hears-a-longer-path-a-metric-and-a-bandwidth`,
      (lab) =>
        withRouter(lab, kind, everyNode(), async (router) => {
          const said = { 'as-path-prepend': '2', med: '50', 'link-bandwidth': '1G' };
          await lab.cluster.apply(bgpPeer(), annotated(advertisement(), said));
          const ip = await served(lab, 'web');
          await reaches(lab, router, `${ip}/32`, NODES);
          const seen = await router.route(`${ip}/32`);
          assert.equal([seen?.asPath, seen?.med], [Array(3).fill(NODE_ASN), WAY.med]);
          assert.match(String(seen?.extended), GIGABIT[kind], String(seen?.extended));
        }),
      { isLong: kind !== 'frr' },
    ),
  ),

  moduleScenario('attributes-a-class-says-them-of-its-IPs', (lab) =>
    withRouter(lab, 'frr', everyNode(), async (router) => {
      const manifest = classManifest({ name: 'far', addressPool: ['10.99.1.10-10.99.1.99'] });
      const spec = { ...manifest.spec, type: 'BGP', bgp: WAY };
      const wish = { name: 'routed', className: 'far', family: 'IPv4', count: 1 } as const;
      await lab.cluster.apply(bgpPeer(), { ...manifest, spec }, serviceManifest(wish));
      await endpointsOn(lab, wish.name, lab.nodes);
      const [ip = ''] = await assignedIps(lab, wish.name, 1);
      await reaches(lab, router, `${ip}/32`, NODES);
      const seen = await router.route(`${ip}/32`);
      assert.equal([seen?.asPath, seen?.med], [Array(3).fill(NODE_ASN), WAY.med]);
      assert.match(String(seen?.extended), GIGABIT.frr);
      await deleteServices(lab);
      await lab.cluster.delete({ kind: 'MetalLoadBalancerClass', name: 'far' });
    }),
  ),
];
