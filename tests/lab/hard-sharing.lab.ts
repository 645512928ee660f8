import * as assert from 'uvu/assert';
import type { ClusterObject } from '../../lab/cluster.ts';
import { isSilentOn, tells } from '../../lab/condition.ts';
import { until } from '../../lab/exec.ts';
import { answeredBy, assignedIps, assignments } from '../../lab/health.ts';
import { pageOf } from '../../lab/http.ts';
import type { Lab } from '../../lab/lab.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { STANDARD_SERVICES } from '../../lab/standard.ts';
import {
  endpointSliceManifest,
  type ServiceWish,
  serviceManifest,
  serviceNamed,
} from '../../lab/workload.ts';
import { SERVICE_CONDITION } from '../../modules/metallb/src/api/conditions.ts';
import { ANNOTATION } from '../../modules/metallb/src/api/names.ts';

const SHARED = { IPv4: '192.0.2.93', IPv6: '2001:db8:2::93' };
const LOCAL = { IPv4: '192.0.2.94', IPv6: '2001:db8:2::94' };
const FLOWS_WITHIN_MS = 5_000;

type Family = (typeof STANDARD_SERVICES)[number];

/** Several Services on one IP: as long as they have one key and no port in common, and for Local policy the same pods. */
export const scenarios: readonly Scenario[] = [
  scenario('hard/several-services-on-one-ip', {}, async (lab) => {
    for (const family of STANDARD_SERVICES) {
      await lab.cluster.apply(
        ...sharer(family, 'first', { port: 80 }),
        ...sharer(family, 'second', { port: 8080 }),
      );
      const ip = SHARED[family.family];
      for (const name of ['first', 'second']) await holds(lab, family, name, ip);
      await onePageEach(lab, ip, { 80: 'pod1', 8080: 'pod2' });
      await refusesTheRest(lab, family);
      await onePageEach(lab, ip, { 80: 'pod1', 8080: 'pod2' });
      // The port is free, and whoever waits for it does not have to be told.
      await lab.cluster.delete(serviceNamed(nameOf(family, 'first')));
      await holds(lab, family, 'same-port', ip);
      await isSilentOn(lab, named(family, 'same-port'), SERVICE_CONDITION.ipsAssignable);
      await onePageEach(lab, ip, { 80: 'pod3', 8080: 'pod2' });
    }
    return undefined;
  }),

  scenario('hard/services-with-local-policy-on-one-ip', {}, async (lab) => {
    const local = { ip: LOCAL, externalTrafficPolicy: 'Local' } as const;
    for (const family of STANDARD_SERVICES) {
      const ip = LOCAL[family.family];
      for (const node of ['n1', 'n2']) {
        const pod = `pod${node.slice(1)}`;
        const place = { ...local, app: 'dns', pod, node };
        await lab.cluster.apply(
          ...sharer(family, 'udp', { ...place, port: 80 }),
          ...sharer(family, 'tcp', { ...place, port: 8080 }),
        );
        for (const name of ['udp', 'tcp']) await holds(lab, family, name, ip);
        await answeredBy(lab, ip, node);
        await onePageEach(lab, ip, { 80: pod, 8080: pod });
      }
      await lab.cluster.apply(...sharer(family, 'other', { ...local, port: 8081 }));
      await refused(
        lab,
        family,
        'other',
        'SharingRefused',
        /other pods \(externalTrafficPolicy Local/,
      );
      await lab.cluster.apply(...sharer(family, 'cluster', { ip: LOCAL, app: 'dns', port: 8082 }));
      await refused(
        lab,
        family,
        'cluster',
        'SharingRefused',
        /other pods \(externalTrafficPolicy Local/,
      );
      await answeredBy(lab, ip, 'n2');
    }
    return undefined;
  }),
];

async function refusesTheRest(lab: Lab, family: Family): Promise<void> {
  await lab.cluster.apply(
    ...sharer(family, 'same-port', { port: 80, pod: 'pod3' }),
    ...sharer(family, 'other-key', { port: 8081, key: 'another' }),
    ...sharer(family, 'no-key', { port: 8082, key: undefined }),
  );
  await refused(lab, family, 'same-port', 'SharingRefused', /which has the same port TCP\/80/);
  await refused(lab, family, 'other-key', 'SharingRefused', /under another key, "k"/);
  await refused(lab, family, 'no-key', 'RequestedIpInUse', /only with those who have its sharing/);
}

interface SharerWish extends Pick<ServiceWish, 'port' | 'app' | 'externalTrafficPolicy'> {
  readonly ip?: Readonly<Record<'IPv4' | 'IPv6', string>>;
  readonly key?: string | undefined;
  readonly pod?: string;
  readonly node?: string;
}

/** A Service that wants the IP, and its pod: of the first pod1, of the second pod2. */
function sharer(family: Family, name: string, wish: SharerWish): ClusterObject[] {
  const { ip = SHARED, pod = name === 'first' ? 'pod1' : 'pod2', node, ...rest } = wish;
  const key = 'key' in wish ? wish.key : 'k';
  const annotations = {
    [ANNOTATION.requestedIps]: ip[family.family],
    ...(key !== undefined && { [ANNOTATION.sharedIpKey]: key }),
  };
  const service = { ...family, name: nameOf(family, name), count: 1 };
  return [
    serviceManifest({ ...service, ...rest, annotations }),
    endpointSliceManifest(service, [{ pod, node: node ?? `n${pod.slice(3)}` }]),
  ];
}

function nameOf({ name }: Family, part: string): string {
  return `${part}-${name}`;
}

function named(family: Family, part: string) {
  return serviceNamed(nameOf(family, part));
}

async function holds(lab: Lab, family: Family, name: string, ip: string): Promise<void> {
  assert.equal(await assignedIps(lab, nameOf(family, name), 1), [ip]);
}

async function refused(
  lab: Lab,
  family: Family,
  name: string,
  reason: string,
  message: RegExp,
): Promise<void> {
  const type = SERVICE_CONDITION.ipsAssignable;
  await tells(lab, named(family, name), { type, status: 'False', reason, message });
  assert.equal(await assignedIps(lab, nameOf(family, name), 0), []);
}

/** One node answers for the IP, all children name it, and each port leads to its own pods. */
async function onePageEach(
  lab: Lab,
  ip: string,
  podByPort: Readonly<Record<number, string>>,
): Promise<void> {
  const what = `${ip} leads to ${JSON.stringify(podByPort)}`;
  await until({ what, deadlineMs: FLOWS_WITHIN_MS }, async () => {
    for (const [port, pod] of Object.entries(podByPort)) {
      const page = await pageOf(lab, ip, Number(port)).catch(() => '');
      if (!page.startsWith(`${pod} `)) return false;
    }
    const sharers = (await assignments(lab)).filter((one) => one.ip === ip);
    const [announcer = ''] = sharers.map((one) => one.announcer);
    const macs = await lab.prober.macsOf(ip);
    return (
      sharers.every((one) => one.announcer === announcer) && macs.join() === lab.macOf(announcer)
    );
  });
}
