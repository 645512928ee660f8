import { type Assignment, answeredBy, assignments } from '../../lab/health.ts';
import type { Lab } from '../../lab/lab.ts';
import { numberOf } from '../../lab/plan.ts';
import { freshServices, STANDARD_SERVICES } from '../../lab/standard.ts';
import { endpointSliceManifest, serviceManifest } from '../../lab/workload.ts';

/** Services whose clients' addresses stay, with endpoints on some nodes only. */
export async function localServices(lab: Lab, nodes: readonly string[]): Promise<Assignment[]> {
  await freshServices(lab);
  await endpointsOn(lab, nodes);
  for (const service of STANDARD_SERVICES) {
    const manifest = serviceManifest({ ...service, count: lab.nodes.length });
    const spec = { ...manifest.spec, externalTrafficPolicy: 'Local' };
    await lab.cluster.apply({ ...manifest, spec });
  }
  const all = await assignments(lab);
  for (const { ip, preferredNode } of all) {
    if (nodes.includes(preferredNode)) await answeredBy(lab, ip, preferredNode);
  }
  return all;
}

/** Pods move: the Services have endpoints on these nodes and no others. */
export async function endpointsOn(lab: Lab, nodes: readonly string[]): Promise<void> {
  const backends = nodes.map((node) => ({ pod: `pod${numberOf(node)}`, node }));
  for (const service of STANDARD_SERVICES) {
    await lab.cluster.apply(endpointSliceManifest(service, backends));
  }
}
