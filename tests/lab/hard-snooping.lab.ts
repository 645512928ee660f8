import * as assert from 'uvu/assert';
import { allAnswered, crowd } from '../../lab/crowd.ts';
import { delay, tryRun } from '../../lab/exec.ts';
import { NODE_LOSS } from '../../lab/faults.ts';
import { assertAnswers, settled } from '../../lab/health.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';
import { playFault } from '../../lab/trial.ts';

/** Switches that pass multicast on only to who has joined: questions for IPv6 addresses are multicast. */
const MEMBERSHIPS_OVER_MS = 4_000;
const UNANSWERED_AT_MOST_MS = 500;
/** Option memory of a socket, in bytes, by the default of most kernels in use: room for 365 groups. */
const OPTION_MEMORY = 20_480;
const MANY = 600;
const MANY_WITHIN_MS = 90_000;

export const scenarios: readonly Scenario[] = [
  scenario(
    'hard/switch-that-snoops-multicast',
    { timed: 'in-part', stores: ['manifests'] },
    async (lab, alone) => {
      await lab.switch.snoopMulticast({ querier: true });
      const all = await freshServices(lab);
      // Now only who answers the querier's questions is still a member.
      await delay(MEMBERSHIPS_OVER_MS);
      await assertAnswers(lab, all);
      const [own] = all.filter(
        ({ ip, preferredNode }) => ip.includes(':') && preferredNode === 'n1',
      );
      const group = `ff02::1:ff00:${own?.ip.split(':').at(-1)}`;
      assert.ok((await lab.switch.joinedGroups('n1', 'eth0')).includes(group), `n1 in ${group}`);
      assert.not.ok((await lab.switch.joinedGroups('n2', 'eth0')).includes(group), 'and n2 not');
      const outcomes = await alone(() => playFault(lab, NODE_LOSS, 'n1'));
      await NODE_LOSS.repair(lab, 'n1');
      const samples = outcomes
        .filter((one) => one.preferredNode === 'n1')
        .map((one) => one.unansweredMs);
      for (const ms of samples) assert.ok(ms < UNANSWERED_AT_MOST_MS, `unanswered for ${ms} ms`);
      await lab.switch.snoopMulticast({ querier: false });
      await settled(lab);
      return { unit: 'ms', samples };
    },
  ),

  scenario(
    'hard/hundreds-of-groups-on-a-switch-that-snoops',
    { isLong: true, lab: { nodes: 1 }, deadlineMs: 180_000 },
    async (lab) => {
      await lab.switch.snoopMulticast({ querier: true });
      // Kernels that have one setting for all namespaces are old enough to have that default.
      const setting = `net.core.optmem_max=${OPTION_MEMORY}`;
      await tryRun(['ip', 'netns', 'exec', lab.namespace('n1'), 'sysctl', '-qw', setting]);
      const all = await crowd(lab, 'IPv6', MANY, MANY_WITHIN_MS);
      await delay(MEMBERSHIPS_OVER_MS);
      const joined = await lab.switch.joinedGroups('n1', 'eth0');
      assert.ok(joined.length >= MANY, `member of ${joined.length} groups`);
      await allAnswered(lab, all, () => 'n1');
      return undefined;
    },
  ),
];
