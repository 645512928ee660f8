import * as assert from 'uvu/assert';
import type { ClusterObject } from '../../lab/cluster.ts';
import { ingressIps } from '../../lab/dataplane-sync.ts';
import { delay, until } from '../../lab/exec.ts';
import { CABLE_OUT } from '../../lab/faults.ts';
import { type Assignment, answeredBy, settled } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';
import { observe } from '../../lab/trial.ts';
import { CHILD_KIND } from '../../modules/metallb/src/api/names.ts';

/** Fabrics that learn where addresses are freeze one that moves too often (network rule 23). */
const HOME = 'n1';
const MOVES = 3;
const HOLD_DOWN_OVER_MS = 2_000;
/** The lab's hold-down has long ended then: a move that does not wait would be seen. */
const WAITS_MS = 5_000;
const DARK_AT_MOST_MS = 500;

export const scenarios: readonly Scenario[] = [
  scenario(
    'moves/the-fourth-waits-unless-it-is-a-takeover',
    { timed: 'in-part' },
    async (lab, alone) => {
      // A node that holds down would get its first IPs by a move.
      await delay(HOLD_DOWN_OVER_MS);
      const ours = (await freshServices(lab)).filter((one) => one.preferredNode === HOME);
      await CABLE_OUT.strike(lab, HOME);
      await counted(lab, ours, 1);
      await CABLE_OUT.repair(lab, HOME);
      await settled(lab);
      await counted(lab, ours, 2);
      await CABLE_OUT.strike(lab, HOME);
      const holders = await counted(lab, ours, MOVES);
      await CABLE_OUT.repair(lab, HOME);
      await delay(WAITS_MS);
      for (const { ip } of ours) await answeredBy(lab, ip, holders.get(ip) ?? '', 0);
      const samples: number[] = [];
      for (const holder of new Set(holders.values()))
        samples.push(...(await alone(() => takenFrom(lab, holder, holders))));
      return { unit: 'ms', samples };
    },
  ),
];

/** Waits until each IP's status counts as many moves, away from home or back there. @returns who has each */
async function counted(
  lab: Lab,
  all: readonly Assignment[],
  moves: number,
): Promise<Map<string, string>> {
  let announcers = new Map<string, { node: string; recentMoves: number }>();
  const what = () => `${moves} moves each: ${JSON.stringify([...announcers])}`;
  await until({ what, deadlineMs: 5_000 }, async () => {
    const children = await lab.cluster.list(CHILD_KIND);
    announcers = new Map(children.map((child) => [ingressIps(child)[0] ?? '', announcerOf(child)]));
    return all.every(({ ip }) => announcers.get(ip)?.recentMoves === moves);
  });
  return new Map(all.map(({ ip }) => [ip, announcers.get(ip)?.node ?? '']));
}

function announcerOf(child: ClusterObject) {
  return child.status?.['announcer'] as { node: string; recentMoves: number };
}

/** The holder's cable goes out. @returns for how long each IP was not answered */
async function takenFrom(
  lab: Lab,
  holder: string,
  holders: ReadonlyMap<string, string>,
): Promise<number[]> {
  const ips = [...holders].filter(([, node]) => node === holder).map(([ip]) => ip);
  const observation = await observe(lab);
  await CABLE_OUT.strike(lab, holder);
  for (const ip of ips) {
    const taken = { what: `${ip} away from ${holder}`, deadlineMs: 5_000 };
    await until(taken, async () => {
      const answers = await observation.watch.answers();
      return answers.some((one) => one.ip === ip && one.mac !== lab.macOf(holder));
    });
  }
  const { outcomes } = await observation.end();
  await CABLE_OUT.repair(lab, holder);
  const times = outcomes.filter((one) => ips.includes(one.ip)).map((one) => one.unansweredMs);
  for (const ms of times) assert.ok(ms < DARK_AT_MOST_MS, `unanswered for ${ms} ms`);
  return times;
}
