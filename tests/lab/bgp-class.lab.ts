import * as assert from 'uvu/assert';
import type { ClusterObject } from '../../lab/cluster.ts';
import { until } from '../../lab/exec.ts';
import { answeredBy, answeredByNobody, assignedIps } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { POOL as NEAR } from '../../lab/plan.ts';
import { kernelNextHops } from '../../lab/routers/router.ts';
import type { Scenario } from '../../lab/scenario.ts';
import { deleteServices } from '../../lab/standard.ts';
import { classManifest, nodeManifest, serviceManifest } from '../../lab/workload.ts';
import { sessionOfCondition } from '../../modules/metallb/src/api/bgp-session-condition.ts';
import { parseConfigurationState } from '../../modules/metallb/src/api/configuration-state.ts';
import { bgpPeer, endpointsOn, everyNode, moduleScenario, NODES } from './bgp-module.ts';
import { ROUTER, reaches, withRouter } from './bgp-sessions.ts';

/** One class object for BGP, or for BGP and ARP: each of a Service's IPs, and who announces it. */
const FAR = { name: 'far', addressPool: ['10.99.1.10-10.99.1.99'] };

function routedClass(spec: object, wish = FAR): ClusterObject {
  const manifest = classManifest(wish);
  return { ...manifest, spec: { ...manifest.spec, ...spec } };
}

async function servedBy(lab: Lab, className: string, count: number): Promise<string[]> {
  const wish = { name: 'routed', className, family: 'IPv4', count } as const;
  await lab.cluster.apply(serviceManifest(wish));
  await endpointsOn(lab, wish.name, lab.nodes);
  return assignedIps(lab, wish.name, count);
}

async function withoutClass(name: string, lab: Lab): Promise<void> {
  await deleteServices(lab);
  await lab.cluster.delete({ kind: 'MetalLoadBalancerClass', name });
}

/** `mlb status` shows what every node tells of its session. */
async function eachNodeTells(lab: Lab): Promise<void> {
  let told: unknown[] = [];
  const what = () => `${lab.nodes.length} sessions are told of as up: ${JSON.stringify(told)}`;
  await until({ what, deadlineMs: 5_000, everyMs: 50 }, async () => {
    const states = await lab.cluster.list('ConfigurationState');
    const sessions = states
      .map((state) => parseConfigurationState(state))
      .flatMap((state) => (state.ok ? state.value.status.conditions : []))
      .flatMap((condition) => sessionOfCondition(condition) ?? []);
    told = sessions;
    const up = sessions.filter(({ prefixes }) => prefixes !== undefined);
    return up.length === lab.nodes.length && up.every(({ neighbor }) => neighbor === ROUTER.ipv4);
  });
}

/** Waits until the kernel has one next hop for the IP, and not this one. */
async function onlyHop(lab: Lab, ip: string, not?: string): Promise<string> {
  let hops: readonly string[] = [];
  const what = () => `one next hop for ${ip} beside ${not}, has ${hops.join(' ')}`;
  return until({ what, deadlineMs: 10_000, everyMs: 30 }, async () => {
    hops = await kernelNextHops(lab.namespace(ROUTER.host), `${ip}/32`, 'bgp');
    const [hop] = hops;
    return hops.length === 1 && hop !== undefined && hop !== not && hop;
  });
}

export const scenarios: readonly Scenario[] = [
  moduleScenario('a-class-announces-each-IP-from-every-node', (lab) =>
    withRouter(lab, 'frr', everyNode(), async (router) => {
      await lab.cluster.apply(bgpPeer(), routedClass({ type: 'BGP' }));
      const ips = await servedBy(lab, FAR.name, 2);
      for (const ip of ips) await reaches(lab, router, `${ip}/32`, NODES);
      await eachNodeTells(lab);
      const children = await lab.cluster.list('SDNInternalL2LBService');
      assert.is(children.length, 2);
      for (const { metadata } of children) {
        assert.is(metadata.annotations?.['metallb.io/preferredL2SpeakerNode'], undefined);
      }
      for (const ip of ips) await answeredByNobody(lab, ip);
      await withoutClass(FAR.name, lab);
    }),
  ),

  moduleScenario('a-class-of-one-announcing-node-elects-another-when-it-is-drained', (lab) =>
    withRouter(lab, 'frr', everyNode(), async (router) => {
      await lab.cluster.apply(bgpPeer(), routedClass({ type: 'BGP', bgp: { maxNodes: 1 } }));
      const [ip = ''] = await servedBy(lab, FAR.name, 1);
      const announcer = await onlyHop(lab, ip);
      const node = `n${announcer.split('.').at(-1)}`;
      const { metadata, ...rest } = nodeManifest(node);
      const annotations = { 'network.deckhouse.io/drain-balancer': '' };
      await lab.cluster.apply({ ...rest, metadata: { ...metadata, annotations } });
      await onlyHop(lab, ip, announcer);
      await lab.cluster.apply(nodeManifest(node));
      await reaches(lab, router, `${ip}/32`, [announcer]);
      await withoutClass(FAR.name, lab);
    }),
  ),

  moduleScenario('a-class-for-both-is-answered-on-the-segment-and-routed', (lab) =>
    withRouter(lab, 'frr', everyNode(), async (router) => {
      const near = {
        name: 'both',
        addressPool: [NEAR.IPv4.range.replace(/10-.*/, '120-192.0.2.126')],
      };
      await lab.cluster.apply(bgpPeer(), routedClass({ type: 'L2AndBGP' }, near));
      const [ip = ''] = await servedBy(lab, near.name, 1);
      await reaches(lab, router, `${ip}/32`, NODES);
      const [child] = await lab.cluster.list('SDNInternalL2LBService');
      const preferred = child?.metadata.annotations?.['metallb.io/preferredL2SpeakerNode'] ?? '';
      await answeredBy(lab, ip, preferred);
      await withoutClass(near.name, lab);
    }),
  ),
];
