import * as assert from 'uvu/assert';
import { messagesTo } from '../../lab/bgp-messages.ts';
import type { ClusterObject } from '../../lab/cluster.ts';
import { until } from '../../lab/exec.ts';
import { assignedIps } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { kernelWeights, type RouterKind } from '../../lab/routers/router.ts';
import type { Scenario } from '../../lab/scenario.ts';
import { deleteServices } from '../../lab/standard.ts';
import { classManifest, endpointSliceManifest, serviceManifest } from '../../lab/workload.ts';
import { type IpFamily, ipToBytes } from '../../modules/metallb/src/net/ip.ts';
import { BGP_MESSAGE, type BgpMessage } from '../../modules/metallb/src/packet/bgp-message.ts';
import { decodeUpdate } from '../../modules/metallb/src/packet/bgp-update-decode.ts';
import { ip as addressOf } from '../support/addresses.ts';
import {
  advertisement,
  bgpPeer,
  endpointsOn,
  everyNode,
  IPV6_NODES,
  moduleScenario,
  NODES,
  served,
  servedBoth,
  sessionOf,
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

async function endpoints(
  lab: Lab,
  name: string,
  family: IpFamily,
  ...nodes: readonly string[]
): Promise<void> {
  const backends = nodes.map((node, index) => ({ pod: `pod${index + 1}`, node }));
  await lab.cluster.apply(endpointSliceManifest({ name, family }, backends));
}

/** Waits until the first node is given so many flows for each that the second is given. */
async function weighs(lab: Lab, ip: string, times: number): Promise<void> {
  const [prefix, nodes] = ip.includes(':') ? [`${ip}/128`, IPV6_NODES] : [`${ip}/32`, NODES];
  let seen: ReadonlyMap<string, number> = new Map();
  const what = () => `of ${ip} the first node ${times} times as much: ${JSON.stringify([...seen])}`;
  await until({ what, deadlineMs: 5_000, everyMs: 30 }, async () => {
    seen = await kernelWeights(lab.namespace(ROUTER.host), prefix);
    const [first = 0, second = 0] = nodes.map((node) => seen.get(node));
    return seen.size === 2 && Math.abs(first / second - times) < 0.05;
  });
}

/** Which of these IPs an UPDATE names. @throws when it says anything of another */
function onlyNamed({ body }: BgpMessage, ips: readonly string[]): string {
  const said = decodeUpdate(body, { fourOctetAsn: true, isExternal: true });
  assert.equal([said.announced, said.withdrawn, said.fault], [1, 0, undefined]);
  const named = ips.filter((one) =>
    Buffer.from(body).includes(Buffer.from(ipToBytes(addressOf(one)))),
  );
  assert.is(named.length, 1, String(named));
  return String(named);
}

export const scenarios: readonly Scenario[] = [
  moduleScenario('attributes-a-node-with-more-endpoints-is-given-more-flows', (lab) =>
    withRouter(lab, 'frr', everyNode(), async (router) => {
      await lab.cluster.apply(
        bgpPeer({ dualStackAddressFamily: true }),
        annotated(advertisement(), { 'link-bandwidth': '1G' }),
      );
      const local = { externalTrafficPolicy: 'Local' };
      const { ipv4, ipv6 } = await servedBoth(lab, 'web', local);
      const other = await served(lab, 'other', local);
      await reaches(lab, router, `${other}/32`, NODES);
      // As if pods had one family each: every IP goes by the endpoints of its own.
      await endpoints(lab, 'web', 'IPv4', 'n1', 'n1', 'n1', 'n2');
      await endpoints(lab, 'web', 'IPv6', 'n1', 'n2', 'n2');
      await weighs(lab, ipv4, 3);
      await weighs(lab, ipv6, 1 / 2);

      const counted = async () => {
        const all = await Promise.all(lab.nodes.map((node) => sessionOf(lab, node)));
        return all.map((one) => one?.updatesSent ?? Number.NaN);
      };
      const before = await counted();
      let last = '';
      const messages = await messagesTo(lab, ROUTER.host, async () => {
        await endpoints(lab, 'web', 'IPv4', 'n1', 'n2', 'n2');
        await weighs(lab, ipv4, 1 / 2);
        await endpoints(lab, 'web', 'IPv6', 'n1', 'n1', 'n1', 'n2');
        await weighs(lab, ipv6, 3);
        // All nodes tell of it, after whatever else they have to tell.
        last = await served(lab, 'last');
        await reaches(lab, router, `${last}/32`, NODES);
      });
      const told = NODES.map((node) =>
        (messages.get(node) ?? [])
          .filter(({ type }) => type === BGP_MESSAGE.update)
          .map((update) => onlyNamed(update, [ipv4, ipv6, other, last])),
      );
      // Of a node without endpoints nothing has changed.
      assert.equal(told, [[ipv4, ipv6, last], [ipv4, ipv6, last], [last]]);
      const after = await counted();
      assert.equal(
        after.map((count, index) => count - (before[index] ?? 0)),
        told.map(({ length }) => length),
      );
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
