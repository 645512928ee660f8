import * as assert from 'uvu/assert';
import { delay, until } from '../../lab/exec.ts';
import { NODE_LOSS } from '../../lab/faults.ts';
import { type Assignment, assertAnswers, ready } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { disputesSeen } from '../../lab/metrics.ts';
import { neighbourMac, touch } from '../../lab/neighbours.ts';
import { nodeTells } from '../../lab/node-condition.ts';
import type { Answer, Prober } from '../../lab/prober.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';
import { playFault } from '../../lab/trial.ts';
import { endpointsOn, localServices } from './local-services.ts';

/** A segment that falls in two halves with clients in each, and one that carries everything but heartbeats. */
const HERE = ['n1', 'client'];
const THERE = ['n2', 'n3', 'client2', 'prober', 'router'];
/** One in each half. */
const CLIENTS = ['client', 'client2'];
const ANNOUNCERS = ['n1', 'n2'];
const SERVED_WITHIN_MS = 2_000;
const ONE_ANSWER_WITHIN_MS = 1_000;
/** Longer than a takeover and the burst after it. */
const LOOK_MS = 3_000;
const HEARTBEATS_OF_N1 = 'iifname "n1.eth0" ether daddr 33:33:00:00:00:01 udp dport 1-65535';
/** Whoever is not heard but answers is asked once a second, and its silence has to last. */
const ASKED_TAKEOVER_MS = 1_500;

const TIMED = { timed: 'in-part' } as const;
const LONG = { ...TIMED, isLong: true } as const;
const WIRE_ALONE = { ...TIMED, stores: ['manifests'] } as const;

export const scenarios: readonly Scenario[] = [
  scenario('hard/each-half-of-a-partition-is-served', WIRE_ALONE, async (lab, alone) => {
    const all = await freshServices(lab);
    return alone(async () => {
      const ips = all.map((one) => one.ip);
      const clients = await Promise.all(CLIENTS.map((host) => lab.probe(ips, host)));
      for (const client of clients) await client.flowing();
      await lab.switch.part(HERE, THERE);
      await answeredIn(lab, await lab.proberOn('client'), ips, ['n1']);
      await answeredIn(lab, lab.prober, ips, ['n2', 'n3']);
      for (const client of clients) await client.flowing(SERVED_WITHIN_MS);
      for (const client of clients) await client.reset();
      await delay(LOOK_MS);
      const watch = await lab.prober.watch(ips);
      await lab.switch.heal();
      const healedAtMs = watch.nowMs();
      await delay(ONE_ANSWER_WITHIN_MS);
      for (const host of CLIENTS) await knowsTheAnnouncers(lab, host, all);
      const { answers } = await watch.stop();
      const samples = all.map((one) => bothAnsweredUntil(lab, answers, one) - healedAtMs);
      const slowest = Math.max(...samples);
      assert.ok(slowest < ONE_ANSWER_WITHIN_MS, `two answers until ${slowest} ms after healing`);
      for (const client of clients) {
        for (const { ip, lost, sent } of await client.report()) {
          assert.is(lost, 0, `${ip} lost ${lost} of ${sent}`);
        }
      }
      return { unit: 'ms', samples };
    });
  }),

  scenario('hard/halves-that-know-different-states-of-the-cluster', LONG, async (lab, alone) => {
    const all = await localServices(lab, ANNOUNCERS);
    return alone(async () => {
      const ips = all.map((one) => one.ip);
      await lab.switch.part(HERE, THERE);
      await lab.cluster.cutOff('n1');
      await endpointsOn(lab, ['n2']);
      await answeredIn(lab, await lab.proberOn('client'), ips, ['n1']);
      await answeredIn(lab, lab.prober, ips, ['n2']);
      for (const host of CLIENTS) await touch(lab.namespace(host), ips);
      await delay(LOOK_MS);
      const disputedBefore = await disputesSeen(lab, ANNOUNCERS);
      const watch = await lab.prober.watch(ips);
      await lab.switch.heal();
      const healedAtMs = watch.nowMs();
      await delay(LOOK_MS);
      const { answers } = await watch.stop();
      // n1 does not know yet that n2 is right: it gives way because n2's view is newer.
      const right = all.map((one) => ({ ...one, preferredNode: 'n2' }));
      for (const host of CLIENTS) await knowsTheAnnouncers(lab, host, right);
      const samples = right.map((one) => bothAnsweredUntil(lab, answers, one) - healedAtMs);
      const slowest = Math.max(...samples);
      assert.ok(slowest < ONE_ANSWER_WITHIN_MS, `two answers until ${slowest} ms after healing`);
      assert.ok((await disputesSeen(lab, ANNOUNCERS)) > disputedBefore, 'nothing was disputed');
      await lab.cluster.reconnect();
      return { unit: 'ms', samples };
    });
  }),

  scenario('hard/death-of-a-node-whose-heartbeats-are-filtered', WIRE_ALONE, async (lab, alone) => {
    const all = await freshServices(lab);
    await lab.switch.drop(HEARTBEATS_OF_N1);
    for (const node of ['n2', 'n3']) {
      await nodeTells(lab, node, 'HeartbeatsLost', { message: /n1/ });
    }
    await delay(LOOK_MS);
    await assertAnswers(lab, all);
    const outcomes = await alone(() => playFault(lab, NODE_LOSS, 'n1'));
    await lab.switch.heal();
    await NODE_LOSS.repair(lab, 'n1');
    await ready(lab, 'n1');
    for (const { ip, preferredNode, lost } of outcomes) {
      if (preferredNode !== 'n1') assert.is(lost, 0, `${ip} lost ${lost}`);
    }
    const samples = outcomes.filter((one) => one.preferredNode === 'n1').map((one) => one.darkMs);
    for (const ms of samples) assert.ok(ms < ASKED_TAKEOVER_MS, `dark for ${ms} ms`);
    return { unit: 'ms', samples };
  }),
];

/** Waits until each IP has one answer in a half of the segment, by one of its nodes. */
async function answeredIn(
  lab: Lab,
  prober: Prober,
  ips: readonly string[],
  nodes: readonly string[],
): Promise<void> {
  const theirs = nodes.map((node) => lab.macOf(node));
  for (const ip of ips) {
    let macs: string[] = [];
    const what = () => `${ip} answered by one of ${nodes}, is by ${macs.join(' ') || 'nobody'}`;
    await until({ what, deadlineMs: SERVED_WITHIN_MS }, async () => {
      macs = await prober.macsOf(ip);
      return macs.length === 1 && theirs.includes(`${macs}`);
    });
  }
}

async function knowsTheAnnouncers(
  lab: Lab,
  host: string,
  all: readonly Assignment[],
): Promise<void> {
  for (const { ip, preferredNode } of all) {
    const known = await neighbourMac(lab.namespace(host), ip);
    assert.is(known, lab.macOf(preferredNode), `where ${host} sends for ${ip}`);
  }
}

/** When another than the IP's own node answered last, on the watch's clock. */
function bothAnsweredUntil(
  lab: Lab,
  answers: readonly Answer[],
  { ip, preferredNode }: Assignment,
): number {
  const own = lab.macOf(preferredNode);
  const last = answers.findLast((one) => one.ip === ip && one.mac !== own);
  return Math.round(last?.atMs ?? 0);
}
