import * as assert from 'uvu/assert';
import type { ClusterObject } from '../../lab/cluster.ts';
import { until } from '../../lab/exec.ts';
import { answeredBy, answeredByNobody, assignedIps } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import type { Scenario } from '../../lab/scenario.ts';
import { POD_PORT, serviceManifest } from '../../lab/workload.ts';
import {
  advertisement,
  bgpPeer,
  endpointsOn,
  everyNode,
  IPV6_NODES,
  moduleScenario,
  NODES,
  object,
  served,
  servedBoth,
  servedIpv6,
  service,
} from './bgp-module.ts';
import { neighbour, ROUTER, reaches, withRouter } from './bgp-sessions.ts';

/** Which family, which router, which nodes, which Services; and who goes away. */
const IPV6_POOL = object('IPAddressPool', 'far6', { spec: { addresses: ['2001:db8:99::/64'] } });
const SECOND = { host: 'client2', ipv4: '10.9.0.102' };

function labelled(name: string, labels: Readonly<Record<string, string>>): ClusterObject {
  const manifest = service(name);
  return { ...manifest, metadata: { ...manifest.metadata, labels } };
}
const WITHDRAWN_MS = 1_000;

export const scenarios: readonly Scenario[] = [
  moduleScenario('choices-IPv6-over-a-session-of-IPv6', (lab) => {
    const neighbours = IPV6_NODES.map((address) => neighbour({ address }));
    return withRouter(lab, 'frr', { neighbours }, async (router) => {
      await lab.cluster.apply(bgpPeer({ peerAddress: ROUTER.ipv6 }), advertisement(), IPV6_POOL);
      const [ip = ''] = await servedIpv6(lab, 'six', { ipFamilies: ['IPv6'] });
      await until({ what: `${ip} of three nodes`, deadlineMs: 5_000 }, async () => {
        const hops = (await router.route(`${ip}/128`))?.nextHops ?? [];
        return IPV6_NODES.every((node) => hops.includes(node));
      });
    });
  }),

  moduleScenario('choices-both-families-over-one-session', (lab) =>
    withRouter(lab, 'frr', everyNode(), async (router) => {
      await lab.cluster.apply(bgpPeer({ dualStackAddressFamily: true }), advertisement());
      const { ipv4, ipv6 } = await servedBoth(lab, 'dual');
      await reaches(lab, router, `${ipv4}/32`, NODES);
      await reaches(lab, router, `${ipv6}/128`, IPV6_NODES);
    }),
  ),

  moduleScenario('choices-of-peers-nodes-and-Services', (lab) => {
    const plan = { ...everyNode(), id: SECOND.ipv4 };
    return withRouter(lab, 'frr', everyNode(), (router) =>
      withRouter(
        lab,
        'gobgp',
        plan,
        async (second) => {
          const [, , n3 = ''] = lab.nodes;
          const name = 'kubernetes.io/hostname';
          await lab.cluster.apply(
            bgpPeer(),
            { ...bgpPeer({ peerAddress: SECOND.ipv4 }), metadata: edgeName() },
            advertisement({
              peers: ['router'],
              serviceSelectors: [{ matchLabels: { to: 'spine' } }],
            }),
            object('BGPAdvertisement', 'edge', {
              spec: {
                peers: ['edge'],
                nodeSelectors: [{ matchLabels: { [name]: n3 } }],
                serviceSelectors: [{ matchLabels: { to: 'edge' } }],
              },
            }),
            ...[labelled('one', { to: 'spine' }), labelled('two', { to: 'edge' })],
          );
          for (const one of ['one', 'two']) await endpointsOn(lab, one, lab.nodes);
          const [spine] = await assignedIps(lab, 'one', 1);
          const [edge] = await assignedIps(lab, 'two', 1);
          await reaches(lab, router, `${spine}/32`, NODES);
          await reaches(lab, second, `${edge}/32`, NODES.slice(2));
          assert.is(await router.count('IPv4'), NODES.length);
          assert.is(await second.count('IPv4'), 1);
        },
        SECOND.host,
      ),
    );
  }),

  moduleScenario('choices-L2-and-BGP-at-once-each-for-its-own-Service', (lab) =>
    withRouter(lab, 'frr', everyNode(), async (router) => {
      await lab.cluster.apply(bgpPeer(), advertisement());
      const far = await served(lab, 'web');
      const wish = { name: 'near', className: 'ingress', family: 'IPv4', count: 1 } as const;
      await lab.cluster.apply(serviceManifest(wish));
      await endpointsOn(lab, wish.name, lab.nodes);
      const [near = ''] = await assignedIps(lab, wish.name, 1);
      const [child] = await lab.cluster.list('SDNInternalL2LBService');
      const preferred = child?.metadata.annotations?.['metallb.io/preferredL2SpeakerNode'] ?? '';
      await answeredBy(lab, near, preferred);
      await reaches(lab, router, `${far}/32`, NODES);
      await answeredByNobody(lab, far);
      assert.is(await router.count('IPv4'), NODES.length);
    }),
  ),

  moduleScenario('choices-a-node-that-stops-and-a-router-that-restarts', (lab) =>
    withRouter(lab, 'frr', everyNode(), async (router) => {
      await lab.cluster.apply(bgpPeer(), advertisement());
      const ip = await served(lab, 'web');
      await reaches(lab, router, `${ip}/32`, NODES);
      const traffic = await lab.probe([ip], ROUTER.host, { httpPort: POD_PORT });
      await traffic.flowing();
      await traffic.reset();
      const [stoppedAt, stopped] = [Date.now(), lab.program('n1').stop()];
      await reaches(lab, router, `${ip}/32`, NODES.slice(1));
      const withdrawnAt = Date.now();
      await stopped;
      // Routers are told while IPs on segments are handed over, not after (network rule 31).
      assert.ok(withdrawnAt - stoppedAt < WITHDRAWN_MS, `${withdrawnAt - stoppedAt} ms`);
      const endOfWire = endedAt(lab, 'wire');
      assert.ok(withdrawnAt < endOfWire, `${withdrawnAt - endOfWire} ms after the wire`);
      const [{ sent, lost } = { sent: 0, lost: -1 }] = await traffic.report();
      assert.ok(sent > 0);
      assert.is(lost, 0);
      assert.match(router.log(), /Cease\/Administrati/);
      lab.program('n1').start();
      await reaches(lab, router, `${ip}/32`, NODES);
      await router.kill();
      await router.start();
      await until({ what: 'routes of all nodes again', deadlineMs: 20_000 }, async () => {
        return (await router.count('IPv4')) === NODES.length;
      });
    }),
  ),
];

/** When a child of n1 has ended, by its log. */
function endedAt(lab: Lab, child: string): number {
  const ended = lab
    .program('n1')
    .lastLogLines(100)
    .findLast((line) => line.includes('child ended') && line.includes(`"child":"${child}"`));
  return Date.parse(JSON.parse(ended ?? '{}').time);
}

function edgeName() {
  return { ...bgpPeer().metadata, name: 'edge' };
}
