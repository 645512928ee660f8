import * as assert from 'uvu/assert';
import { until } from '../../lab/exec.ts';
import { assignedIps } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { SECOND_POOL } from '../../lab/plan.ts';
import type { Prober } from '../../lab/prober.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { classManifest, endpointSliceManifest, serviceManifest } from '../../lab/workload.ts';

const FAMILIES = ['IPv4', 'IPv6'] as const;
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
