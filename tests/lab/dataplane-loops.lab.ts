import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { startCapture } from '../../lab/capture.ts';
import { doctorFinds } from '../../lab/doctor.ts';
import { delay, run, tryRun } from '../../lab/exec.ts';
import { killPart } from '../../lab/faults.ts';
import { ready } from '../../lab/health.ts';
import { pageOf } from '../../lab/http.ts';
import type { Lab } from '../../lab/lab.ts';
import { batch } from '../../lab/network.ts';
import { nodeTells } from '../../lab/node-condition.ts';
import { bundle } from '../../lab/node-programs.ts';
import { ipv4On, ipv6On, POOL } from '../../lab/plan.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';

const ROUTER_NUMBER = 254;
const NODE = 'n1';
const ROUTER = { IPv4: ipv4On('public', ROUTER_NUMBER), IPv6: ipv6On('public', ROUTER_NUMBER) };
const GUARD = ['--interface=eth0', `--pool=${POOL.IPv4.subnet}`, `--pool=${POOL.IPv6.subnet}`];
/** 63 are due; some kernels end a loop between namespaces of one host after 32. */
const STORM = 30;
/** Request, and what came of it. */
const ECHOES = {
  IPv4: 'icmp[icmptype] == icmp-echo or icmp[icmptype] == icmp-unreach',
  IPv6: 'icmp6 and (ip6[40] == 128 or ip6[40] == 1)',
} as const;

export const scenarios: readonly Scenario[] = [
  scenario('dataplane/loop-guard-ends-a-ping-storm', {}, async (lab) => {
    const all = await freshServices(lab);
    const ipOf = (service: string) =>
      all.find((one) => one.service === service && one.preferredNode === NODE)?.ip ?? '';
    const targets = { IPv4: ipOf('web'), IPv6: ipOf('web6') };
    const storms: number[] = [];
    await route(lab, 'replace');
    try {
      for (const family of ['IPv4', 'IPv6'] as const) {
        storms.push(await framesOfOnePing(lab, targets[family], family));
      }
      assert.ok(Math.min(...storms) > STORM, `${storms} frames of one ping`);
      const found = await doctorFinds(lab, NODE);
      assert.match(found.join('\n'), /^forwarding loop: a packet from eth0 .*loop guard/m);
      // Routes are looked at every minute, and soon after a start.
      killPart(lab, NODE, 'speaker.mjs');
      await ready(lab, NODE);
      assert.match(await nodeTells(lab, NODE, 'ForwardingLoop'), /192\.0\.2\..*2001:db8:2::/);
      await guard(lab, 'install', ...GUARD);
      for (const family of ['IPv4', 'IPv6'] as const) {
        assert.is(await framesOfOnePing(lab, targets[family], family), 2, `${family} refused`);
        assert.match(await pageOf(lab, targets[family]), /^backend /, 'and yet served');
      }
      assert.not.match((await doctorFinds(lab, NODE)).join('\n'), 'forwarding loop');
      assert.match(await guard(lab, 'install', ...GUARD), /^0 rules added, 0 removed$/m);
      assert.match(await guard(lab, 'remove'), /^0 rules added, 2 removed$/m);
      assert.ok((await framesOfOnePing(lab, targets.IPv4, 'IPv4')) > STORM, 'as before');
    } finally {
      await guard(lab, 'remove');
      await route(lab, 'delete');
    }
    return { unit: 'frames of one ping without guard', samples: storms };
  }),
];

/** The node's default route is the router, as with most nodes, and the client is behind that router. */
async function route(lab: Lab, verb: 'replace' | 'delete'): Promise<void> {
  await batch(lab.namespace(NODE), [
    `route ${verb} default via ${ROUTER.IPv4} dev eth0`,
    `route ${verb} default via ${ROUTER.IPv6} dev eth0`,
  ]);
  const way = verb === 'replace' ? (via: string) => `via ${via} dev eth0` : () => 'dev eth0';
  await batch(lab.namespace('client'), [
    `route replace ${POOL.IPv4.subnet} ${way(ROUTER.IPv4)}`,
    `route replace ${POOL.IPv6.subnet} ${way(ROUTER.IPv6)}`,
  ]);
}

async function framesOfOnePing(lab: Lab, ip: string, family: 'IPv4' | 'IPv6'): Promise<number> {
  const capture = await startCapture({
    namespace: lab.namespace(NODE),
    interfaceName: 'eth0',
    file: join(lab.directory, `ping-${family}-${Date.now()}.pcap`),
    filter: ECHOES[family],
  });
  const ping = ['ping', '-c', '1', '-W', '1', '-t', '64', ip];
  await tryRun(['ip', 'netns', 'exec', lab.namespace('client'), ...ping]);
  await delay(200);
  return (await capture.stopWithFrames()).length;
}

async function guard(lab: Lab, ...words: readonly string[]): Promise<string> {
  const mlb = [process.execPath, bundle('mlb.mjs'), 'loop-guard', ...words];
  return run(['ip', 'netns', 'exec', lab.namespace(NODE), ...mlb]);
}
