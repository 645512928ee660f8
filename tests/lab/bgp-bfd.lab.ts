import * as assert from 'uvu/assert';
import type { ClusterObject } from '../../lab/cluster.ts';
import { delay, until } from '../../lab/exec.ts';
import { killPart, NODE_LOSS } from '../../lab/faults.ts';
import type { Lab } from '../../lab/lab.ts';
import { nodeTells } from '../../lab/node-condition.ts';
import { signal } from '../../lab/processes.ts';
import type { Bird } from '../../lab/routers/bird.ts';
import type { Frr } from '../../lab/routers/frr.ts';
import { kernelNextHops } from '../../lab/routers/router.ts';
import type { Scenario } from '../../lab/scenario.ts';
import { POD_PORT } from '../../lab/workload.ts';
import { BFD_PORT } from '../../modules/metallb/src/packet/bfd.ts';
import {
  advertisement,
  bgpPeer,
  everyNode,
  moduleScenario,
  NODES,
  object,
  passwordOf,
  served,
} from './bgp-module.ts';
import { ROUTER, reaches, withRouter } from './bgp-sessions.ts';
import { everythingTold, holds } from './everything-told.ts';

/** BFD beside BGP: the whole product on nodes, FRR's bgpd with its bfdd on the router. */
const FAST_MS = 50;
/** BGP alone would notice nothing for longer than any scenario waits. */
const SLOW_BGP = { bfdMs: FAST_MS, holdSeconds: 90 } as const;
/** What a BFDProfile asks for that says nothing. */
const DEFAULT_MS = 300;
const OUT_MS = 300;
/** A session that ends begins anew after a second. */
const WAITS_MS = 5_000;
const TRIALS = 3;
/** Killed, hanging, and killed again: the third is a spare of a spare. */
const KILLS = 3;
/** Until bfdd has a spare that has loaded its program. */
const SPARE_MS = 2_500;
const [FIRST = '', SECOND = ''] = NODES;
/** As long as they may be. */
const KEYS = { first: 'open-sesame-the-door', second: 'swordfish-and-a-half' } as const;
const SIGNED_MS = 200;
/** A router that hears AdminDown ends BGP, and both sides wait before they try again. */
const BEGINS_ANEW_MS = 15_000;
const DOWN = 'BgpSessionDown';

function profile(ms: number) {
  return object('BFDProfile', 'quick', { spec: { receiveInterval: ms, transmitInterval: ms } });
}

/** All nodes have sessions of both kinds, and a Service is announced. @returns its IP */
async function begin(lab: Lab, router: Frr, ms: number): Promise<string> {
  await lab.cluster.apply(profile(ms), bgpPeer({ bfdProfile: 'quick' }), advertisement());
  const ip = await served(lab, 'web');
  await allReach(lab, router, ip);
  return ip;
}

/** By both protocols. */
async function allReach(lab: Lab, router: Frr, ip: string): Promise<void> {
  await reaches(lab, router, `${ip}/32`, NODES);
  await until({ what: 'BFD with all nodes', deadlineMs: 10_000, everyMs: 50 }, async () => {
    const sessions = await Promise.all(NODES.map((node) => router.bfd(node)));
    return sessions.every((session) => session?.status === 'up');
  });
}

/** With the key of a Secret, by which the router knows it, too. */
function signedProfile(ms: number): ClusterObject {
  const { metadata, ...rest } = profile(ms);
  const annotations = { 'network.deckhouse.io/bfd-authentication-secret': 'bfd' };
  return { ...rest, metadata: { ...metadata, annotations } };
}

function bfdKey(key: string): ClusterObject {
  return passwordOf(key, undefined, 'bfd');
}

async function signedUp(lab: Lab, router: Bird): Promise<void> {
  await until({ what: 'BFD with all nodes', deadlineMs: 10_000, everyMs: 50 }, async () => {
    const states = await Promise.all(NODES.map((node) => router.bfd(node)));
    return states.every((state) => state === 'up');
  });
  await nodeTells(lab, 'n1', DOWN, { status: 'False' });
}

/** Secrets of the cluster, and what the router goes by. */
function isToHoldKey(file: string): boolean {
  return /\/(manifests|manifests-for-[^/]*|router-[^/]*)\//.test(file);
}

/** @returns milliseconds until the router's kernel has no way over the node any more */
async function lose(lab: Lab, prefix: string, node: string, address: string): Promise<number> {
  const at = performance.now();
  const struck = NODE_LOSS.strike(lab, node);
  const host = lab.namespace(ROUTER.host);
  const gone = { what: `no route over ${node}`, deadlineMs: 20_000, everyMs: 5 };
  await until(gone, async () => !(await kernelNextHops(host, prefix, 'bgp')).includes(address));
  const ms = performance.now() - at;
  await struck;
  return ms;
}

function bfddOf(lab: Lab, node: string): number {
  return lab.program(node).pidOf('bfdd.mjs');
}

/** Another process than before. */
function isRestarted(lab: Lab, node: string, before: number): boolean {
  try {
    return bfddOf(lab, node) !== before;
  } catch {
    return false;
  }
}

export const scenarios: readonly Scenario[] = [
  moduleScenario(
    'bfd-a-dead-node-is-out-of-the-routes-in-0.3-s',
    async (lab, alone) => {
      const samples: number[] = [];
      await withRouter(lab, 'frr', everyNode(SLOW_BGP), async (router) => {
        const ip = await begin(lab, router, FAST_MS);
        await alone(async () => {
          for (let trial = 0; trial < TRIALS; trial += 1) {
            await allReach(lab, router, ip);
            samples.push(await lose(lab, `${ip}/32`, 'n2', SECOND));
            await NODE_LOSS.repair(lab, 'n2');
          }
        });
        await allReach(lab, router, ip);
      });
      for (const ms of samples) assert.ok(ms < OUT_MS, `${ms} ms`);
      return { unit: 'ms', samples };
    },
    { timed: 'in-part' },
  ),

  moduleScenario(
    'bfd-killed-or-hanging-bfdd-is-missed-by-nobody',
    async (lab, alone) => {
      const play = async (router: Frr) => {
        const ip = await begin(lab, router, DEFAULT_MS);
        const traffic = await lab.probe([ip], ROUTER.host, { httpPort: POD_PORT });
        await traffic.flowing();
        await traffic.reset();
        for (let time = 0; time < KILLS; time += 1) {
          await delay(SPARE_MS);
          const before = bfddOf(lab, 'n1');
          if (time % 2 === 0) killPart(lab, 'n1', 'bfdd.mjs');
          else signal(before, 'SIGSTOP');
          const again = { what: 'another bfdd', deadlineMs: 3_000, everyMs: 5 };
          await until(again, () => isRestarted(lab, 'n1', before));
        }
        await delay(SPARE_MS);
        const session = await router.bfd(FIRST);
        assert.equal([session?.status, session?.['session-down']], ['up', 0]);
        const [report] = await traffic.report();
        assert.is(report?.lost, 0);
        await reaches(lab, router, `${ip}/32`, NODES);
      };
      const plan = everyNode({ bfdMs: DEFAULT_MS });
      await withRouter(lab, 'frr', plan, (router) => alone(() => play(router)));
      return undefined;
    },
    { timed: 'in-part' },
  ),

  moduleScenario('bfd-a-dead-router-ends-BGP-at-once-which-waits-for-BFD', (lab) =>
    withRouter(lab, 'frr', everyNode(SLOW_BGP), async (router) => {
      const ip = await begin(lab, router, FAST_MS);
      await lab.switch.unplug(ROUTER.host, 'eth0');
      await nodeTells(lab, 'n1', 'BgpSessionDown', { message: /BFD: nothing came from the peer/ });
      await lab.switch.plug(ROUTER.host, 'eth0');
      await reaches(lab, router, `${ip}/32`, NODES);
      await nodeTells(lab, 'n1', 'BgpSessionDown', { status: 'False' });
    }),
  ),

  // Ours reach the router no more, all else does: it says Down, and BGP alone would begin anew at once.
  moduleScenario('bfd-a-path-of-one-direction-carries-no-BGP', (lab) =>
    withRouter(lab, 'frr', everyNode(SLOW_BGP), async (router) => {
      const ip = await begin(lab, router, FAST_MS);
      await lab.switch.drop(`ip saddr ${FIRST} udp dport ${BFD_PORT.singleHop}`);
      await reaches(lab, router, `${ip}/32`, NODES.slice(1));
      await nodeTells(lab, 'n1', 'BgpSessionDown', { message: /BFD: the peer's session is Down/ });
      await delay(WAITS_MS);
      assert.not(await router.isEstablished(FIRST), 'no session without a path');
      await lab.switch.heal();
      await allReach(lab, router, ip);
    }),
  ),

  moduleScenario(
    'bfd-shut-down-by-the-router-while-BGP-goes-on',
    (lab) =>
      withRouter(lab, 'frr', everyNode(SLOW_BGP), async (router) => {
        const ip = await begin(lab, router, FAST_MS);
        const sessions = await router.sessionsWith(FIRST);
        assert.ok(sessions > 0);
        await router.shutDownBfd(FAST_MS);
        await until({ what: 'the end of BFD', deadlineMs: 5_000 }, () => says(lab, 'AdminDown'));
        await lab.cluster.apply(bgpPeer());
        await until({ what: 'no bfdd', deadlineMs: 5_000 }, () => !isThere(lab, 'n1'));
        await reaches(lab, router, `${ip}/32`, NODES);
        assert.is(await router.sessionsWith(FIRST), sessions, 'the session is the same');
      }),
    { timed: true },
  ),

  // FRR ends BGP where its neighbour shuts BFD down, although RFC 5882 §3.2 would have it go on.
  moduleScenario('bfd-taken-from-a-peer-costs-no-more-than-a-new-session', (lab) =>
    withRouter(lab, 'frr', everyNode(SLOW_BGP), async (router) => {
      const ip = await begin(lab, router, FAST_MS);
      await lab.cluster.apply(bgpPeer());
      await until({ what: 'no bfdd', deadlineMs: 5_000 }, () => !isThere(lab, 'n1'));
      await reaches(lab, router, `${ip}/32`, NODES);
    }),
  ),

  moduleScenario(
    'bfd-signed-with-the-key-of-a-Secret',
    (lab) =>
      withRouter(
        lab,
        'bird',
        everyNode({ bfdMs: SIGNED_MS, bfdKey: KEYS.first }),
        async (router) => {
          await lab.cluster.apply(
            ...[signedProfile(SIGNED_MS), bgpPeer({ bfdProfile: 'quick' }), advertisement()],
          );
          const ip = await served(lab, 'web');
          const missing =
            /Secret metallb-system\/bfd, which holds the key of its BFD, does not exist/;
          await nodeTells(lab, 'n1', DOWN, { message: missing });
          await reaches(lab, router, `${ip}/32`, []);
          await lab.cluster.apply(bfdKey(KEYS.first));
          await reaches(lab, router, `${ip}/32`, NODES);
          await signedUp(lab, router);

          // Whoever has another key is not believed, and BGP does without, as where nobody speaks BFD.
          await lab.cluster.apply(bfdKey(KEYS.second));
          const other = /its BFD is not Up: the peer signs with another key; BGP goes on without/;
          await nodeTells(lab, 'n1', DOWN, { message: other });
          await reaches(lab, router, `${ip}/32`, NODES, BEGINS_ANEW_MS);
          await router.setBfdKey(KEYS.second);
          await signedUp(lab, router);
          await reaches(lab, router, `${ip}/32`, NODES);

          const told = await everythingTold(lab, isToHoldKey);
          const keys = Object.values(KEYS).map((key) => Buffer.from(key));
          const leaks = told.filter((one) => keys.some((key) => holds(one, key)));
          assert.equal(
            leaks.map(({ name }) => name),
            [],
            'a key is told here',
          );
        },
      ),
    { isLong: true },
  ),

  // Its bfdd falls silent without an AdminDown.
  moduleScenario(
    'bfd-forgotten-by-the-router-is-not-waited-for-for-ever',
    (lab) =>
      withRouter(lab, 'frr', everyNode(SLOW_BGP), async (router) => {
        const ip = await begin(lab, router, FAST_MS);
        await router.forgetBfd(FIRST);
        await reaches(lab, router, `${ip}/32`, NODES.slice(1));
        const forgotten = { what: 'BGP without BFD', deadlineMs: 45_000 };
        await until(forgotten, () => router.isEstablished(FIRST));
        await reaches(lab, router, `${ip}/32`, NODES);
      }),
    { isLong: true },
  ),
];

function says(lab: Lab, standing: string): boolean {
  const lines = lab.program('n1').lastLogLines(20);
  return lines.some((line) => line.includes(`"bfd":"${standing}"`));
}

function isThere(lab: Lab, node: string): boolean {
  try {
    return bfddOf(lab, node) > 0;
  } catch {
    return false;
  }
}
