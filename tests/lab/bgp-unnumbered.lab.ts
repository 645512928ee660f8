import * as assert from 'uvu/assert';
import { fetchPage } from '../../lab/http.ts';
import type { Lab } from '../../lab/lab.ts';
import { batch } from '../../lab/network.ts';
import type { Play, Scenario } from '../../lab/scenario.ts';
import { POD_PORT } from '../../lab/workload.ts';
import { advertisement, bgpPeer, moduleScenario, servedBoth } from './bgp-module.ts';
import { neighbour, ROUTER, reaches, withRouter } from './bgp-sessions.ts';

/** Cables between nodes and the router, without an address of anybody but what IPv6 gives every interface. */
const UPLINK = 'uplink';
const BY_INTERFACE = { peerAddress: '', interface: UPLINK };
const linkLocal = (number: number) => `fe80::ff:fe00:${number.toString(16)}`;
const ofNode = (node: string) => linkLocal(0x500 + Number(node.slice(1)));
const ofRouter = (node: string) => linkLocal(0x600 + Number(node.slice(1)));
const macOf = (address: string) => `02:00:00:00:0${address.at(-3)}:${address.slice(-2)}`;

/** The router's end has the node's name. */
async function withCables(lab: Lab, nodes: readonly string[], play: () => ReturnType<Play>) {
  const router = lab.namespace(ROUTER.host);
  for (const node of nodes) {
    await batch(lab.namespace(node), [
      `link add ${UPLINK} address ${macOf(ofNode(node))} type veth peer name ${node} netns ${router}`,
      `link set ${UPLINK} up`,
    ]);
    await batch(router, [
      `link set ${node} address ${macOf(ofRouter(node))}`,
      `link set ${node} up`,
    ]);
  }
  try {
    return await play();
  } finally {
    for (const node of nodes) await batch(router, [`link del ${node}`]);
  }
}

const atInterfaces = (nodes: readonly string[], changes: object = {}) => ({
  neighbours: nodes.map((node) => neighbour({ address: node, unnumbered: true, ...changes })),
});

export const scenarios: readonly Scenario[] = [
  moduleScenario('unnumbered-both-families-over-a-link-without-addresses', (lab) =>
    withCables(lab, lab.nodes, () =>
      withRouter(lab, 'frr', atInterfaces(lab.nodes), async (router) => {
        await lab.cluster.apply(bgpPeer(BY_INTERFACE), advertisement());
        const { ipv4, ipv6 } = await servedBoth(lab, 'dual');
        const nodes = lab.nodes.map(ofNode);
        await reaches(lab, router, `${ipv4}/32`, nodes);
        await reaches(lab, router, `${ipv6}/128`, nodes);
        for (const host of [ipv4, `[${ipv6}]`]) {
          const page = await fetchPage(lab.namespace(ROUTER.host), `http://${host}:${POD_PORT}/`);
          assert.is(page.status, 200);
        }
      }),
    ),
  ),
];
