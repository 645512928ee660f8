import { createHash } from 'node:crypto';
import { NODE_LOSS } from '../../lab/faults.ts';
import { answeredBy, assignedIps, assignments, settled } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { numberOf } from '../../lab/plan.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices, STANDARD_SERVICES } from '../../lab/standard.ts';
import { endpointSliceManifest, serviceManifest } from '../../lab/workload.ts';

const NODE = 'n1';

/** Whom Deckhouse's speaker lets announce. */
export const scenarios: readonly Scenario[] = [
  scenario('hard/deckhouse-case-59-preferred-node-else-first-by-hash', {}, async (lab) => {
    // Settled: each is answered by its preferred node alone.
    const all = await freshServices(lab);
    await NODE_LOSS.strike(lab, NODE);
    const others = lab.nodes.filter((node) => node !== NODE);
    for (const { ip, preferredNode } of all) {
      const expected = preferredNode === NODE ? firstByHash(others, ip) : preferredNode;
      await answeredBy(lab, ip, expected);
    }
    await NODE_LOSS.repair(lab, NODE);
    await settled(lab);
    return undefined;
  }),

  scenario('hard/deckhouse-case-60-local-policy-without-ready-pod', {}, async (lab) => {
    const others = lab.nodes.filter((node) => node !== NODE);
    await applyLocal(lab, others);
    for (const { name } of STANDARD_SERVICES) await assignedIps(lab, name, lab.nodes.length);
    const all = await assignments(lab);
    for (const { ip, preferredNode } of all) {
      const expected = preferredNode === NODE ? firstByHash(others, ip) : preferredNode;
      await answeredBy(lab, ip, expected);
    }
    await applyLocal(lab, lab.nodes);
    for (const { ip, preferredNode } of all) await answeredBy(lab, ip, preferredNode);
    return undefined;
  }),
];

/** Lowest sha256 of `node#ip`, as MetalLB and Deckhouse order nodes. */
function firstByHash(nodes: readonly string[], ip: string): string {
  const digest = (node: string) => createHash('sha256').update(`${node}#${ip}`).digest('hex');
  return nodes.toSorted((a, b) => (digest(a) < digest(b) ? -1 : 1))[0] ?? '';
}

/** A pod on every node, ready on these alone. */
async function applyLocal(lab: Lab, readyOn: readonly string[]): Promise<void> {
  for (const service of STANDARD_SERVICES) {
    const pods = lab.nodes.map((node) => ({
      pod: `pod${numberOf(node)}`,
      node,
      ready: readyOn.includes(node),
    }));
    await lab.cluster.apply(
      serviceManifest({ ...service, externalTrafficPolicy: 'Local' }),
      endpointSliceManifest(service, pods),
    );
  }
}
