import * as assert from 'uvu/assert';
import { delay, until } from '../../lab/exec.ts';
import { NODE_LOSS } from '../../lab/faults.ts';
import {
  type Assignment,
  answeredBy,
  assignedIps,
  assignments,
  settled,
} from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices, STANDARD_SERVICES } from '../../lab/standard.ts';
import { serviceManifest } from '../../lab/workload.ts';
import { Ranking } from '../../modules/metallb/src/election/ranking.ts';
import { ip as ipOf } from '../support/addresses.ts';
import { STRANGER_MAC, strangerHolds } from './foreign-host.ts';
import { endpointsOn, localServices } from './local-services.ts';
import { goDownForReboot } from './reboot.ts';

/** A node that comes back holds down for a second in the lab, and asks for 200 ms. */
const BACK_FOR_MS = 4_000;
const ANSWERED_WITHIN_MS = 1_500;
const WITHDRAWN_WITHIN_MS = 1_000;
const STEADY_MS = 2_000;
const NEWS_MS = 3_000;
const UNANSWERED_AT_MOST_MS = 1_000;
/** So that for some IPs each of the nodes that are left thinks that it is the other one's turn. */
const MANY = 18;
const DRAIN = 'network.deckhouse.io/drain-balancer';
const TIMED = { timed: 'in-part' } as const;
const LONG = { ...TIMED, isLong: true } as const;

/** Nodes that know different states of the cluster (network rules 5, 6, 25). */
export const scenarios: readonly Scenario[] = [
  scenario('hard/boot-without-store-after-services-were-deleted', {}, async (lab) => {
    await freshServices(lab);
    await addServices(lab, 'lent', 'free');
    const n1 = (await settled(lab)).filter(({ preferredNode }) => preferredNode === 'n1');
    const of = (name: string) => n1.filter(({ service }) => service.startsWith(name));
    const lent = of('lent').map(({ ip }) => ip);
    assert.equal(
      [of('web'), of('lent'), of('free')].map(({ length }) => length),
      [2, 2, 2],
    );
    await goDownForReboot(lab, 'n1');
    await deleteServices(lab, 'lent', 'free');
    await strangerHolds(lab, 'add', lent);
    try {
      await lab.cluster.cutOff();
      await NODE_LOSS.repair(lab, 'n1');
      const endsAt = performance.now() + BACK_FOR_MS;
      while (performance.now() < endsAt) {
        for (const ip of lent) assert.equal(await lab.prober.macsOf(ip), [STRANGER_MAC], ip);
        for (const { ip } of of('free')) assert.equal(await lab.prober.macsOf(ip), [], ip);
        for (const { ip } of of('web')) assert.is((await lab.prober.macsOf(ip)).length, 1, ip);
      }
      for (const { ip } of of('web')) await answeredBy(lab, ip, 'n1');
      await lab.cluster.reconnect();
      await settled(lab);
      assert.is((await assignments(lab)).length, 6);
    } finally {
      await strangerHolds(lab, 'del', lent);
    }
    return undefined;
  }),

  scenario('hard/new-services-while-one-node-can-not-hear-of-them', TIMED, async (lab, alone) => {
    await freshServices(lab);
    await lab.cluster.cutOff('n1');
    const { fresh, answeredMs } = await alone(() => addNew(lab));
    const n1Mac = lab.macOf('n1');
    await onceAnswered(lab, fresh, STEADY_MS, (macs) => assert.not.ok(macs.includes(n1Mac)));
    await lab.cluster.reconnect();
    await settled(lab);
    return { unit: 'ms until all new IPs were answered', samples: [answeredMs] };
  }),

  scenario('hard/nodes-change-while-one-can-not-hear-of-it', LONG, async (lab, alone) => {
    const all = await freshServices(lab, MANY);
    await lab.cluster.cutOff('n1');
    // Where its IPs are to go now, n1 does not hear.
    await lab.cluster.change({ kind: 'Node', name: 'n2' }, { annotations: { [DRAIN]: 'true' } });
    await delay(NEWS_MS);
    const disputed = (await assignments(lab)).filter(isNobodysTurn);
    assert.ok(disputed.length > 0, 'none of which each thinks that it is the turn of the other');
    const answers = await alone(async () => {
      const watch = await lab.prober.watch(all.map(({ ip }) => ip));
      await NODE_LOSS.strike(lab, 'n2');
      await delay(STEADY_MS);
      return watch.stop();
    });
    const unanswered = all.map(({ ip }) => answers.unansweredMs(ip));
    assert.ok(Math.max(...unanswered) < UNANSWERED_AT_MOST_MS, `unanswered for ${unanswered} ms`);
    await onceAnswered(lab, all, STEADY_MS);
    await lab.cluster.reconnect();
    await lab.cluster.change({ kind: 'Node', name: 'n2' }, { annotations: { [DRAIN]: null } });
    await NODE_LOSS.repair(lab, 'n2');
    return { unit: 'ms unanswered, of each IP', samples: unanswered };
  }),

  scenario('hard/endpoints-go-while-their-node-can-not-hear-of-it', TIMED, async (lab, alone) => {
    const all = await localServices(lab, ['n1', 'n2']);
    const own = all.filter(({ preferredNode }) => preferredNode === 'n1');
    assert.is(own.length, STANDARD_SERVICES.length);
    await lab.cluster.cutOff('n1');
    await alone(async () => {
      await endpointsOn(lab, ['n2']);
      // For as long as the views may differ, both may answer.
      await delay(WITHDRAWN_WITHIN_MS);
      for (const { ip } of all) await answeredBy(lab, ip, 'n2', 0);
    });
    await onceAnswered(lab, all, STEADY_MS);
    await lab.cluster.reconnect();
    return undefined;
  }),
];

/** Services that one node does not hear of. @returns their IPs, and when all were answered */
async function addNew(lab: Lab): Promise<{ fresh: readonly Assignment[]; answeredMs: number }> {
  await addServices(lab, 'new');
  const fresh = (await assignments(lab)).filter(({ service }) => service.startsWith('new'));
  assert.is(fresh.length, 2 * lab.nodes.length);
  const begun = performance.now();
  for (const { ip } of fresh) {
    await until({ what: `${ip} answered`, deadlineMs: ANSWERED_WITHIN_MS }, async () => {
      return (await lab.prober.macsOf(ip)).length > 0;
    });
  }
  return { fresh, answeredMs: performance.now() - begun };
}

/** Of two nodes that are left, one knows that the IP is to go to n1, and n1 thinks that it is the other one's. */
function isNobodysTurn({ ip, preferredNode }: Assignment): boolean {
  const { winner } = new Ranking([['n1', 'n3']], undefined, ipOf(ip));
  return preferredNode === 'n1' && winner === 'n3';
}

/** Looks again and again: every IP has one answer, and no more. */
async function onceAnswered(
  lab: Lab,
  all: readonly { readonly ip: string }[],
  forMs: number,
  check: (macs: readonly string[]) => void = () => undefined,
): Promise<void> {
  const endsAt = performance.now() + forMs;
  while (performance.now() < endsAt) {
    for (const { ip } of all) {
      const macs = await lab.prober.macsOf(ip);
      assert.is(macs.length, 1, `${ip} is answered by ${macs.join(' and ') || 'nobody'}`);
      check(macs);
    }
  }
}

async function addServices(lab: Lab, ...names: readonly string[]): Promise<void> {
  for (const service of namedLikeStandard(names)) {
    await lab.cluster.apply(serviceManifest({ ...service, count: lab.nodes.length }));
    await assignedIps(lab, service.name, lab.nodes.length);
  }
}

/** Waits until nobody answers for their IPs any more. */
async function deleteServices(lab: Lab, ...names: readonly string[]): Promise<void> {
  const all = await assignments(lab);
  for (const { name } of namedLikeStandard(names)) {
    await lab.cluster.delete({ kind: 'Service', namespace: 'default', name });
  }
  for (const { ip, service } of all) {
    if (!names.some((name) => service.startsWith(name))) continue;
    await until({ what: `${ip} released`, deadlineMs: 5_000 }, async () => {
      return (await lab.prober.macsOf(ip)).length === 0;
    });
  }
}

/** One of each family. */
function namedLikeStandard(names: readonly string[]) {
  return names.flatMap((name) =>
    STANDARD_SERVICES.map((one) => ({ ...one, name: one.name.replace('web', name) })),
  );
}
