import * as assert from 'uvu/assert';
import { until } from '../../lab/exec.ts';
import type { Lab } from '../../lab/lab.ts';
import { nodeTells } from '../../lab/node-condition.ts';
import { pssKibOf } from '../../lab/processes.ts';
import type { Frr } from '../../lab/routers/frr.ts';
import type { Scenario } from '../../lab/scenario.ts';
import {
  advertisement,
  bgpPeer,
  everyNode,
  moduleScenario,
  NODES,
  passwordOf,
  served,
  sessionOf,
} from './bgp-module.ts';
import {
  NODE_ASN,
  peer,
  ROUTER,
  ROUTER_ASN,
  reaches,
  resetConnection,
  withRouter,
} from './bgp-sessions.ts';

/** What befalls sessions that stand: each comes back by itself, and the others never notice. */
const DOWN = 'BgpSessionDown';
const [FIRST = '', ...OTHERS] = NODES;
const SECOND = { host: 'client2', ipv4: '10.9.0.102' } as const;
const MANY_LINES = 100_000;
const BACK_MS = 8_000;
const ROUTES = 100_000;
const RECEIVED_MS = 20_000;
/** What as many routes that are counted and dropped may cost. */
const MEMORY_MIB = 40;
const KIB_PER_MIB = 1_024;

export const scenarios: readonly Scenario[] = [
  moduleScenario('trouble-a-session-that-is-reset-or-shut-down-is-back', (lab) =>
    withRouter(lab, 'frr', everyNode(), async (router) => {
      await lab.cluster.apply(bgpPeer({ connectTime: '1s' }), advertisement());
      const ip = await served(lab, 'web');
      await reaches(lab, router, `${ip}/32`, NODES);
      const before = await sinceOf(lab);

      await router.shutDown(FIRST, 'maintenance');
      await nodeTells(lab, 'n1', DOWN, {
        message: /the peer says Cease: Administrative Shutdown, "maintenance"/,
      });
      await reaches(lab, router, `${ip}/32`, OTHERS);
      await router.shutDown(FIRST, undefined);
      await backOn(router, ip, lab);

      const told = logOf(lab).length;
      await resetConnection(lab, FIRST);
      await until({ what: 'the reset in the log', deadlineMs: BACK_MS }, () =>
        logOf(lab)
          .slice(told)
          .some((line) => /BGP session ended/.test(line) && /reset by the peer/.test(line)),
      );
      await backOn(router, ip, lab);
      const [, ...others] = await sinceOf(lab);
      assert.equal(others, before.slice(1), 'sessions of the other nodes');
    }),
  ),

  // Of its end nobody has told the node.
  moduleScenario('trouble-a-half-open-session-is-found-out', (lab) =>
    withRouter(lab, 'frr', everyNode({ holdSeconds: 30 }), async (router) => {
      const spec = { holdTime: '30s', keepaliveTime: '1s', connectTime: '1s' };
      await lab.cluster.apply(bgpPeer(spec), advertisement());
      const ip = await served(lab, 'web');
      await reaches(lab, router, `${ip}/32`, NODES);
      const since = (await sessionOf(lab, 'n1'))?.sinceMs;
      await lab.switch.part(['n1'], [ROUTER.host]);
      await router.kill();
      await router.start();
      await reaches(lab, router, `${ip}/32`, OTHERS);
      const half = await sessionOf(lab, 'n1');
      assert.equal([half?.state, half?.sinceMs], ['Established', since], 'as far as n1 knows');
      await lab.switch.heal();
      await backOn(router, ip, lab);
      assert.not.equal((await sessionOf(lab, 'n1'))?.sinceMs, since);
    }),
  ),

  moduleScenario('trouble-a-password-that-changes-costs-no-session', (lab) =>
    withRouter(lab, 'frr', everyNode({ password: 'first' }), async (router) => {
      // No router here takes another password without a reset of its own; the lab's speaker does.
      const edge = await lab.bgpSpeakerOn(SECOND.host);
      await edge.ask({ do: 'listen' });
      for (const address of NODES) {
        const to = { name: address, address, passive: true, holdSeconds: 3 };
        const own = { routerId: SECOND.ipv4, localAsn: ROUTER_ASN, remoteAsn: NODE_ASN };
        await edge.ask({ do: 'peer', peer: peer({ ...to, ...own, passwords: ['old'] }) });
      }
      await lab.cluster.apply(
        ...[passwordOf('first'), passwordOf('old', undefined, 'edge'), advertisement()],
        bgpPeer({ passwordSecret: { name: 'router' } }),
        {
          ...bgpPeer({ peerAddress: SECOND.ipv4, passwordSecret: { name: 'edge' } }),
          metadata: { ...bgpPeer().metadata, name: 'edge' },
        },
      );
      const ip = await served(lab, 'web');
      await reaches(lab, router, `${ip}/32`, NODES);
      const before = await sinceOf(lab);
      const hear = async (name: string, count: number) => {
        await served(lab, name);
        for (const node of NODES) {
          const look = await edge.when(node, name, ({ received }) => received === count);
          const told = look.events.map(({ text }) => text);
          assert.equal(told, ['established'], `${node} on ${name}`);
        }
      };
      await hear('one', 2);
      await lab.cluster.apply(passwordOf('new', 'old', 'edge'));
      await hear('while-the-router-has-the-old-one', 3);
      for (const node of NODES) {
        await edge.ask({ do: 'passwords', peer: node, passwords: ['new'] });
      }
      await hear('with-the-new-one', 4);
      await lab.cluster.apply(passwordOf('new', undefined, 'edge'));
      await hear('without-the-old-one', 5);
      assert.equal(await sinceOf(lab), before, 'sessions with the other router');
    }),
  ),

  moduleScenario('trouble-a-password-that-a-router-changes-for-one-node-at-a-time', (lab) =>
    withRouter(lab, 'frr', everyNode({ password: 'first' }), async (router) => {
      const passwordSecret = { name: 'router' };
      const spec = bgpPeer({ passwordSecret, connectTime: '1s' });
      await lab.cluster.apply(passwordOf('first'), spec, advertisement());
      const ip = await served(lab, 'web');
      await reaches(lab, router, `${ip}/32`, NODES);
      const before = await sinceOf(lab);
      await lab.cluster.apply(passwordOf('second', 'first'));
      const next = await served(lab, 'more');
      await reaches(lab, router, `${next}/32`, NODES);
      assert.equal(await sinceOf(lab), before, 'before the router changes');
      await router.setPassword('second');
      await until({ what: 'a session by the new password', deadlineMs: BACK_MS }, async () => {
        const { state, sinceMs } = (await sessionOf(lab, 'n1')) ?? {};
        return state === 'Established' && sinceMs !== before[0];
      });
      await backOn(router, ip, lab);
      const [, ...others] = await sinceOf(lab);
      assert.equal(others, before.slice(1), 'sessions by the old password');
    }),
  ),

  moduleScenario('trouble-100000-routes-of-a-router-are-no-load', (lab) =>
    withRouter(lab, 'frr', everyNode(), async (router) => {
      await lab.cluster.apply(bgpPeer(), advertisement());
      const ip = await served(lab, 'web');
      await reaches(lab, router, `${ip}/32`, NODES);
      const before = await sinceOf(lab);
      const announced = Array.from(
        { length: ROUTES },
        (_, index) => `11.${index >> 16}.${(index >> 8) & 255}.${index & 255}/32`,
      );
      const plan = { ...everyNode(), id: SECOND.ipv4, announced };
      await withRouter(
        lab,
        'bird',
        plan,
        async () => {
          const usedMib = lab.nodes.map((node) => speakerMib(lab, node));
          await lab.cluster.apply({
            ...bgpPeer({ peerAddress: SECOND.ipv4 }),
            metadata: { ...bgpPeer().metadata, name: 'edge' },
          });
          const waiting = { what: `${ROUTES} routes on each node`, deadlineMs: RECEIVED_MS };
          await until(waiting, async () => {
            const all = await Promise.all(lab.nodes.map((node) => sessionOf(lab, node, 'edge')));
            return all.every((one) => one?.receivedPrefixes === ROUTES);
          });
          lab.nodes.forEach((node, index) => {
            const grown = speakerMib(lab, node) - (usedMib[index] ?? 0);
            assert.ok(grown < MEMORY_MIB, `${node}: ${grown} MiB more`);
          });
          const more = await served(lab, 'more');
          await reaches(lab, router, `${more}/32`, NODES);
          assert.equal(await sinceOf(lab), before, 'sessions with the other router');
        },
        SECOND.host,
      );
    }),
  ),
];

const logOf = (lab: Lab) => lab.program('n1').lastLogLines(MANY_LINES);
const speakerMib = (lab: Lab, node: string) =>
  pssKibOf(lab.program(node).pidOf('speaker.mjs')) / KIB_PER_MIB;

/** Since when each node's session with the router is as it is. */
async function sinceOf(lab: Lab): Promise<(number | undefined)[]> {
  const all = await Promise.all(lab.nodes.map((node) => sessionOf(lab, node)));
  return all.map((one) => one?.sinceMs);
}

/** All nodes are ways to the IP, and n1 has nothing to say. */
async function backOn(router: Frr, ip: string, lab: Lab): Promise<void> {
  await reaches(lab, router, `${ip}/32`, NODES, BACK_MS);
  await nodeTells(lab, 'n1', DOWN, { status: 'False' });
}
