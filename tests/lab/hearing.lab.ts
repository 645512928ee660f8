import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type CapturedClaim, startCapture } from '../../lab/capture.ts';
import { delay, until } from '../../lab/exec.ts';
import { NODE_LOSS } from '../../lab/faults.ts';
import { arpRequest, neighbourSolicitation, tagged } from '../../lab/frames.ts';
import { type Assignment, assertAnswers, settled } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { nodeTells } from '../../lab/node-condition.ts';
import { ipv4On, ipv6On, macOn, POOL } from '../../lab/plan.ts';
import type { AnswerReport } from '../../lab/prober.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices, STANDARD_SERVICES } from '../../lab/standard.ts';
import { classManifest } from '../../lab/workload.ts';

/** What a node reads from the segment and what it passes over. */
const PROBER = {
  mac: macOn('public', 170),
  IPv4: ipv4On('public', 170),
  IPv6: ipv6On('public', 170),
};
const POOL_CHANGES = 20;
const BETWEEN_CHANGES_MS = 150;
const NOISE_IPS = Array.from({ length: 30 }, (_, index) => `10.9.1.${index + 1}`);
const REPLIES_WITHIN_MS = 300;
const OTHER_KEY = 'OtherHeartbeatKey';
/** Network rule 3: ten seconds of unanswered questions, of which the first comes within a second. */
const ABSENT = { notBeforeMs: 8_000, withinMs: 14_000 };
/** Longer than a start and the hold-down after it. */
const HANDOVERS_OVER_MS = 3_000;
/** Longer than burst, probes and failover together. */
const LOOK_MS = 3_000;

export const scenarios: readonly Scenario[] = [
  // A new filter opens a second capture, which hears the first one's frames (network rule 9).
  scenario('hearing/pool-changes-under-load', { timed: 'in-part' }, async (lab, alone) => {
    const all = await freshServices(lab);
    const report = await alone(() => whilePoolsChange(lab, all));
    for (const { ip, preferredNode } of all) {
      assert.equal(report.macsInOrder(ip), [lab.macOf(preferredNode)], `who answered ${ip}`);
      assert.ok(report.unanswered(ip) <= 1, `${report.unanswered(ip)} questions for ${ip}`);
    }
    return { unit: 'unanswered', samples: all.map((one) => report.unanswered(one.ip)) };
  }),

  scenario('hearing/a-priority-tag-is-no-vlan', {}, async (lab) => {
    const all = await freshServices(lab);
    const ips = all.map((one) => one.ip);
    const priority = await repliesTo(lab, ips, 0);
    for (const { ip, preferredNode } of all) {
      const macs = priority.filter((one) => one.ip === ip).map((one) => one.mac);
      assert.equal(macs, [lab.macOf(preferredNode)], `who answered the tagged question for ${ip}`);
    }
    assert.equal(await repliesTo(lab, ips, 100), [], 'VLAN 100 is another segment');
    return undefined;
  }),

  scenario(
    'hearing/a-node-with-another-key',
    { lab: { ownKey: ['n3'] }, deadlineMs: 120_000, isLong: true },
    async (lab) => {
      const all = await freshServices(lab);
      await stayWhereTheyBelong(lab, all);
      await nodeTells(lab, 'n1', OTHER_KEY, { message: /^eth0: heartbeats of n3 / });
      await nodeTells(lab, 'n2', OTHER_KEY, { message: /^eth0: heartbeats of n3 / });
      await nodeTells(lab, 'n3', OTHER_KEY, { message: /^eth0: heartbeats of n1, n2 / });
      for (const node of lab.nodes) await lab.program(node).killTree();
      for (const node of lab.nodes) lab.program(node).start();
      await stayWhereTheyBelong(lab, all);
      await NODE_LOSS.strike(lab, 'n3');
      const samples = await takenFrom(lab, 'n3', all);
      await NODE_LOSS.repair(lab, 'n3');
      // New ones: the old ones have moved so often by now that a planned move waits.
      await stayWhereTheyBelong(lab, await freshServices(lab));
      return { unit: 'ms', samples };
    },
  ),
];

async function whilePoolsChange(lab: Lab, all: readonly Assignment[]): Promise<AnswerReport> {
  const noise = await (await lab.proberOn('client2')).watch(NOISE_IPS);
  const watch = await lab.prober.watch(all.map((one) => one.ip));
  for (let change = 0; change < POOL_CHANGES; change += 1) {
    const { className, family } = STANDARD_SERVICES[change % 2 === 0 ? 0 : 1];
    const prefix = family === 'IPv4' ? '192.0.2.' : '2001:db8:2::';
    const extra = `${prefix}${120 + change}-${prefix}${120 + change}`;
    await lab.cluster.apply(
      classManifest({ name: className, addressPool: [POOL[family].range, extra] }),
    );
    await delay(BETWEEN_CHANGES_MS);
  }
  const report = await watch.stop();
  await noise.stop();
  return report;
}

/** Once whoever started later has its IPs back, every IP is answered by its preferred node alone, and goes on so. */
async function stayWhereTheyBelong(lab: Lab, all: readonly Assignment[]): Promise<void> {
  await settled(lab);
  await delay(HANDOVERS_OVER_MS);
  const deadline = performance.now() + LOOK_MS;
  while (performance.now() < deadline) await assertAnswers(lab, all);
}

/** The others take the lost node's IPs when questions were unanswered for long enough. @returns after how long */
async function takenFrom(lab: Lab, lost: string, all: readonly Assignment[]): Promise<number[]> {
  const from = performance.now();
  const open = new Set(all.filter((one) => one.preferredNode === lost).map(({ ip }) => ip));
  const samples: number[] = [];
  const what = () => `${[...open].join(' ')} taken from ${lost}`;
  await until({ what, deadlineMs: ABSENT.withinMs }, async () => {
    for (const ip of open) {
      const macs = await lab.prober.macsOf(ip);
      assert.ok(macs.length <= 1, `two answers for ${ip}: ${macs.join(' ')}`);
      if (macs.length === 0) continue;
      open.delete(ip);
      samples.push(Math.round(performance.now() - from));
    }
    return open.size === 0;
  });
  assert.ok(Math.min(...samples) >= ABSENT.notBeforeMs, `taken after ${samples} ms`);
  return samples;
}

/** Asks for every IP in frames with that VLAN tag. @returns what the prober is told */
async function repliesTo(
  lab: Lab,
  ips: readonly string[],
  vlanId: number,
): Promise<CapturedClaim[]> {
  const file = join(lab.directory, `vlan-${vlanId}.pcap`);
  const at = { namespace: lab.namespace('prober'), interfaceName: 'eth0', file };
  const capture = await startCapture(at);
  const { mac } = PROBER;
  const questions = ips.map((ip) =>
    ip.includes(':')
      ? neighbourSolicitation({ mac, ip: PROBER.IPv6 }, ip)
      : arpRequest({ mac, ip: PROBER.IPv4 }, ip),
  );
  await lab.prober.send(...questions.map((frame) => tagged(frame, vlanId)));
  await delay(REPLIES_WITHIN_MS);
  const claims = await capture.stop();
  return claims.filter((one) => one.destinationMac === mac && ips.includes(one.ip));
}
