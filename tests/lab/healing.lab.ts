import * as assert from 'uvu/assert';
import { delay, until } from '../../lab/exec.ts';
import { NODE_LOSS } from '../../lab/faults.ts';
import type { Lab } from '../../lab/lab.ts';
import { believe, neighbourMac } from '../../lab/neighbours.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';

/** A segment falls in two, both halves serve everything, and it is one again (network rule 20). */
const ALONE = 'n1';
/** The burst with which winners tell that they stay ends after 2 s. */
const TOLD_AFTER_MS = 3_000;
const LOOK_MS = 2_000;

export const scenarios: readonly Scenario[] = [
  scenario('healing/clients-know-the-winner', { timed: true }, async (lab) => {
    const all = await freshServices(lab);
    const lost = all.filter((one) => one.preferredNode !== ALONE);
    const ips = lost.map((one) => one.ip);
    const probe = await lab.probe(ips);
    await probe.flowing();
    await splitUntilBothServe(lab, ips);
    for (const ip of ips) await believe(lab.namespace('client'), ip, lab.macOf(ALONE));
    await lab.switch.heal();
    await delay(TOLD_AFTER_MS);
    await dropAnnouncements(lab);
    await probe.flowing();
    await probe.reset();
    await NODE_LOSS.strike(lab, ALONE);
    await delay(LOOK_MS);
    for (const one of await probe.report()) {
      assert.is(one.lost, 0, `${one.ip} lost ${one.lost} of ${one.sent}`);
    }
    for (const { ip, preferredNode } of lost) {
      assert.is(await clientsMac(lab, ip), lab.macOf(preferredNode));
    }
    return undefined;
  }),
];

/** Hosts go on hearing both halves, and ask. */
async function splitUntilBothServe(lab: Lab, ips: readonly string[]): Promise<void> {
  const others = lab.nodes.filter((node) => node !== ALONE).map((node) => `"${node}.eth0"`);
  const rest = `{ ${others.join(', ')} }`;
  await lab.switch.drop(`iifname "${ALONE}.eth0" oifname ${rest}`);
  await lab.switch.drop(`iifname ${rest} oifname "${ALONE}.eth0"`);
  let single = ips.length;
  const what = () => `two answers for each IP, ${single} have not`;
  await until({ what, deadlineMs: 10_000 }, async () => {
    const seen = await answersFor(lab, ips);
    single = seen.filter((macs) => macs.length !== 2).length;
    return single === 0;
  });
}

function answersFor(lab: Lab, ips: readonly string[]): Promise<string[][]> {
  return Promise.all(ips.map((ip) => lab.prober.macsOf(ip)));
}

/** What a host asks and is told in person still passes, and so do heartbeats. */
async function dropAnnouncements(lab: Lab): Promise<void> {
  await lab.switch.drop('ether daddr ff:ff:ff:ff:ff:ff');
  await lab.switch.drop('ether daddr 33:33:00:00:00:01 icmpv6 type nd-neighbor-advert');
}

function clientsMac(lab: Lab, ip: string): Promise<string | undefined> {
  return neighbourMac(lab.namespace('client'), ip);
}
