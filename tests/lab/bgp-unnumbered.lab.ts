import * as assert from 'uvu/assert';
import { run, until } from '../../lab/exec.ts';
import { fetchPage } from '../../lab/http.ts';
import type { Lab } from '../../lab/lab.ts';
import { batch } from '../../lab/network.ts';
import { nodeTells } from '../../lab/node-condition.ts';
import type { Play, Scenario } from '../../lab/scenario.ts';
import { POD_PORT } from '../../lab/workload.ts';
import {
  advertisement,
  annotatedPeer,
  bgpPeer,
  LISTEN_PORT,
  LISTENING,
  moduleScenario,
  object,
  passwordOf,
  served,
  servedBoth,
  sessionOf,
} from './bgp-module.ts';
import { neighbour, ROUTER, reaches, withRouter } from './bgp-sessions.ts';

/** Cables between nodes and the router, without an address of anybody but what IPv6 gives every interface. */
const UPLINK = 'uplink';
const BY_INTERFACE = { peerAddress: '', interface: UPLINK };
const linkLocal = (number: number) => `fe80::ff:fe00:${number.toString(16)}`;
const ofNode = (node: string) => linkLocal(0x500 + Number(node.slice(1)));
const ofRouter = (node: string) => linkLocal(0x600 + Number(node.slice(1)));
const macOf = (address: string) => `02:00:00:00:0${address.at(-3)}:${address.slice(-2)}`;

const DOWN = 'BgpSessionDown';
const DEAF = `add table inet deaf
add chain inet deaf in { type filter hook input priority 0; }
add rule inet deaf in iifname n1 drop
`;

/** The node's kernel doubts after at most five seconds that a neighbour is still there, and is sure that it is not two later. */
async function forgetQuickly(lab: Lab, node: string): Promise<void> {
  const of = `net.ipv6.neigh.${UPLINK}`;
  const settings = [`${of}.base_reachable_time_ms=3000`, `${of}.delay_first_probe_time=1`];
  const times = [`${of}.retrans_time_ms=300`];
  await run(['ip', 'netns', 'exec', lab.namespace(node), 'sysctl', '-qw', ...settings, ...times]);
}

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

/** Once BGP has a connection with it. */
async function speaksTo(lab: Lab, node: string, router: string): Promise<void> {
  const what = `a connection of ${node} to ${router}`;
  const list = ['ip', 'netns', 'exec', lab.namespace(node), 'ss', '-Htn', 'state', 'established'];
  await until({ what, deadlineMs: 30_000 }, async () => (await run(list)).includes(router));
}

const atInterfaces = (nodes: readonly string[], changes: object = {}) => ({
  neighbours: nodes.map((node) => neighbour({ address: node, unnumbered: true, ...changes })),
});

export const scenarios: readonly Scenario[] = [
  moduleScenario(
    'unnumbered-the-router-connects',
    (lab) =>
      withCables(lab, lab.nodes, () => {
        const secret = { password: 'secret', port: LISTEN_PORT };
        return withRouter(lab, 'frr', atInterfaces(lab.nodes, secret), async (router) => {
          const spec = { ...BY_INTERFACE, passwordSecret: { name: 'router' } };
          const peer = annotatedPeer({ passive: 'true' }, spec);
          await lab.cluster.apply(passwordOf('secret'), peer, advertisement());
          const ip = await served(lab, 'web');
          await reaches(lab, router, `${ip}/32`, lab.nodes.map(ofNode));
        });
      }),
    { ...LISTENING, isLong: true },
  ),

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

  moduleScenario(
    'unnumbered-and-another-router-on-the-link',
    (lab) =>
      withCables(lab, ['n1'], async () => {
        await lab.cluster.apply(bgpPeer(BY_INTERFACE), advertisement());
        const ip = await served(lab, 'web');
        const nobody =
          /router \(uplink\): BGPPeer.*spec.interface is uplink: no router has advertised/;
        await nodeTells(lab, 'n1', DOWN, { message: nobody });
        await nodeTells(lab, 'n2', DOWN, { message: /uplink: it is not there, is down or/ });
        const way = [ofNode('n1')];
        await withRouter(lab, 'frr', atInterfaces(['n1']), async (router) => {
          await reaches(lab, router, `${ip}/32`, way);
          await nodeTells(lab, 'n1', DOWN, { status: 'False' });
          await forgetQuickly(lab, 'n1');
          const host = lab.namespace(ROUTER.host);
          // A router in its place, by the same cable.
          await batch(host, [
            'link set n1 down',
            `link set n1 address ${macOf(linkLocal(0x699))}`,
            'link set n1 up',
          ]);
          await speaksTo(lab, 'n1', linkLocal(0x699));
          await reaches(lab, router, `${ip}/32`, way);
          // Another address, and the cable stays in.
          await batch(host, [
            `address add ${linkLocal(0x777)}/64 dev n1`,
            `address del ${linkLocal(0x699)}/64 dev n1`,
          ]);
          await speaksTo(lab, 'n1', linkLocal(0x777));
          await reaches(lab, router, `${ip}/32`, way);
        });
        return undefined;
      }),
    { isLong: true },
  ),

  moduleScenario(
    'unnumbered-with-several-routers-on-the-link',
    (lab) =>
      withCables(lab, ['n1'], async () => {
        const host = lab.namespace(ROUTER.host);
        const second = [
          `link add link n1 name n1b address ${macOf(linkLocal(0x6aa))} type macvlan mode bridge`,
          'link set n1b up',
        ];
        await batch(host, second);
        await forgetQuickly(lab, 'n1');
        await withRouter(lab, 'frr', atInterfaces(['n1', 'n1b']), async (router) => {
          await lab.cluster.apply(bgpPeer(BY_INTERFACE), advertisement());
          const ip = await served(lab, 'web');
          const message = new RegExp(
            `several routers are there, ${ofRouter('n1')}, ${linkLocal(0x6aa)}: expected one`,
          );
          await nodeTells(lab, 'n1', DOWN, { message });
          assert.is(await router.route(`${ip}/32`), undefined);
          await batch(host, ['link del n1b']);
          await until(
            { what: 'a session with the one that is left', deadlineMs: 15_000 },
            async () => {
              return (await sessionOf(lab, 'n1'))?.state === 'Established';
            },
          );
          await reaches(lab, router, `${ip}/32`, [ofNode('n1')]);
        });
        return undefined;
      }),
    { isLong: true },
  ),

  moduleScenario('unnumbered-with-BFD-and-a-password', (lab) =>
    withCables(lab, ['n1'], () =>
      withRouter(
        lab,
        'frr',
        atInterfaces(['n1'], { bfdMs: 50, password: 'first' }),
        async (router) => {
          const quick = { receiveInterval: 50, transmitInterval: 50 };
          await lab.cluster.apply(
            passwordOf('first'),
            object('BFDProfile', 'quick', { spec: quick }),
            bgpPeer({ ...BY_INTERFACE, bfdProfile: 'quick', passwordSecret: { name: 'router' } }),
            advertisement(),
          );
          const ip = await served(lab, 'web');
          await reaches(lab, router, `${ip}/32`, [ofNode('n1')]);
          await until({ what: 'BFD', deadlineMs: 5_000 }, async () => {
            return (await router.bfd(ofNode('n1')))?.status === 'up';
          });
          // The cable is in, and nothing comes through it: by BGP alone it would take the hold time.
          const nft = ['ip', 'netns', 'exec', lab.namespace(ROUTER.host), 'nft'];
          await run([...nft, '-f', '-'], DEAF);
          const started = performance.now();
          await nodeTells(lab, 'n1', DOWN, { message: /router \(uplink\): BFD: / });
          assert.ok(performance.now() - started < 3_000);
          await run([...nft, 'delete', 'table', 'inet', 'deaf']);
          await reaches(lab, router, `${ip}/32`, [ofNode('n1')]);
        },
      ),
    ),
  ),

  moduleScenario('unnumbered-with-BIRD', (lab) =>
    withCables(lab, lab.nodes, () =>
      withRouter(lab, 'bird', atInterfaces(lab.nodes, { ipv4OverIpv6: true }), async (router) => {
        await lab.cluster.apply(bgpPeer(BY_INTERFACE), advertisement());
        const { ipv4, ipv6 } = await servedBoth(lab, 'dual');
        const nodes = lab.nodes.map(ofNode);
        await reaches(lab, router, `${ipv4}/32`, nodes);
        await reaches(lab, router, `${ipv6}/128`, nodes);
      }),
    ),
  ),

  // It sends no advertisements: the nodes' kernels find out by themselves that who asks for them is a router.
  moduleScenario(
    'unnumbered-with-GoBGP',
    (lab) =>
      withCables(lab, lab.nodes, async () => {
        await lab.cluster.apply(bgpPeer(BY_INTERFACE), advertisement());
        const { ipv4, ipv6 } = await servedBoth(lab, 'dual');
        await until({ what: 'the nodes as neighbours', deadlineMs: 10_000 }, async () => {
          const known = await run(['ip', '-n', lab.namespace(ROUTER.host), '-6', 'neigh']);
          return lab.nodes.every((node) => known.includes(ofNode(node)));
        });
        return withRouter(lab, 'gobgp', atInterfaces(lab.nodes), async (router) => {
          const nodes = lab.nodes.map(ofNode);
          const seen = async (prefix: string) => String((await router.route(prefix))?.nextHops);
          await until({ what: 'routes of both families', deadlineMs: 30_000 }, async () => {
            const routes = [await seen(`${ipv4}/32`), await seen(`${ipv6}/128`)];
            return routes.every((hops) => hops === String(nodes));
          });
        });
      }),
    { isLong: true },
  ),
];
