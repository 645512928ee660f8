import * as assert from 'uvu/assert';
import type { ClusterObject } from '../../lab/cluster.ts';
import { delay, until } from '../../lab/exec.ts';
import { type Assignment, assertAnswers, assignedIps, assignments } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import type { AnswerReport } from '../../lab/prober.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices, STANDARD_SERVICES } from '../../lab/standard.ts';
import { observe } from '../../lab/trial.ts';
import { nodeManifest, serviceManifest } from '../../lab/workload.ts';
import { ANNOTATION } from '../../modules/metallb/src/api/names.ts';

/** NotReady counts after 60 s: the nodes reach that together, as in a failure of the management network. */
const NOT_READY_COUNTS_AFTER_MS = 60_000;
const UNTIL_IT_COUNTS_MS = 2_000;
/** Longer than a failover, so that a move would be seen. */
const LOOK_MS = 2_000;
/**
 * The loser of an election answers until it has seen the winner's announcement. Where it learns later than the winner
 * that it has lost, it is the winner's next heartbeat that tells it.
 */
const BOTH_ANSWER_MS = 150;
const SHARED = { web: '192.0.2.95', web6: '2001:db8:2::95' };

export const scenarios: readonly Scenario[] = [
  scenario('election/two-services-on-one-ip', {}, async (lab) => {
    for (const standard of STANDARD_SERVICES) {
      const ip = SHARED[standard.name];
      for (const protocol of ['TCP', 'UDP']) {
        const name = `dns-${protocol.toLowerCase()}-${standard.family.toLowerCase()}`;
        const annotations = { [ANNOTATION.sharedIpKey]: 'dns', [ANNOTATION.requestedIps]: ip };
        const service = serviceManifest({ ...standard, name, count: 1, annotations });
        await lab.cluster.apply(onPort53(service, protocol));
        assert.equal(await assignedIps(lab, name, 1), [ip]);
      }
      const [first, second] = await sharers(lab, ip);
      assert.is.not(first?.preferredNode, second?.preferredNode, 'each would have another node');
      await oneAnnouncer(lab, ip);
    }
    return undefined;
  }),

  scenario('election/most-nodes-not-ready', {}, async (lab) => {
    const all = await freshServices(lab);
    const observation = await observe(lab);
    const since = Date.now() - NOT_READY_COUNTS_AFTER_MS + UNTIL_IT_COUNTS_MS;
    await lab.cluster.apply(notReady('n1', since), notReady('n2', since));
    await delay(UNTIL_IT_COUNTS_MS + LOOK_MS);
    const { outcomes } = await observation.end();
    for (const one of outcomes) {
      assert.equal(one.macs, [lab.macOf(one.preferredNode)], `who answered ${one.ip}`);
      assert.is(one.lost, 0, `${one.ip} lost ${one.lost} of ${one.sent}`);
    }
    await assertAnswers(lab, all);
    return undefined;
  }),

  scenario('election/one-node-not-ready', { inEachShortRun: true }, async (lab) => {
    await freshServices(lab);
    const observation = await observe(lab);
    await lab.cluster.apply(notReady('n1', Date.now() - NOT_READY_COUNTS_AFTER_MS));
    await observation.movedFrom(lab, 'n1');
    const { outcomes, answers } = await observation.end();
    for (const one of outcomes) {
      const before = lab.macOf(one.preferredNode);
      const after = one.macs.filter((mac) => mac !== before);
      const moves = one.preferredNode === 'n1' ? 1 : 0;
      assert.is(new Set(after).size, moves, `who answered ${one.ip}: ${one.macs.join(' ')}`);
      const overlapMs = bothAnsweredMs(answers, one.ip, before);
      assert.ok(overlapMs <= BOTH_ANSWER_MS, `both answered for ${one.ip} for ${overlapMs} ms`);
      assert.is(one.lost, 0, `${one.ip} lost ${one.lost} of ${one.sent}`);
    }
    return undefined;
  }),
];

/** From the first answer of another node than the one before to the last one of that: none where nothing moved. */
function bothAnsweredMs({ answers }: AnswerReport, ip: string, before: string): number {
  const all = answers.filter((answer) => answer.ip === ip);
  const first = all.find(({ mac }) => mac !== before)?.atMs ?? Number.POSITIVE_INFINITY;
  const last = all.findLast(({ mac }) => mac === before)?.atMs ?? Number.NEGATIVE_INFINITY;
  return Math.max(0, last - first);
}

function onPort53(service: ClusterObject, protocol: string): ClusterObject {
  const ports = [{ name: 'dns', protocol, port: 53, targetPort: 53 }];
  return { ...service, spec: { ...service.spec, ports } };
}

function notReady(name: string, sinceEpochMs: number): ClusterObject {
  const node = nodeManifest(name);
  const condition = {
    type: 'Ready',
    status: 'Unknown',
    reason: 'NodeStatusUnknown',
    message: 'kubelet stopped posting node status',
    lastTransitionTime: new Date(sinceEpochMs).toISOString(),
  };
  return { ...node, status: { conditions: [condition] } };
}

async function sharers(lab: Lab, ip: string): Promise<Assignment[]> {
  return (await assignments(lab)).filter((one) => one.ip === ip);
}

/** Both children name the same node, and it alone answers. */
async function oneAnnouncer(lab: Lab, ip: string): Promise<void> {
  let told: Assignment[] = [];
  let macs: string[] = [];
  const what = () => `one announcer of ${ip}: ${macs.join(' ')} ${JSON.stringify(told)}`;
  await until({ what, deadlineMs: 5_000 }, async () => {
    told = await sharers(lab, ip);
    macs = await lab.prober.macsOf(ip);
    const [announcer] = told.map((one) => one.announcer);
    return (
      announcer !== undefined &&
      told.every((one) => one.announcer === announcer) &&
      macs.join() === lab.macOf(announcer)
    );
  });
}
