import * as assert from 'uvu/assert';
import { delay, until } from '../../lab/exec.ts';
import { killPart } from '../../lab/faults.ts';
import { settled } from '../../lab/health.ts';
import { fetchPage } from '../../lab/http.ts';
import type { Lab } from '../../lab/lab.ts';
import { batch } from '../../lab/network.ts';
import { nodeTells } from '../../lab/node-condition.ts';
import { ipv4On, ipv6On } from '../../lab/plan.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices, standardClasses } from '../../lab/standard.ts';
import { observe } from '../../lab/trial.ts';
import type { Reach } from '../../modules/metallb/src/duty/duty.ts';

const ROUTER = { IPv4: ipv4On('public', 254), IPv6: ipv6On('public', 254) };
const SECOND_HOST = { IPv4: ipv4On('public', 102), IPv6: ipv6On('public', 102) };
/** Three rounds of a second, and up to one more until the first of them; then a heartbeat. */
const MOVED_WITHIN_MS = 5_500;
/** Longer than it takes to find out. */
const LOOK_MS = 4_500;

/** Nothing in it has to do with where the state is. */
const WIRE_ALONE = { stores: ['manifests'] } as const;
const LONG = { ...WIRE_ALONE, isLong: true } as const;

export const scenarios: readonly Scenario[] = [
  scenario('hard/gateway-out-of-reach-from-one-node', WIRE_ALONE, async (lab) => {
    await withDefaultRoutes(lab, async () => {
      await applyReachability(lab, { targets: ['gateway'] });
      await freshServices(lab);
      await reached(lab);
      const observation = await observe(lab);
      await cutFrom(lab, 'router', 'n1');
      await observation.movedFrom(lab, 'n1', MOVED_WITHIN_MS);
      const { outcomes } = await observation.end();
      for (const { ip, lost, sent, macs, preferredNode } of outcomes) {
        assert.is(lost, 0, `${ip} lost ${lost} of ${sent}`);
        if (preferredNode !== 'n1') assert.equal(macs, [lab.macOf(preferredNode)], ip);
      }
      const silent = `no answer from gateway (${ROUTER.IPv4}`;
      assert.match(await nodeTells(lab, 'n1', 'ReachabilityFailed'), silent);
      // Nobody forgets who reaches what because a process is another one.
      for (const part of ['speaker.mjs', 'wire.mjs'] as const) {
        const calm = await observe(lab);
        killPart(lab, 'n1', part);
        await delay(2_000);
        for (const { ip, macs } of (await calm.end()).outcomes) {
          assert.not.ok(macs.includes(lab.macOf('n1')), `${ip} went back as ${part} was killed`);
        }
      }
      await lab.switch.heal();
      await settled(lab);
      await nodeTells(lab, 'n1', 'ReachabilityFailed', { status: 'False' });
    });
    return undefined;
  }),

  scenario('hard/gateway-out-of-reach-from-every-node', LONG, async (lab) => {
    await withDefaultRoutes(lab, async () => {
      await applyReachability(lab, { targets: ['gateway'] });
      await freshServices(lab);
      await reached(lab);
      const observation = await observe(lab);
      await lab.switch.unplug('router', 'eth0');
      await reaches(lab, lab.nodes, 'lost');
      for (const node of lab.nodes) await nodeTells(lab, node, 'ReachabilityFailed');
      await lab.switch.plug('router', 'eth0');
      await reached(lab);
      for (const { ip, macs, lost, preferredNode } of (await observation.end()).outcomes) {
        assert.equal(macs, [lab.macOf(preferredNode)], `who answered ${ip}`);
        assert.is(lost, 0, `${ip} lost ${lost}`);
      }
    });
    return undefined;
  }),

  scenario('hard/quorum-of-targets', LONG, async (lab) => {
    const targets = [ROUTER.IPv4, ROUTER.IPv6, SECOND_HOST.IPv4, SECOND_HOST.IPv6];
    await applyReachability(lab, { targets, quorum: 2 });
    await freshServices(lab);
    await reached(lab);
    const observation = await observe(lab);
    await cutFrom(lab, 'router', 'n1');
    await delay(LOOK_MS);
    await reaches(lab, ['n1'], 'reached');
    // Without one of IPv4 or IPv6 it is below the quorum.
    await lab.switch.drop(`iifname "client2.eth0" oifname "n1.eth0" ether type ip6`);
    await observation.movedFrom(lab, 'n1', MOVED_WITHIN_MS);
    await observation.end();
    const told = await nodeTells(lab, 'n1', 'ReachabilityFailed');
    assert.match(told, `eth0: no answer from ${ROUTER.IPv4}, ${ROUTER.IPv6}, ${SECOND_HOST.IPv6}`);
    assert.match(told, '1 of 4 targets of MetalLoadBalancerClass ingress answer, 2 must');
    await lab.switch.heal();
    await settled(lab);
    return undefined;
  }),
];

async function applyReachability(lab: Lab, reachability: object): Promise<void> {
  await lab.cluster.apply(...standardClasses({ reachability }));
}

/** Until every node is sure that it reaches its targets. */
async function reached(lab: Lab): Promise<void> {
  await reaches(lab, lab.nodes, 'reached');
}

async function reaches(lab: Lab, nodes: readonly string[], wanted: Reach): Promise<void> {
  for (const node of nodes) {
    let told = '';
    const what = () => `${node} to have ${wanted} its targets: ${told}`;
    await until({ what, deadlineMs: 10_000 }, async () => {
      const page = await fetchPage(lab.namespace(node), 'http://127.0.0.1:7474/status');
      told = JSON.stringify(JSON.parse(page.body).reachability);
      return told === JSON.stringify({ eth0: wanted });
    });
  }
}

/** Out of the nodes' public interface, by a router that has other uses too. */
async function withDefaultRoutes(lab: Lab, play: () => Promise<void>): Promise<void> {
  const routes = (verb: string) =>
    Object.values(ROUTER).map((gateway) => `route ${verb} default via ${gateway} dev eth0`);
  for (const node of lab.nodes) await batch(lab.namespace(node), routes('add'));
  try {
    await play();
  } finally {
    for (const node of lab.nodes) await batch(lab.namespace(node), routes('delete'));
  }
}

/** Neither hears the other, ARP and NDP included. */
async function cutFrom(lab: Lab, host: string, node: string): Promise<void> {
  await lab.switch.drop(`iifname "${host}.eth0" oifname "${node}.eth0"`);
  await lab.switch.drop(`iifname "${node}.eth0" oifname "${host}.eth0"`);
}
