import * as assert from 'uvu/assert';
import { until } from '../../lab/exec.ts';
import { assignedIps } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { nodeTells } from '../../lab/node-condition.ts';
import { SECOND_POOL } from '../../lab/plan.ts';
import type { Prober } from '../../lab/prober.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { classManifest, endpointSliceManifest, serviceManifest } from '../../lab/workload.ts';

const FAMILIES = ['IPv4', 'IPv6'] as const;
const MISSING = 'eth9';
/** On eth0 beside what the lab's standard classes hold. */
const SIDES = [
  {
    interfaceName: 'eth0',
    range: { IPv4: '192.0.2.110-192.0.2.119', IPv6: '2001:db8:2::110-2001:db8:2::119' },
  },
  {
    interfaceName: 'eth1',
    range: { IPv4: SECOND_POOL.IPv4.range, IPv6: SECOND_POOL.IPv6.range },
  },
] as const;

export const scenarios: readonly Scenario[] = [
  scenario('classes/each-on-its-own-interface', { lab: { secondSegment: true } }, async (lab) => {
    const probers = { eth0: lab.prober, eth1: await lab.secondProber() };
    for (const side of SIDES) {
      for (const family of FAMILIES) {
        const ips = await applyClass(lab, side.interfaceName, family, side.range[family]);
        const [wrong] = SIDES.filter((other) => other !== side);
        for (const ip of ips) {
          await answeredByOne(probers[side.interfaceName], ip);
          const elsewhere = await probers[wrong?.interfaceName ?? 'eth0'].macsOf(ip);
          assert.equal(elsewhere, [], `${ip} is silent on the other interface`);
        }
      }
    }
    return undefined;
  }),

  scenario('classes/an-interface-that-no-node-has', {}, async (lab) => {
    const ips: string[] = [];
    for (const family of FAMILIES) {
      ips.push(...(await applyClass(lab, MISSING, family, SIDES[0].range[family])));
    }
    for (const node of lab.nodes) {
      const message = await nodeTells(lab, node, 'InterfaceMissing');
      assert.match(message, `${MISSING}: not up on this node`);
      assert.match(message, `MetalLoadBalancerClass ${MISSING}-ipv4, ${MISSING}-ipv6: `);
    }
    for (const ip of ips) assert.equal(await lab.prober.macsOf(ip), []);
    for (const family of FAMILIES) {
      const name = `${MISSING}-${family.toLowerCase()}`;
      const addressPool = [SIDES[0].range[family]];
      await lab.cluster.apply(classManifest({ name, addressPool, interfaces: [MISSING, 'eth0'] }));
    }
    for (const ip of ips) await answeredByOne(lab.prober, ip);
    for (const node of lab.nodes)
      await nodeTells(lab, node, 'InterfaceMissing', { status: 'False' });
    return undefined;
  }),
];

async function applyClass(
  lab: Lab,
  interfaceName: string,
  family: 'IPv4' | 'IPv6',
  range: string,
): Promise<string[]> {
  const name = `${interfaceName}-${family.toLowerCase()}`;
  await lab.cluster.apply(
    classManifest({ name, addressPool: [range], interfaces: [interfaceName] }),
    serviceManifest({ name, className: name, family }),
    endpointSliceManifest({ name, family }, [{ pod: 'backend', node: 'worker' }]),
  );
  return assignedIps(lab, name, 3);
}

async function answeredByOne(prober: Prober, ip: string): Promise<void> {
  const waiting = { what: `one answer for ${ip}`, deadlineMs: 5_000 };
  await until(waiting, async () => (await prober.macsOf(ip)).length === 1);
}
