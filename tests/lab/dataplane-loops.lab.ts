import * as assert from 'uvu/assert';
import { doctorFinds } from '../../lab/doctor.ts';
import { killPart } from '../../lab/faults.ts';
import { ready } from '../../lab/health.ts';
import { pageOf } from '../../lab/http.ts';
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
        storms.push(await framesOfOnePing(lab, NODE, targets[family], family));
      }
      assert.ok(Math.min(...storms) > STORM, `${storms} frames of one ping`);
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
      assert.ok((await framesOfOnePing(lab, NODE, targets.IPv4, 'IPv4')) > STORM, 'as before');
    } finally {
      await loopGuard(lab, NODE, 'remove');
      await routeByRouter(lab, NODE, 'delete');
    }
    return { unit: 'frames of one ping without guard', samples: storms };
  }),
];
