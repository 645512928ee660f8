import * as assert from 'uvu/assert';
import { until } from '../../lab/exec.ts';
import { killPart, NODE_LOSS } from '../../lab/faults.ts';
import { fetchPage } from '../../lab/http.ts';
import type { Lab } from '../../lab/lab.ts';
import { metricOf } from '../../lab/metrics.ts';
import { nodeTells } from '../../lab/node-condition.ts';
import { kernelNextHops } from '../../lab/routers/router.ts';
import type { Scenario } from '../../lab/scenario.ts';
import { nodeManifest, POD_PORT } from '../../lab/workload.ts';
import {
  advertisement,
  bgpPeer,
  everyNode,
  moduleScenario,
  NODES,
  object,
  served,
} from './bgp-module.ts';
import {
  KINDS,
  NODE_ASN,
  ROUTER,
  ROUTER_ASN,
  reaches,
  spreadsByPorts,
  withRouter,
} from './bgp-sessions.ts';

/** What those see who run the routers and the nodes: traffic over all of them, and words when something is not as it should be. */
const [FIRST = '', ...OTHERS] = NODES;
const FLOWS = 60;
const CUT_AT_MOST = 1;
const BOTH_PORTS = [
  { name: 'http', protocol: 'TCP', port: POD_PORT },
  { name: 'echo', protocol: 'UDP', port: POD_PORT },
];
const UP = 'metallb_bgp_session_up';
const SESSION = { peer: `${ROUTER.ipv4}:179` };

async function hops(lab: Lab, ip: string): Promise<string> {
  return String(await kernelNextHops(lab.namespace(ROUTER.host), `${ip}/32`, 'bgp'));
}

export const scenarios: readonly Scenario[] = [
  moduleScenario('operation-flows-spread-over-nodes-and-leave-a-dead-one-by-hold-time', (lab) =>
    withRouter(lab, 'frr', everyNode(), async (router) => {
      const host = lab.namespace(ROUTER.host);
      await spreadsByPorts(host);
      await lab.cluster.apply(bgpPeer({ holdTime: '3s' }), advertisement());
      // Each node serves its own pod only, which says who it is.
      const ip = await served(lab, 'web', { externalTrafficPolicy: 'Local' });
      await reaches(lab, router, `${ip}/32`, NODES);
      const answers = new Map<string, number>();
      for (let flow = 0; flow < FLOWS; flow += 1) {
        const { body } = await fetchPage(host, `http://${ip}:${POD_PORT}/`);
        answers.set(body, (answers.get(body) ?? 0) + 1);
      }
      assert.is(answers.size, NODES.length, JSON.stringify([...answers]));
      for (const count of answers.values()) assert.ok(count > FLOWS / 10, `${count} of ${FLOWS}`);
      await NODE_LOSS.strike(lab, 'n1');
      await reaches(lab, router, `${ip}/32`, OTHERS);
    }),
  ),

  moduleScenario('operation-a-killed-speaker-is-missed-at-once-and-comes-back', (lab) =>
    withRouter(lab, 'frr', everyNode(), async (router) => {
      await lab.cluster.apply(bgpPeer({ holdTime: '90s' }), advertisement());
      const ip = await served(lab, 'web');
      await reaches(lab, router, `${ip}/32`, NODES);
      const withoutIt = until(
        { what: 'one way less', deadlineMs: 3_000, everyMs: 20 },
        async () => {
          return (await hops(lab, ip)) === String(OTHERS);
        },
      );
      killPart(lab, 'n1', 'speaker.mjs');
      await withoutIt;
      await reaches(lab, router, `${ip}/32`, NODES);
    }),
  ),

  moduleScenario('operation-a-drained-node-asks-to-be-left-before-it-withdraws', (lab) =>
    withRouter(lab, 'frr', everyNode(), async (router) => {
      await spreadsByPorts(lab.namespace(ROUTER.host));
      await lab.cluster.apply(bgpPeer(), advertisement());
      const ip = await served(lab, 'web', { ports: BOTH_PORTS });
      await reaches(lab, router, `${ip}/32`, NODES);
      const packets = await lab.probe([ip], ROUTER.host);
      const requests = await lab.probe([ip], ROUTER.host, { httpPort: POD_PORT });
      for (const traffic of [packets, requests]) await traffic.flowing();
      for (const traffic of [packets, requests]) await traffic.reset();
      const { metadata, ...rest } = nodeManifest('n1');
      const annotations = { 'network.deckhouse.io/drain-balancer': '' };
      await lab.cluster.apply({ ...rest, metadata: { ...metadata, annotations } });
      // GRACEFUL_SHUTDOWN (RFC 8326) makes it the router's last choice while it is still told.
      await reaches(lab, router, `${ip}/32`, OTHERS);
      const told = await router.communitiesOf(`${ip}/32`);
      assert.equal(Object.fromEntries(told), {
        [FIRST]: ['graceful-shutdown'],
        ...Object.fromEntries(OTHERS.map((node) => [node, []])),
      });
      await until({ what: 'withdrawal', deadlineMs: 10_000 }, async () => {
        return (await router.count('IPv4')) === OTHERS.length;
      });
      assert.ok(await router.isEstablished(FIRST));
      const [ofPackets] = await packets.report();
      assert.ok((ofPackets?.sent ?? 0) > 0);
      assert.is(ofPackets?.lost, 0);
      // A connection is cut that was on its way through n1 when the router spread flows anew.
      const [{ sent, lost, cut } = { sent: 0, lost: -1, cut: 0 }] = await requests.report();
      assert.ok(sent > 0);
      assert.is(lost, cut);
      assert.ok(cut <= CUT_AT_MOST, `${cut} of ${sent}`);
      await lab.cluster.apply(nodeManifest('n1'));
      await reaches(lab, router, `${ip}/32`, NODES);
    }),
  ),

  ...KINDS.map((kind) =>
    moduleScenario(
      `operation-${kind}-hears-communities-by-name-an-aggregate-and-a-preference`,
      (lab) =>
        withRouter(lab, kind, everyNode({ asn: ROUTER_ASN }), async (router) => {
          const communities = [
            { name: 'anycast', value: '64500:7' },
            { name: 'site', value: 'large:64500:1:2' },
          ];
          await lab.cluster.apply(
            bgpPeer({ myASN: ROUTER_ASN }),
            object('Community', 'names', { spec: { communities } }),
            advertisement({
              ...{ aggregationLength: 28, localPref: 250 },
              communities: ['anycast', 'site', '64500:9'],
            }),
          );
          const ip = await served(lab, 'web');
          const prefix = ip.replace(/\d+$/, (last) => `${Number(last) & 0xf0}/28`);
          await until({ what: `${prefix} on ${kind}`, deadlineMs: 15_000 }, async () => {
            return (await router.route(prefix)) !== undefined;
          });
          const seen = await router.route(prefix);
          assert.is(seen?.localPref, 250);
          assert.equal([...(seen?.communities ?? [])].sort(), ['64500:7', '64500:9']);
          assert.equal(seen?.large, ['64500:1:2']);
          assert.is(await router.route(`${ip}/32`), undefined);
        }),
      { isLong: kind !== 'frr' },
    ),
  ),

  moduleScenario(
    'operation-another-AS-than-expected-is-told-in-words-and-sessions-are-counted',
    (lab) =>
      withRouter(lab, 'frr', everyNode(), async (router) => {
        await lab.cluster.apply(bgpPeer({ peerASN: ROUTER_ASN + 1 }), advertisement());
        const ip = await served(lab, 'web');
        const message = new RegExp(`${ROUTER_ASN}`);
        await nodeTells(lab, 'n1', 'BgpSessionDown', { message });
        assert.is(await metricOf(lab, 'n1', UP, SESSION), 0);
        await lab.cluster.apply(bgpPeer());
        await reaches(lab, router, `${ip}/32`, NODES);
        await nodeTells(lab, 'n1', 'BgpSessionDown', { status: 'False' });
        await until({ what: 'session counted', deadlineMs: 5_000 }, async () => {
          const [up, told] = await Promise.all(
            [UP, 'metallb_bgp_announced_prefixes_total'].map((name) =>
              metricOf(lab, 'n1', name, SESSION),
            ),
          );
          return up === 1 && told === 1;
        });
        await toldOf(lab, lab.nodes);
        await lab.cluster.delete({ kind: 'Service', namespace: 'default', name: 'web' });
        await toldOf(lab, []);
      }),
  ),

  moduleScenario(
    'operation-a-peer-written-wrongly-goes-on-as-it-was-last',
    (lab) =>
      withRouter(lab, 'frr', everyNode(), async (router) => {
        await lab.cluster.apply(bgpPeer(), advertisement());
        const ip = await served(lab, 'web');
        await reaches(lab, router, `${ip}/32`, NODES);
        await lab.cluster.apply(bgpPeer({ myASN: NODE_ASN, holdTime: 'long' }));
        await until({ what: 'a word on holdTime', deadlineMs: 5_000 }, () => {
          const told = lab.program('n1').lastLogLines(1_000).join('\n');
          return Promise.resolve(/holdTime[^\n]*long/.test(told));
        });
        await lab.cluster.apply(advertisement({ aggregationLength: 'all' }));
        const again = await served(lab, 'more');
        await reaches(lab, router, `${again}/32`, NODES);
        assert.is(await hops(lab, ip), String(NODES));
      }),
    // An API server refuses such objects itself.
    { stores: ['manifests'] },
  ),
];

/** Waits until exactly these nodes say that they tell the router of the Service. */
async function toldOf(lab: Lab, nodes: readonly string[]): Promise<void> {
  let seen: unknown[] = [];
  const what = () => `ServiceBGPStatus of ${nodes}, not ${seen}`;
  await until({ what, deadlineMs: 10_000 }, async () => {
    const all = await lab.cluster.list('ServiceBGPStatus');
    seen = all.map(({ status }) => `${status?.['node']}:${status?.['peers']}`).sort();
    return String(seen) === String(nodes.map((node) => `${node}:router`));
  });
}
