import * as assert from 'uvu/assert';
import { doctorFinds } from '../../lab/doctor.ts';
import { until } from '../../lab/exec.ts';
import { killPart } from '../../lab/faults.ts';
import { ready } from '../../lab/health.ts';
import { pageOf } from '../../lab/http.ts';
import type { Lab } from '../../lab/lab.ts';
import { nodeTells } from '../../lab/node-condition.ts';
import { framesOfOnePing, loopGuard, routeByRouter, STORM } from '../../lab/ping-storm.ts';
import { POOL } from '../../lab/plan.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';

const NODE = 'n1';
const GUARD = ['--interface=eth0', `--pool=${POOL.IPv4.subnet}`, `--pool=${POOL.IPv6.subnet}`];

export const scenarios: readonly Scenario[] = [
  scenario('dataplane/loop-guard-ends-a-ping-storm', {}, async (lab) => {
    const all = await freshServices(lab);
    const ipOf = (service: string) =>
      all.find((one) => one.service === service && one.preferredNode === NODE)?.ip ?? '';
    const targets = { IPv4: ipOf('web'), IPv6: ipOf('web6') };
    const storms: number[] = [];
    await routeByRouter(lab, NODE, 'replace');
    try {
      for (const family of ['IPv4', 'IPv6'] as const) {
        storms.push(await stormOfOnePing(lab, targets[family], family));
      }
      const found = await doctorFinds(lab, NODE);
      assert.match(found.join('\n'), /^forwarding loop: a packet from eth0 .*loop guard/m);
      // Routes are looked at every minute, and soon after a start.
      killPart(lab, NODE, 'speaker.mjs');
      await ready(lab, NODE);
      assert.match(await nodeTells(lab, NODE, 'ForwardingLoop'), /192\.0\.2\..*2001:db8:2::/);
      await loopGuard(lab, NODE, 'install', ...GUARD);
      for (const family of ['IPv4', 'IPv6'] as const) {
        assert.is(
          await framesOfOnePing(lab, NODE, targets[family], family),
          2,
          `${family} refused`,
        );
        assert.match(await pageOf(lab, targets[family]), /^backend /, 'and yet served');
      }
      assert.not.match((await doctorFinds(lab, NODE)).join('\n'), 'forwarding loop');
      assert.match(await loopGuard(lab, NODE, 'install', ...GUARD), /^0 rules added, 0 removed$/m);
      assert.match(await loopGuard(lab, NODE, 'remove'), /^0 rules added, 2 removed$/m);
      await stormOfOnePing(lab, targets.IPv4, 'IPv4');
    } finally {
      await loopGuard(lab, NODE, 'remove');
      await routeByRouter(lab, NODE, 'delete');
    }
    return { unit: 'frames of one ping without guard', samples: storms };
  }),
];

/** One frame that a busy machine drops ends a storm: one of several pings has to make one. @returns its frames */
function stormOfOnePing(lab: Lab, ip: string, family: 'IPv4' | 'IPv6'): Promise<number> {
  return until({ what: `more than ${STORM} frames of one ping`, deadlineMs: 10_000 }, async () => {
    const frames = await framesOfOnePing(lab, NODE, ip, family);
    return frames > STORM && frames;
  });
}
