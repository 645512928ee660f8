import * as assert from 'uvu/assert';
import { allAnswered, crowd } from '../../lab/crowd.ts';
import { delay, until } from '../../lab/exec.ts';
import { NODE_LOSS } from '../../lab/faults.ts';
import type { Lab } from '../../lab/lab.ts';
import { believeAll, ipsBelievedAt } from '../../lab/neighbours.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';

/** As many IPs and nodes as a segment may have. */
const PER_FAMILY = 1_000;
const MANY_WITHIN_MS = 120_000;
const FLOWING_WITHIN_MS = 1_000;
/** Who falls silent within 5 s after a burst may have been shut for it, and its takers go slowly (network rule 19). */
const BURST_OVER_MS = 20_000;
const SAMPLE = 20;
/** Asking for 2,000 IPs takes a second, and a question that got lost is asked again. */
const EVERYBODY_ASKED_MS = 8_000;

export const scenarios: readonly Scenario[] = [
  scenario(
    'hard/two-thousand-ips-and-a-node-dies',
    { timed: true, isLong: true, deadlineMs: 300_000 },
    async (lab) => {
      const all = [
        ...(await crowd(lab, 'IPv4', PER_FAMILY, MANY_WITHIN_MS)),
        ...(await crowd(lab, 'IPv6', PER_FAMILY, MANY_WITHIN_MS)),
      ];
      await delay(BURST_OVER_MS);
      const lost = all.filter((one) => one.preferredNode === 'n1');
      const ips = lost.map((one) => one.ip);
      const mac = lab.macOf('n1');
      await believeAll(
        lab.namespace('client'),
        ips.map((ip) => ({ ip, mac })),
      );
      assert.is((await ipsBelievedAt(lab.namespace('client'), mac)).size, ips.length);
      const sample = ips.filter((_, index) => index % Math.floor(ips.length / SAMPLE) === 0);
      const probe = await lab.probe(sample, 'client2', { intervalMs: 10 });
      await probe.flowing();
      await probe.reset();
      const struckAt = performance.now();
      await NODE_LOSS.strike(lab, 'n1');
      await nobodyBelievedAt(lab, mac, ips);
      const allFlowMs = performance.now() - struckAt;
      await probe.flowing();
      const reports = await probe.report();
      const samples = reports.map((one) => one.darkMs);
      await NODE_LOSS.repair(lab, 'n1');
      assert.ok(allFlowMs < FLOWING_WITHIN_MS, `${ips.length} IPs after ${allFlowMs} ms`);
      assert.ok(Math.max(...samples) < FLOWING_WITHIN_MS, `dark for ${Math.max(...samples)} ms`);
      await allAnswered(lab, all, (one) => one.preferredNode, EVERYBODY_ASKED_MS + 10_000);
      return { unit: 'ms', samples, counts: { moved: ips.length, allFlowMs } };
    },
  ),
];

/** Every IP of the dead node has been announced by another one, and the client's kernel took it in. */
async function nobodyBelievedAt(lab: Lab, mac: string, ips: readonly string[]): Promise<void> {
  let left: readonly string[] = [];
  const what = () => `${left.length} IPs still sent to ${mac}, e.g. ${left[0]}`;
  await until({ what, deadlineMs: 10_000, everyMs: 20 }, async () => {
    const believed = await ipsBelievedAt(lab.namespace('client'), mac);
    left = ips.filter((ip) => believed.has(ip));
    return left.length === 0;
  });
}
