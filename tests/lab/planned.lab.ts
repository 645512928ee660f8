import { delay } from '../../lab/exec.ts';
import { CABLE_OUT, NODE_LOSS } from '../../lab/faults.ts';
import { ready, settled } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { type Alone, type Measurement, type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices } from '../../lab/standard.ts';
import { BALANCER_LABEL } from '../../lab/workload.ts';
import { nothingLostOf, putUnderLoad, stayedPut } from './load.ts';

const NODE = { kind: 'Node', name: 'n1' };
const DRAIN = 'network.deckhouse.io/drain-balancer';
const EXCLUDE = 'node.kubernetes.io/exclude-from-external-load-balancers';
/**
 * From the write of a drain to SIGTERM. A node looks around for half a second before it takes SIGTERM for a restart:
 * a drain that reaches it by then counts, also one that was still on its way.
 */
const DRAIN_TO_SIGTERM_MS = [0, 50, 100, 200];

/** A busy machine loses packets by itself. */
const IN_PART = { timed: 'in-part' } as const;

export const scenarios: readonly Scenario[] = [
  scenario('planned/drain', IN_PART, async (lab, alone) => {
    await freshServices(lab);
    return alone(() =>
      losesNothing(lab, async (moved) => {
        await lab.cluster.change(NODE, { annotations: { [DRAIN]: 'true' } });
        await moved();
      }),
    );
  }),

  scenario('planned/exclude-label', { ...IN_PART, isLong: true }, async (lab, alone) => {
    await freshServices(lab);
    return alone(() =>
      losesNothing(lab, async (moved) => {
        await lab.cluster.change(NODE, { labels: { [EXCLUDE]: '' } });
        await moved();
      }),
    );
  }),

  ...DRAIN_TO_SIGTERM_MS.map((delayMs) =>
    // At once is the hardest; the others are other places of the same handover.
    scenario(
      `planned/drain-then-sigterm-after-${delayMs}-ms`,
      { ...IN_PART, isLong: delayMs > 0 },
      async (lab, alone) => {
        await freshServices(lab);
        return alone(() =>
          losesNothing(lab, async (moved) => {
            await lab.cluster.change(NODE, { annotations: { [DRAIN]: 'true' } });
            await delay(delayMs);
            await lab.program(NODE.name).stop();
            await NODE_LOSS.strike(lab, NODE.name);
            await moved();
          }),
        );
      },
    ),
  ),

  scenario('planned/node-leaves-the-group', IN_PART, async (lab, alone) => {
    await freshServices(lab);
    return alone(() =>
      losesNothing(lab, async (moved) => {
        await lab.cluster.change(NODE, { labels: { [BALANCER_LABEL]: null } });
        await moved();
      }),
    );
  }),

  scenario('planned/failback', IN_PART, async (lab, alone) => {
    await freshServices(lab);
    await CABLE_OUT.strike(lab, NODE.name);
    await delay(1_000);
    return alone(() =>
      losesNothing(lab, async () => {
        await CABLE_OUT.repair(lab, NODE.name);
        await settled(lab);
      }),
    );
  }),

  // The next one restarts this node, too.
  scenario('planned/sigterm', { ...IN_PART, isLong: true }, (lab, alone) =>
    staysPut(lab, ['n1'], alone),
  ),

  scenario('planned/rolling-restart-of-three', IN_PART, (lab, alone) =>
    staysPut(lab, lab.nodes, alone),
  ),

  scenario(
    'planned/rolling-restart-of-two',
    { ...IN_PART, lab: { nodes: 2 }, isLong: true },
    (lab, alone) => staysPut(lab, lab.nodes, alone),
  ),
];

/** A planned move: no probe lost, neither by a client that knows all MACs nor by one that forgets them all the time. */
async function losesNothing(
  lab: Lab,
  move: (moved: () => Promise<void>) => Promise<void>,
): Promise<Measurement> {
  const load = await putUnderLoad(lab);
  await move(() => load.observation.movedFrom(lab, NODE.name));
  await delay(1_000);
  const { all, tcpBroken } = await load.end();
  const sent = nothingLostOf(all);
  return { unit: 'lost', samples: all.map((one) => one.lost), counts: { sent, tcpBroken } };
}

/** A restart of node programs: no packet lost, no IP on another node, no TCP connection broken. */
async function staysPut(lab: Lab, nodes: readonly string[], alone: Alone): Promise<Measurement> {
  await freshServices(lab);
  return alone(() => restarted(lab, nodes));
}

async function restarted(lab: Lab, nodes: readonly string[]): Promise<Measurement> {
  const load = await putUnderLoad(lab);
  for (const node of nodes) {
    await lab.program(node).stop();
    lab.program(node).start();
    await ready(lab, node);
    await settled(lab);
    await delay(500);
  }
  return stayedPut(lab, load);
}
