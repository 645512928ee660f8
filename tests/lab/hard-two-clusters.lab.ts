import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type CapturedClaim, startCapture } from '../../lab/capture.ts';
import { ingressIps } from '../../lab/dataplane-sync.ts';
import { delay, until } from '../../lab/exec.ts';
import { type Assignment, assertAnswers, ready } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { metricOf } from '../../lab/metrics.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { type SecondCluster, startSecondCluster } from '../../lab/second-cluster.ts';
import { freshServices, STANDARD_SERVICES } from '../../lab/standard.ts';
import { observe } from '../../lab/trial.ts';
import { classManifest, serviceManifest } from '../../lab/workload.ts';
import { ANNOTATION, CHILD_KIND, CONDITION } from '../../modules/metallb/src/api/names.ts';

const REQUESTED = 'network.deckhouse.io/load-balancer-ips';
/** Beside the lab's own, and on the same subnets. */
const OTHER_POOL = { IPv4: '192.0.2.200-192.0.2.210', IPv6: '2001:db8:2::200-2001:db8:2::210' };
const SIDE_BY_SIDE_MS = 3_000;
/** The burst of a new announcement ends after 2 s. */
const BURST_OVER_MS = 2_500;
const QUARREL_MS = 6_000;
/** RFC 5227 §2.4 (c): a defence is two frames within ten seconds; each cluster has one, and a second may begin. */
const MOST_FRAMES = 8;
/** Neither hears the other, and nobody on the wire tells them apart. */
const STORES = ['manifests'] as const;
/** A conflict is over when nothing was claimed for a minute. */
const LONG = { stores: STORES, deadlineMs: 150_000, isLong: true };

export const scenarios: readonly Scenario[] = [
  scenario('hard/two-clusters-on-one-segment', { stores: STORES }, async (lab) => {
    const all = await freshServices(lab);
    const dropped = await droppedHeartbeats(lab);
    const observation = await observe(lab);
    const second = await startSecondCluster(lab, 'side-by-side');
    try {
      for (const { name, className, family } of STANDARD_SERVICES) {
        const addressPool = [OTHER_POOL[family]];
        await second.cluster.apply(
          classManifest({ name: className, addressPool }),
          serviceManifest({ name, className, family, count: second.nodes.length }),
        );
      }
      const theirs = await theirIps(second, 2 * second.nodes.length);
      for (const ip of theirs) await answeredByOneOf(lab, ip, second.macs);
      await delay(SIDE_BY_SIDE_MS);
      for (const ip of theirs) await answeredByOneOf(lab, ip, second.macs);
      const { outcomes } = await observation.end();
      for (const one of outcomes) {
        assert.equal(one.macs, [lab.macOf(one.preferredNode)], `who answered ${one.ip}`);
        assert.is(one.lost, 0, `${one.ip} lost ${one.lost}`);
      }
      assert.equal(
        await droppedHeartbeats(lab),
        dropped,
        'heartbeats of the other cluster were read',
      );
      assert.equal(await conflictsOf(lab), []);
    } finally {
      await second.stop();
    }
    await assertAnswers(lab, all);
    return undefined;
  }),

  scenario('hard/two-clusters-with-the-same-pool', LONG, async (lab) => {
    const all = await freshServices(lab);
    await delay(BURST_OVER_MS);
    const second = await startSecondCluster(lab, 'same-pool');
    try {
      for (const node of second.nodes) await ready(lab, node);
      const wanted = await theyWant(second, all, {});
      // A fresh IP is asked for first, and who has it answers.
      await theyTell(second, wanted, /not announced until/);
      // Until then, who asks is answered by both (RFC 4429 §3.3).
      await delay(BURST_OVER_MS);
      await assertAnswers(lab, all);
      await theyWant(second, all, { [ANNOTATION.forceAddress]: 'true' });
      await theyTell(second, wanted, /announced all the same/);
      await until({ what: 'both clusters tell', deadlineMs: 15_000 }, async () => {
        const told = await conflictsOf(lab);
        return wanted.every((ip) => told.includes(ip));
      });
      await delay(BURST_OVER_MS);
      const claims = await claimsMeanwhile(lab);
      for (const ip of wanted) {
        const told = claims.filter((one) => one.ip === ip && isAnnouncement(one));
        assert.ok(told.length <= MOST_FRAMES, `${told.length} announcements of ${ip}`);
      }
    } finally {
      await second.stop();
    }
    await until({ what: 'no conflict any more', deadlineMs: 80_000 }, async () => {
      return (await conflictsOf(lab)).length === 0;
    });
    return undefined;
  }),
];

/** Of each family one IP that the lab's cluster has. @returns them */
async function theyWant(
  second: SecondCluster,
  all: readonly Assignment[],
  annotations: Readonly<Record<string, string>>,
): Promise<string[]> {
  const wanted: string[] = [];
  for (const { name, className, family } of STANDARD_SERVICES) {
    const ip = all.find((one) => one.service === name)?.ip ?? '';
    wanted.push(ip);
    const ask = { [REQUESTED]: ip, ...annotations };
    await second.cluster.apply(
      classManifest({ name: className, addressPool: [`${ip}-${ip}`] }),
      serviceManifest({ name, className, family, count: 1, annotations: ask }),
    );
  }
  return wanted;
}

async function theirIps(second: SecondCluster, count: number): Promise<string[]> {
  let ips: string[] = [];
  const what = () => `${count} IPs of the other cluster, has ${ips.join(' ')}`;
  return until({ what, deadlineMs: 15_000 }, async () => {
    ips = (await second.cluster.list(CHILD_KIND)).flatMap(ingressIps);
    return ips.length === count && ips;
  });
}

async function answeredByOneOf(lab: Lab, ip: string, macs: readonly string[]): Promise<void> {
  let answers: string[] = [];
  const what = () => `${ip} answered by one of ${macs.join(' ')}, is by ${answers.join(' ')}`;
  await until({ what, deadlineMs: 10_000 }, async () => {
    answers = await lab.prober.macsOf(ip);
    return answers.length === 1 && macs.includes(answers[0] ?? '');
  });
}

/** Waits until the children of these IPs tell a conflict so. */
async function theyTell(second: SecondCluster, ips: readonly string[], message: RegExp) {
  let told: Told[] = [];
  const what = () => `${ips.join(' ')} told ${message}: ${JSON.stringify(told)}`;
  await until({ what, deadlineMs: 15_000 }, async () => {
    told = await conflictsIn(second.cluster);
    return ips.every((ip) => told.some((one) => one.ip === ip && message.test(one.message)));
  });
}

interface Told {
  readonly ip: string;
  readonly message: string;
}

/** IPs of the lab's own cluster that a child calls held by another host. */
async function conflictsOf(lab: Lab): Promise<string[]> {
  return (await conflictsIn(lab.cluster)).map(({ ip }) => ip);
}

async function conflictsIn(cluster: Pick<Lab['cluster'], 'list'>): Promise<Told[]> {
  const children = await cluster.list(CHILD_KIND);
  return children.flatMap((child) => {
    const conditions = (child.status?.['conditions'] ?? []) as Record<string, string>[];
    const told = conditions.find(
      (one) => one['type'] === CONDITION.addressConflict && one['status'] === 'True',
    );
    const [ip] = ingressIps(child);
    return told === undefined || ip === undefined ? [] : [{ ip, message: told['message'] ?? '' }];
  });
}

async function claimsMeanwhile(lab: Lab): Promise<CapturedClaim[]> {
  const file = join(lab.directory, 'two-clusters.pcap');
  const capture = await startCapture({
    namespace: lab.namespace('prober'),
    interfaceName: 'eth0',
    file,
  });
  await delay(QUARREL_MS);
  return capture.stop();
}

/** Told to everybody. */
function isAnnouncement(claim: CapturedClaim): boolean {
  return claim.gratuitous && /^(?:ff|33:33)/.test(claim.destinationMac) && claim.ip !== '0.0.0.0';
}

/** By node, since its program started. */
function droppedHeartbeats(lab: Lab): Promise<number[]> {
  const heartbeats = { protocol: 'heartbeat' };
  const of = (node: string) => metricOf(lab, node, 'metallb_wire_dropped_frames_total', heartbeats);
  return Promise.all(lab.nodes.map(of));
}
