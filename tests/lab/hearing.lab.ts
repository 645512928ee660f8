import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type CapturedClaim, startCapture } from '../../lab/capture.ts';
import { delay } from '../../lab/exec.ts';
import { arpRequest, neighbourSolicitation, tagged } from '../../lab/frames.ts';
import type { Lab } from '../../lab/lab.ts';
import { ipv4On, ipv6On, macOn, POOL } from '../../lab/plan.ts';
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

export const scenarios: readonly Scenario[] = [
  // A new filter opens a second capture, which hears the first one's frames (network rule 9).
  scenario('hearing/pool-changes-under-load', { timed: true }, async (lab) => {
    const all = await freshServices(lab);
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
];

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
