import * as assert from 'uvu/assert';
import { delay, until } from '../../lab/exec.ts';
import { killPart } from '../../lab/faults.ts';
import type { Lab } from '../../lab/lab.ts';
import { metricOf } from '../../lab/metrics.ts';
import { signal } from '../../lab/processes.ts';
import type { Frr } from '../../lab/routers/frr.ts';
import { kernelNextHops } from '../../lab/routers/router.ts';
import type { Scenario } from '../../lab/scenario.ts';
import { serviceManifest } from '../../lab/workload.ts';
import {
  advertisement,
  bgpPeer,
  endpointsOn,
  everyNode,
  moduleScenario,
  NODES,
  object,
  served,
  sessionOf,
} from './bgp-module.ts';
import { ROUTER, reaches, withRouter } from './bgp-sessions.ts';

/** What is away on purpose or by accident: a node that is shut down, the API server. */
const [FIRST = '', ...OTHERS] = NODES;
const BFD_MS = 50;
/** From the signal on, although a router keeps the routes of a node that restarts, and whatever BFD says. */
const GONE_MS = 1_000;
/** As long as a machine that is shut down still has its network after its programs were told to end. */
const LINK_MS = 1_000;
/** In which a route that was kept for a restart would be seen. */
const WATCH_MS = 2_000;
/** More than a hold time. */
const AWAY_MS = 3_500;

const KEPT = { enableGracefulRestart: true, bfdProfile: 'quick' } as const;
const QUICK = object('BFDProfile', 'quick', {
  spec: { receiveInterval: BFD_MS, transmitInterval: BFD_MS },
});

/** How a machine tells its programs that it is shut down. */
const SHUTDOWNS = [
  // A kubelet, or a user.
  {
    name: 'its-program',
    checkControlPlane: false,
    pids: (lab: Lab) => [lab.program('n1').pid],
    isLong: false,
  },
  // What ends a container's processes without a kubelet.
  {
    name: 'all-processes',
    checkControlPlane: true,
    pids: (lab: Lab) => lab.program('n1').pids(),
    isLong: true,
  },
] as const;

const CABLES = ['eth0', 'mgmt0', 'cni0'] as const;
const POWER_CUTS = [
  { name: 'by-BFD', checkControlPlane: false, goneMs: [0, GONE_MS], isLong: false },
  // To FRR, one whose BFD shares no fate with its BGP may yet be there.
  {
    name: 'by-hold-time-where-FRR-asks-for-more',
    checkControlPlane: true,
    goneMs: [3_000, 12_000],
    isLong: true,
  },
] as const;

export const scenarios: readonly Scenario[] = [
  ...SHUTDOWNS.map(({ name, checkControlPlane, pids, isLong }) =>
    moduleScenario(
      `outages-a-node-that-is-shut-down-${name}-first-is-kept-by-no-router`,
      (lab) =>
        withRouter(lab, 'frr', everyNode({ bfdMs: BFD_MS, checkControlPlane }), async (router) => {
          const ip = await begin(lab, router);
          await haveNeighbourhood(lab);
          const at = performance.now();
          for (const pid of pids(lab)) signal(pid, 'SIGTERM');
          const unplugged = delay(LINK_MS).then(() => lab.switch.unplug('n1', ...CABLES));
          const ms = await goneAfter(lab, ip, at);
          await unplugged;
          assert.ok(ms < GONE_MS, `gone after ${ms} ms`);
          const seen = new Set<string>();
          for (const end = Date.now() + WATCH_MS; Date.now() < end; ) {
            seen.add(String([...(await router.communitiesOf(`${ip}/32`)).keys()].sort()));
          }
          assert.equal([...seen], [String(OTHERS)], 'nobody keeps it for a restart');
          const { status, 'remote-diagnostic': said } = (await router.bfd(FIRST)) ?? {};
          assert.equal([status, said], ['down', 'administratively down']);
        }),
      { isLong, timed: true },
    ),
  ),

  ...POWER_CUTS.map(({ name, checkControlPlane, goneMs: [from, to], isLong }) =>
    moduleScenario(
      `outages-a-node-without-power-is-gone-${name}`,
      (lab) =>
        withRouter(lab, 'frr', everyNode({ bfdMs: BFD_MS, checkControlPlane }), async (router) => {
          const ip = await begin(lab, router);
          const at = performance.now();
          await lab.switch.unplug('n1', ...CABLES);
          await lab.program('n1').killTree();
          const ms = await goneAfter(lab, ip, at);
          assert.ok(ms > from && ms < to, `gone after ${ms} ms`);
        }),
      { isLong, timed: true },
    ),
  ),

  moduleScenario(
    'outages-a-crash-is-missed-by-neither-BGP-nor-BFD',
    (lab) =>
      withRouter(lab, 'frr', everyNode({ bfdMs: BFD_MS }), async (router) => {
        const ip = await begin(lab, router);
        const since = (await sessionOf(lab, 'n1'))?.sinceMs;
        const seen = new Set<string>();
        const look = async () => seen.add(String(await waysTo(lab, ip)));
        // As an interface that is taken away does.
        killPart(lab, 'n1', 'wire.mjs');
        for (const end = Date.now() + WATCH_MS / 2; Date.now() < end; ) await look();
        assert.is((await sessionOf(lab, 'n1'))?.sinceMs, since, 'BGP does without the wire');
        killPart(lab, 'n1', 'speaker.mjs');
        await until({ what: 'another session', deadlineMs: 15_000, everyMs: 20 }, async () => {
          await look();
          const now = await sessionOf(lab, 'n1').catch(() => undefined);
          return now?.state === 'Established' && now.sinceMs !== since;
        });
        for (const end = Date.now() + WATCH_MS; Date.now() < end; ) await look();
        assert.equal([...seen], [String(NODES)], 'the router never lost a way');
        const session = await router.bfd(FIRST);
        assert.equal([session?.status, session?.['session-down']], ['up', 0]);
      }),
    { isLong: true, timed: true },
  ),

  moduleScenario(
    'outages-the-API-server-is-away-while-sessions-stand',
    (lab) =>
      withRouter(lab, 'frr', everyNode(), async (router) => {
        await lab.cluster.apply(bgpPeer({ holdTime: '3s', connectTime: '1s' }), advertisement());
        const ip = await served(lab, 'web');
        await reaches(lab, router, `${ip}/32`, NODES);
        const before = await sinceOf(lab);

        const { plane, api } = lab.kubernetes;
        await plane.apiServer.killTree();
        try {
          await router.shutDown(FIRST, 'meanwhile');
          await reaches(lab, router, `${ip}/32`, OTHERS);
          await until({ what: 'speakers that miss it', deadlineMs: 5_000 }, async () => {
            return String(await storeConnected(lab)) === '0,0,0';
          });
          await router.shutDown(FIRST, undefined);
          await reaches(lab, router, `${ip}/32`, NODES);
          const end = Date.now() + AWAY_MS;
          while (Date.now() < end) assert.equal(await waysTo(lab, ip), NODES);
          assert.equal(await storeConnected(lab), [0, 0, 0]);
        } finally {
          await plane.restartApiServer(api);
        }

        const more = await served(lab, 'more');
        await reaches(lab, router, `${more}/32`, NODES);
        await lab.cluster.delete({ kind: 'Service', namespace: 'default', name: 'web' });
        await reaches(lab, router, `${ip}/32`, []);
        const [, ...others] = await sinceOf(lab);
        assert.equal(others, before.slice(1), 'sessions that the router has left alone');
      }),
    // Nobody would notice that a directory is away that nothing changes in.
    { stores: ['kubernetes'], isLong: true },
  ),
];

/** IPs that nodes answer ARP for are handed over when a node stops, which takes its time. */
async function haveNeighbourhood(lab: Lab): Promise<void> {
  const wish = { name: 'near', className: 'ingress', family: 'IPv4' } as const;
  await lab.cluster.apply(serviceManifest(wish));
  await endpointsOn(lab, wish.name, lab.nodes);
}

/** As each node's speaker has it: 1 or 0. */
function storeConnected(lab: Lab): Promise<readonly number[]> {
  return Promise.all(lab.nodes.map((node) => metricOf(lab, node, 'metallb_store_connected')));
}

/** Sessions of both kinds stand, and a Service is announced by all nodes. @returns its IP */
async function begin(lab: Lab, router: Frr): Promise<string> {
  await lab.cluster.apply(QUICK, bgpPeer(KEPT), advertisement());
  const ip = await served(lab, 'web');
  await reaches(lab, router, `${ip}/32`, NODES);
  await until({ what: 'BFD with n1', deadlineMs: 10_000, everyMs: 50 }, async () => {
    return (await router.bfd(FIRST))?.status === 'up';
  });
  return ip;
}

/** @returns milliseconds from `at` until the router's kernel has no way over n1 */
async function goneAfter(lab: Lab, ip: string, at: number): Promise<number> {
  const gone = { what: 'no way over n1', deadlineMs: 15_000, everyMs: 5 };
  await until(gone, async () => !(await waysTo(lab, ip)).includes(FIRST));
  return Math.round(performance.now() - at);
}

function waysTo(lab: Lab, ip: string): Promise<readonly string[]> {
  return kernelNextHops(lab.namespace(ROUTER.host), `${ip}/32`, 'bgp');
}

/** Since when each node's session with the router is as it is. */
async function sinceOf(lab: Lab): Promise<(number | undefined)[]> {
  const all = await Promise.all(lab.nodes.map((node) => sessionOf(lab, node)));
  return all.map((one) => one?.sinceMs);
}
