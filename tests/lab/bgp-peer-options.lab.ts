import * as assert from 'uvu/assert';
import { delay, until } from '../../lab/exec.ts';
import { fetchPage } from '../../lab/http.ts';
import { metricOf } from '../../lab/metrics.ts';
import { nodeTells } from '../../lab/node-condition.ts';
import { kernelNextHops, type RouterKind } from '../../lab/routers/router.ts';
import type { Scenario } from '../../lab/scenario.ts';
import {
  advertisement,
  annotatedPeer,
  bgpPeer,
  everyNode,
  LISTEN_PORT,
  LISTENING,
  moduleScenario,
  NODES,
  passwordOf,
  served,
} from './bgp-module.ts';
import { ROUTER, reaches, withRouter } from './bgp-sessions.ts';

/** What a BGPPeer says by annotations. */
/** Longer than an attempt takes that would succeed. */
const NO_SESSION_MS = 2_000;

const GRACEFUL = { enableGracefulRestart: true };
const STALE = { 'long-lived-stale-time': '6h' };
/** Longer than it takes FRR to throw routes away. */
const STALE_FOR_MS = 1_000;
const LONG_LIVED = { longLivedSeconds: 60 };

/** Each in another way: what else the router asks for, and whether the node connects, too. */
const DIALLING: readonly [RouterKind, object, Readonly<Record<string, string>>][] = [
  ['frr', { gtsm: true, password: 'secret' }, { passive: 'true', 'ttl-security-hops': '1' }],
  ['bird', {}, {}],
  ['gobgp', { password: 'secret' }, { passive: 'true' }],
];

export const scenarios: readonly Scenario[] = [
  moduleScenario(
    'options-GTSM-on-one-side-or-on-both',
    (lab) =>
      withRouter(lab, 'frr', everyNode({ gtsm: true, passive: true }), async (router) => {
        await lab.cluster.apply(annotatedPeer({}), advertisement());
        const ip = await served(lab, 'web');
        await delay(NO_SESSION_MS);
        assert.is(await router.count('IPv4'), 0, 'a TTL of 1 is none of a router on the link');
        await lab.cluster.apply(annotatedPeer({ 'ttl-security-hops': '1' }));
        await reaches(lab, router, `${ip}/32`, NODES);
      }),
    LISTENING,
  ),

  ...DIALLING.map(([kind, asked, said]) =>
    moduleScenario(
      `options-${kind}-connects`,
      (lab) =>
        withRouter(lab, kind, everyNode({ port: LISTEN_PORT, ...asked }), async (router) => {
          const passwordSecret = { name: 'router' };
          const spec = 'password' in asked ? { passwordSecret } : {};
          await lab.cluster.apply(passwordOf('secret'), annotatedPeer(said, spec), advertisement());
          const ip = await served(lab, 'web');
          await until({ what: 'sessions of all nodes', deadlineMs: 15_000 }, async () => {
            return (await router.count('IPv4')) === NODES.length;
          });
          await reaches(lab, router, `${ip}/32`, NODES);
        }),
      { ...LISTENING, isLong: kind === 'gobgp' },
    ),
  ),

  moduleScenario(
    'options-a-router-that-says-its-role',
    async (lab) => {
      await withRouter(lab, 'frr', everyNode({ role: 'peer' }), async () => {
        await lab.cluster.apply(annotatedPeer({}), advertisement());
        const message = /OPEN Message Error: Role Mismatch: .*this node is customer/;
        await nodeTells(lab, 'n1', 'BgpSessionDown', { message });
      });
      return withRouter(lab, 'frr', everyNode({ role: 'provider strict-mode' }), async (router) => {
        const ip = await served(lab, 'web');
        // Tried at once, as nothing has failed of it yet.
        await lab.cluster.apply(annotatedPeer({}, { holdTime: '30s' }));
        await reaches(lab, router, `${ip}/32`, NODES);
      });
    },
    LISTENING,
  ),

  moduleScenario(
    'options-a-router-hears-of-long-lived-routes-and-of-the-role',
    (lab) =>
      withRouter(lab, 'frr', { ...everyNode(), ...LONG_LIVED }, async (router) => {
        await lab.cluster.apply(annotatedPeer(STALE, GRACEFUL), advertisement());
        await reaches(lab, router, `${await served(lab, 'web')}/32`, NODES);
        for (const node of NODES) {
          const heard = await router.heardOf(node);
          assert.equal(heard, { role: 'customer', longLived: 'advertisedAndReceived' });
        }
      }),
    LISTENING,
  ),

  // FRR takes the shorter of both times.
  moduleScenario(
    'options-routes-of-nodes-that-stay-away-are-kept-as-the-last-resort',
    (lab) =>
      withRouter(lab, 'frr', { ...everyNode(), ...LONG_LIVED }, async (router) => {
        await lab.cluster.apply(annotatedPeer(STALE, GRACEFUL), advertisement());
        const prefix = `${await served(lab, 'web')}/32`;
        await reaches(lab, router, prefix, NODES);
        await Promise.all(lab.nodes.map((node) => lab.program(node).killTree()));
        const isStale = async () =>
          (await router.route(prefix))?.communities.includes('llgr-stale') ?? false;
        assert.is(await isStale(), false);
        // Ten seconds are for a graceful restart.
        await until({ what: `${prefix} marked as stale`, deadlineMs: 15_000 }, isStale);
        await delay(STALE_FOR_MS);
        assert.is((await router.route(prefix))?.nextHops.length, NODES.length);
        // Among stale routes FRR chooses one.
        const used = await kernelNextHops(lab.namespace(ROUTER.host), prefix, 'bgp');
        assert.ok(used.length > 0 && used.every((hop) => NODES.includes(hop)), used.join());
        for (const node of lab.nodes) lab.program(node).start();
        await until({ what: `${prefix} anew`, deadlineMs: 15_000 }, async () => !(await isStale()));
        await reaches(lab, router, prefix, NODES);
      }),
    { ...LISTENING, isLong: true },
  ),

  moduleScenario(
    'options-nobody-but-a-router-gets-a-connection-and-a-port-that-is-taken-is-told-of',
    (lab) =>
      withRouter(lab, 'frr', everyNode({ passive: true }), async (router) => {
        const other = await lab.bgpSpeakerOn('n1');
        await other.ask({ do: 'listen', port: LISTEN_PORT });
        await lab.cluster.apply(bgpPeer(), advertisement());
        const ip = await served(lab, 'web');
        const message = /port 1179 of IPv4 can not be listened on: another program on this node/;
        await nodeTells(lab, 'n1', 'BgpSessionDown', { message });
        await reaches(lab, router, `${ip}/32`, NODES);
        other.stop();
        await nodeTells(lab, 'n1', 'BgpSessionDown', { status: 'False' });

        const url = `http://${NODES[0]}:${LISTEN_PORT}/`;
        const counted = () => metricOf(lab, 'n1', 'metallb_bgp_refused_connections_total');
        const before = await counted();
        const answer = await fetchPage(lab.namespace('client'), url).catch(() => undefined);
        assert.is(answer, undefined);
        assert.is(await counted(), before + 1);
      }),
    LISTENING,
  ),
];
