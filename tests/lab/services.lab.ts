import * as assert from 'uvu/assert';
import { tells } from '../../lab/condition.ts';
import { ingressIps } from '../../lab/dataplane-sync.ts';
import { until } from '../../lab/exec.ts';
import {
  answeredBy,
  answeredByNobody,
  assignedIps,
  assignments,
  settled,
} from '../../lab/health.ts';
import { pageOf } from '../../lab/http.ts';
import type { Lab } from '../../lab/lab.ts';
import { ipv4On, ipv6On } from '../../lab/plan.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { deleteServices, freshServices, STANDARD_SERVICES } from '../../lab/standard.ts';
import {
  classManifest,
  endpointSliceManifest,
  serviceManifest,
  serviceNamed,
} from '../../lab/workload.ts';

const BALANCER_LABEL = 'node-role.kubernetes.io/loadbalancer';
const COUNT = 'network.deckhouse.io/l2-load-balancer-external-ips-count';
const REQUESTED = 'network.deckhouse.io/load-balancer-ips';
const CLIENT_NUMBER = 101;

export const scenarios: readonly Scenario[] = [
  scenario(
    'services/local-traffic-policy-follows-endpoints',
    { inEachShortRun: true },
    async (lab) => {
      for (const service of STANDARD_SERVICES) {
        const podAt = (node: string) =>
          endpointSliceManifest(service, [{ pod: `pod${node.slice(1)}`, node }]);
        await lab.cluster.apply(
          serviceManifest({ ...service, externalTrafficPolicy: 'Local' }),
          podAt('n1'),
        );
        const ips = await assignedIps(lab, service.name, 3);
        const clientIp =
          service.family === 'IPv4'
            ? ipv4On('public', CLIENT_NUMBER)
            : ipv6On('public', CLIENT_NUMBER);
        for (const node of ['n1', 'n2']) {
          await lab.cluster.apply(podAt(node));
          for (const ip of ips) await answeredBy(lab, ip, node);
          await until({ what: `pod of ${node}`, deadlineMs: 2_000 }, async () => {
            const page = await pageOf(lab, ips[0] ?? '').catch(() => '');
            return page === `pod${node.slice(1)} ${clientIp}`;
          });
        }
      }
      return undefined;
    },
  ),

  scenario('services/count-raised-and-lowered', { inEachShortRun: true }, async (lab) => {
    await freshServices(lab, 1);
    for (const count of [3, 2, 1]) {
      for (const service of STANDARD_SERVICES) {
        const before = await currentIps(lab, service.name);
        await lab.cluster.apply(serviceManifest({ ...service, count }));
        const now = await assignedIps(lab, service.name, count);
        const kept = before.filter((ip) => now.includes(ip));
        assert.is(kept.length, Math.min(before.length, count), 'the others keep their IPs');
        const gone = before.filter((ip) => !now.includes(ip));
        for (const ip of gone) await answeredByNobody(lab, ip);
      }
      await settled(lab);
    }
    return undefined;
  }),

  scenario('services/auto-count-follows-the-group', { inEachShortRun: true }, async (lab) => {
    const n3 = { kind: 'Node', name: 'n3' };
    await lab.cluster.change(n3, { labels: { [BALANCER_LABEL]: null } });
    for (const service of STANDARD_SERVICES) {
      await lab.cluster.apply(serviceManifest({ ...service, count: 'auto' }));
    }
    for (const { name } of STANDARD_SERVICES) await assignedIps(lab, name, 2);
    await lab.cluster.change(n3, { labels: { [BALANCER_LABEL]: '' } });
    for (const { name } of STANDARD_SERVICES) await assignedIps(lab, name, 3);
    const three = await settled(lab);
    assert.equal(new Set(three.map((one) => one.preferredNode)).size, 3, 'one IP per node');
    await lab.cluster.change(n3, { labels: { [BALANCER_LABEL]: null } });
    await until({ what: 'no IP on n3', deadlineMs: 5_000 }, async () => {
      const all = await assignments(lab);
      return all.every((one) => one.preferredNode !== 'n3');
    });
    await settled(lab);
    for (const { name } of STANDARD_SERVICES) await assignedIps(lab, name, 3);
    return undefined;
  }),

  scenario('services/requested-ips', { inEachShortRun: true }, async (lab) => {
    const wishes = {
      web: ['192.0.2.97', '192.0.2.98'],
      web6: ['2001:db8:2::97', '2001:db8:2::98'],
    };
    for (const service of STANDARD_SERVICES) {
      const wish = wishes[service.name];
      const annotations = { [REQUESTED]: wish.join(', ') };
      await lab.cluster.apply(serviceManifest({ ...service, count: 2, annotations }));
      assert.equal(await assignedIps(lab, service.name, 2), wish);
    }
    await settled(lab);
    return undefined;
  }),

  scenario('services/exhausted-pool', { inEachShortRun: true }, async (lab) => {
    const pools = { IPv4: '192.0.2.200-192.0.2.200', IPv6: '2001:db8:2::200-2001:db8:2::200' };
    for (const { name, family } of STANDARD_SERVICES) {
      const className = `small-${family.toLowerCase()}`;
      await lab.cluster.apply(
        classManifest({ name: className, addressPool: [pools[family]] }),
        serviceManifest({ name, className, family, count: 2 }),
      );
      await assignedIps(lab, name, 1);
      await tells(lab, serviceNamed(name), {
        type: 'AllPublicIPsAssigned',
        status: 'False',
        reason: 'NotAllIPsAssigned',
        message: /1 of 2 public IPs were assigned/,
      });
    }
    await settled(lab);
    return undefined;
  }),

  scenario('services/bad-annotation', { inEachShortRun: true }, async (lab) => {
    for (const service of STANDARD_SERVICES) {
      await lab.cluster.apply(serviceManifest({ ...service, count: 'many' }));
      await assignedIps(lab, service.name, 1);
      await tells(lab, serviceNamed(service.name), { message: new RegExp(COUNT) });
    }
    return undefined;
  }),

  scenario('services/deleted-and-created-again', { inEachShortRun: true }, async (lab) => {
    const all = await freshServices(lab);
    await deleteServices(lab);
    for (const { ip } of all) await answeredByNobody(lab, ip);
    const left = await lab.cluster.list('SDNInternalL2LBService');
    assert.is(left.length, 0, 'children go with their Service');
    const again = await freshServices(lab);
    assert.is(again.length, all.length);
    return undefined;
  }),
];

async function currentIps(lab: Lab, name: string): Promise<string[]> {
  return ingressIps(await lab.cluster.read(serviceNamed(name)));
}
