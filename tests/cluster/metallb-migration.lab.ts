import * as assert from 'uvu/assert';
import { ingressIps } from '../../lab/dataplane-sync.ts';
import { until } from '../../lab/exec.ts';
import { answeredBy } from '../../lab/health.ts';
import { runBackends } from '../../lab/kubernetes/backend-pods.ts';
import { Metallb } from '../../lab/kubernetes/metallb.ts';
import { applyDefinitions } from '../../lab/kubernetes/module.ts';
import type { Lab } from '../../lab/lab.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { summarise } from '../../lab/statistic.ts';
import { CLASS_KIND } from '../../modules/metallb/src/api/names.ts';
import { RECENT_MOVES_MS } from '../../modules/metallb/src/duty/duty.ts';
import { followPage } from '../journeys/reader.ts';
import {
  ASIDE,
  answererOf,
  applyExample,
  clientsReach,
  MINE,
  NOT_MINE,
  nodeOf,
  withoutMetallbObjects,
} from './metallb-lab.ts';

/** What users of MetalLB have: both families, IPs that are requested, shared, of a pool by name, for local pods. */
const EXAMPLES = [
  'metallb-pools.yaml',
  'metallb-requested-ips.yaml',
  'metallb-traffic-policy.yaml',
  'metallb-shared-ip.yaml',
  'metallb-dual-stack.yaml',
];
/** Who leaves answers until who comes is there; what is left is a handover between the two on a busy machine. */
const DARK_AT_MOST_MS = 10_000;
/** There and back moves an IP often, and what has moved three times stays where it is for so long (network rule 23). */
const SAME_NODE_WITHIN_MS = RECENT_MOVES_MS + 20_000;
/** The module's controllers are replaced one after the other, on a machine that does all else, too. */
const TAKEN_OVER_WITHIN_MS = 120_000;

export const scenarios: readonly Scenario[] = [
  scenario(
    'metallb/migration-and-rollback',
    { lab: ASIDE, stores: ['kubernetes'], isLong: true, deadlineMs: 1_200_000 },
    async (lab) => {
      const metallb = new Metallb(lab);
      await withoutClasses(lab);
      await metallb.install();
      try {
        await clientsReach(lab, '192.168.0.0/16', 'fc00:f853:ccd::/48');
        await runBackends(lab, 'web');
        for (const file of EXAMPLES) await applyExample(lab, file);
        const before = await ipsOfServices(lab);
        const announcers = await announcersOf(lab, before);
        // MetalLB's own definitions have no conditions: what this module tells of its nodes would get lost.
        await metallb.letGoOfConversion();
        await applyDefinitions(lab.kubernetes.api);
        const dark = (change: () => Promise<void>) => handOver(lab, before, announcers, change);
        const there = await dark(() => beside(lab, metallb));
        const back = await dark(() => backBeside(lab, metallb));
        const thereLater = await dark(() => afterwards(lab, metallb));
        const backLater = await dark(() => backAfterwards(lab, metallb));
        await withoutMetallbObjects(lab);
        const counts = Object.assign(
          summary('back', back),
          summary('there, MetalLB stopped first', thereLater),
          summary('back, module stopped first', backLater),
        );
        return { unit: 'ms without an answer', samples: there, counts };
      } finally {
        await metallb.remove();
      }
    },
  ),

  scenario(
    'metallb/journey-to-the-module-and-back',
    { lab: ASIDE, stores: ['kubernetes'], isLong: true, deadlineMs: 600_000 },
    async (lab) => {
      const metallb = new Metallb(lab);
      await withoutClasses(lab);
      await metallb.install();
      try {
        await clientsReach(lab, '192.168.0.0/16');
        await runBackends(lab, 'web');
        await applyExample(lab, 'metallb-traffic-policy.yaml');
        const nodes = await announcersOf(lab, await ipsOfServices(lab));
        const watch = await lab.prober.watch([...nodes.keys()], 50);
        const sameNodes = () => sameAnnouncers(lab, nodes);
        await followPage(lab, 'migrate-from-metallb', {
          '3. The module takes over': sameNodes,
          '4. And back': sameNodes,
        });
        const answers = await watch.stop();
        await withoutMetallbObjects(lab);
        const samples = [...nodes.keys()].map((ip) => answers.unansweredMs(ip));
        assert.ok(Math.max(...samples) < DARK_AT_MOST_MS, `dark for ${samples} ms`);
        return { unit: 'ms without an answer', samples };
      } finally {
        await metallb.remove();
      }
    },
  ),
];

/** As docs/migrate-from-metallb.md has it: who leaves goes on to answer until who comes is there. */
async function beside(lab: Lab, metallb: Metallb): Promise<void> {
  await metallb.stopController();
  await upgrade(lab, MINE);
  await metallb.stop();
}

async function backBeside(lab: Lab, metallb: Metallb): Promise<void> {
  await metallb.startSpeakers();
  await metallb.ready();
  await upgrade(lab, NOT_MINE);
  await metallb.startController();
}

async function afterwards(lab: Lab, metallb: Metallb): Promise<void> {
  await metallb.stop();
  await upgrade(lab, MINE);
}

async function backAfterwards(lab: Lab, metallb: Metallb): Promise<void> {
  await upgrade(lab, NOT_MINE);
  await metallb.start();
}

/** @returns once all of the module's Pods are of these values, and ready */
async function upgrade(lab: Lab, values: object): Promise<void> {
  await lab.kubernetes.installation?.release.upgrade(values);
  const where = ['--namespace=load-balancer', '--timeout=2m'];
  for (const workload of ['deployment/controller', 'daemonset/speaker']) {
    await lab.kubernetes.plane.kubectl(['rollout', 'status', workload, ...where]);
  }
}

/** Those who come from MetalLB have none, so no speaker runs yet. */
async function withoutClasses(lab: Lab): Promise<void> {
  for (const { metadata } of await lab.cluster.list(CLASS_KIND)) {
    await lab.cluster.delete({ kind: CLASS_KIND, name: metadata.name });
  }
  const speakers = () => lab.kubernetes.installation?.kubelets.programs('speaker-').size;
  const waiting = { what: () => `${speakers()} speakers gone`, deadlineMs: 60_000 };
  await until(waiting, () => speakers() === 0);
}

/** By Service, once all of them have what their examples promise. */
async function ipsOfServices(lab: Lab): Promise<ReadonlyMap<string, readonly string[]>> {
  let all = new Map<string, readonly string[]>();
  const what = () => `IPs of all Services: ${JSON.stringify([...all])}`;
  await until({ what, deadlineMs: 20_000, everyMs: 100 }, async () => {
    const services = await lab.cluster.list('Service');
    const users = services.filter(({ metadata }) => metadata.namespace === 'default');
    all = new Map(users.map((service) => [service.metadata.name, ingressIps(service)]));
    return all.size > 0 && [...all.values()].every((ips) => ips.length > 0);
  });
  return all;
}

/** By IP, as MetalLB has it: both IPs of a Service go by the first one. */
async function announcersOf(
  lab: Lab,
  services: ReadonlyMap<string, readonly string[]>,
): Promise<ReadonlyMap<string, string>> {
  const macs = new Map<string, string>();
  for (const [ip] of services.values()) if (ip) macs.set(ip, await answererOf(lab, ip));
  return macs;
}

async function sameAnnouncers(lab: Lab, macs: ReadonlyMap<string, string>): Promise<void> {
  for (const [ip, mac] of macs) await answeredBy(lab, ip, nodeOf(lab, mac), SAME_NODE_WITHIN_MS);
}

/** @returns for how long nobody answered, by IP */
async function handOver(
  lab: Lab,
  services: ReadonlyMap<string, readonly string[]>,
  announcers: ReadonlyMap<string, string>,
  change: () => Promise<void>,
): Promise<number[]> {
  const ips = [...announcers.keys()];
  const watch = await lab.prober.watch(ips, 50);
  await change();
  const changedAtMs = watch.nowMs();
  let waiting = ips;
  const what = () => `answers for ${waiting.join(' ')}`;
  await until({ what, deadlineMs: TAKEN_OVER_WITHIN_MS, everyMs: 200 }, async () => {
    const seen = (await watch.answers()).filter(({ atMs }) => atMs > changedAtMs);
    waiting = ips.filter((ip) => !seen.some((one) => one.ip === ip));
    return waiting.length === 0;
  });
  const answers = await watch.stop();
  assert.equal([...(await ipsOfServices(lab))], [...services], 'the same IPs');
  await sameAnnouncers(lab, announcers);
  return ips.map((ip) => answers.unansweredMs(ip));
}

function summary(name: string, samples: readonly number[]): Record<string, number> {
  const { p50, max } = summarise(samples);
  return { [`${name}: median`]: p50, [`${name}: max`]: max };
}
