import * as assert from 'uvu/assert';
import { allAnswered, crowd } from '../../lab/crowd.ts';
import { delay, until } from '../../lab/exec.ts';
import { NODE_LOSS } from '../../lab/faults.ts';
import type { Assignment } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { nodeManifest } from '../../lab/workload.ts';

/** Switches shut ports for too many ARP broadcasts (network rule 19). */
const IPS = 150;
const ALLOWED_PER_SECOND = 50;
/** Ten announcements a second, and questions about those whose death is being confirmed. */
const SLOW_PER_SECOND = 25;
/** Who falls silent within 5 s after a burst may have been shut for it, so that its takers go slowly too. */
const BURST_OVER_MS = 11_000;
const LOOK_MS = 3_000;

export const scenarios: readonly Scenario[] = [
  scenario(
    'pacing/taker-after-a-shut-port-goes-slowly',
    { timed: 'in-part', isLong: true },
    async (lab, alone) => {
      const all = await crowd(lab, 'IPv4', IPS);
      await lab.cluster.apply(behindAllOthers('n3'));
      await delay(BURST_OVER_MS);
      try {
        const { mostPerSecond, shut } = await alone(() => takenOverByTheLast(lab, all));
        assert.not(shut, `the port of n3 is open: ${mostPerSecond} broadcasts in a second`);
        assert.ok(mostPerSecond <= SLOW_PER_SECOND, `${mostPerSecond} broadcasts in a second`);
        return { unit: 'frames/s', samples: [mostPerSecond] };
      } finally {
        await reopen(lab);
      }
    },
  ),
];

/** The port of who takes over first is shut for its burst. @returns what the next one sends */
async function takenOverByTheLast(lab: Lab, all: readonly Assignment[]) {
  const guard = await lab.guardPorts(ALLOWED_PER_SECOND);
  await NODE_LOSS.strike(lab, 'n1');
  const taken = { what: 'the port of n2 shut for its burst', deadlineMs: 3_000 };
  await until(taken, async () => (await guard.of('n2')).shut);
  await allAnswered(lab, all, () => 'n3', 5_000);
  await delay(LOOK_MS);
  return guard.of('n3');
}

/** The API calls it NotReady: it takes over only where nobody else can. */
function behindAllOthers(name: string) {
  const condition = { type: 'Ready', status: 'False', lastTransitionTime: '2026-01-01T00:00:00Z' };
  return { ...nodeManifest(name), status: { conditions: [condition] } };
}

async function reopen(lab: Lab): Promise<void> {
  await lab.switch.plug('n2', 'eth0');
  await NODE_LOSS.repair(lab, 'n1');
}
