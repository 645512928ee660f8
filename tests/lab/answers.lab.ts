import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { startCapture } from '../../lab/capture.ts';
import { delay, until } from '../../lab/exec.ts';
import { CABLE_OUT, KILL_NODE } from '../../lab/faults.ts';
import { assertAnswers, settled } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { flushNeighbours, neighbourMac, touch } from '../../lab/neighbours.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';

const LOOK_MS = 1_000;

/** The second round of announcements has both forms of ARP. */
const SECOND_ROUND_MS = 400;

export const scenarios: readonly Scenario[] = [
  scenario('answers/only-from-the-announcer', {}, async (lab) => {
    const all = await freshServices(lab);
    const capture = await captureOn(lab, 'router');
    for (let round = 0; round < 10; round += 1) await assertAnswers(lab, all);
    await flushNeighbours(lab.namespace('router'));
    await touch(
      lab.namespace('router'),
      all.map((one) => one.ip),
    );
    await delay(LOOK_MS);
    const claims = await capture.stop();
    for (const { ip, preferredNode } of all) {
      const macs = new Set(claims.filter((one) => one.ip === ip).map((one) => one.mac));
      assert.equal([...macs], [lab.macOf(preferredNode)], `MACs ever claimed for ${ip}`);
    }
    return undefined;
  }),

  // A node whose kernel still runs goes on forwarding: only an announcement makes clients leave it.
  ...[CABLE_OUT, KILL_NODE].map((fault) =>
    scenario(`answers/neighbour-tables-flip-after-${fault.name}`, {}, async (lab) => {
      const all = await freshServices(lab);
      const moving = all.filter((one) => one.preferredNode === 'n1').map((one) => one.ip);
      for (const host of ['client', 'router']) await touch(lab.namespace(host), moving);
      await fault.strike(lab, 'n1');
      for (const host of ['client', 'router']) {
        for (const ip of moving) await flipsFrom(lab, host, ip);
      }
      await fault.repair(lab, 'n1');
      await settled(lab);
      return undefined;
    }),
  ),

  scenario('answers/takeover-is-announced-on-the-wire', { inEachShortRun: true }, async (lab) => {
    const all = await freshServices(lab);
    const moving = all.filter((one) => one.preferredNode === 'n1').map((one) => one.ip);
    // Until then n1 still announces, and nobody takes over within the time that a capture needs to begin.
    await CABLE_OUT.strike(lab, 'n1');
    const capture = await captureOn(lab, 'router');
    await delay(LOOK_MS + SECOND_ROUND_MS);
    const claims = await capture.stop();
    for (const ip of moving) {
      const announcements = claims.filter((one) => one.ip === ip && one.gratuitous);
      const macs = new Set(announcements.map((one) => one.mac));
      assert.is(macs.size, 1, `announced by one node: ${[...macs].join(' ')}`);
      assert.not([...macs].includes(lab.macOf('n1')));
      const kinds = new Set(announcements.map((one) => one.kind));
      const wanted = ip.includes(':') ? ['neighbour-advertisement'] : ['arp-reply', 'arp-request'];
      assert.equal([...kinds].sort(), wanted, `forms of announcement of ${ip}`);
    }
    await CABLE_OUT.repair(lab, 'n1');
    return undefined;
  }),
];

function captureOn(lab: Lab, host: string) {
  const file = join(lab.directory, `${host}.pcap`);
  return startCapture({ namespace: lab.namespace(host), interfaceName: 'eth0', file });
}

async function flipsFrom(lab: Lab, host: string, ip: string): Promise<void> {
  let mac: string | undefined;
  const what = () => `${host}'s entry of ${ip} away from n1, is ${mac}`;
  await until({ what, deadlineMs: 2_000 }, async () => {
    mac = await neighbourMac(lab.namespace(host), ip);
    return mac !== undefined && mac !== lab.macOf('n1');
  });
}
