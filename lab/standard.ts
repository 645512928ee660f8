import { existsSync } from 'node:fs';
import { CHILD_KIND } from '../modules/metallb/src/api/names.ts';
import type { ObjectName } from './cluster.ts';
import { until } from './exec.ts';
import { type Assignment, assignedIps, settled } from './health.ts';
import { RELEASE_NAMESPACE } from './kubernetes/release.ts';
import type { Lab } from './lab.ts';
import { flushNeighbours } from './neighbours.ts';
import { bundle } from './node-programs.ts';
import { POOL } from './plan.ts';
import { signal } from './processes.ts';
import { classManifest, endpointSliceManifest, nodeManifest, serviceManifest } from './workload.ts';

/** The Services that most scenarios look at: three IPs of each family, one per node. */
export const STANDARD_SERVICES = [
  { name: 'web', className: 'ingress', family: 'IPv4' },
  { name: 'web6', className: 'ingress6', family: 'IPv6' },
] as const;

/** Starts whatever program does not run; first of all a controller and nodes without any Service. */
async function startPrograms(lab: Lab): Promise<void> {
  for (const file of ['controller.mjs', 'node.mjs']) {
    if (!existsSync(bundle(file))) throw new Error(`no ${bundle(file)}: run \`make build\` first`);
  }
  await lab.cluster.apply(...lab.nodes.map(nodeManifest), ...standardClasses());
  for (const program of lab.programs()) program.start();
}

/** Of 2,000 IPs, on these processors. */
const CHILDREN_GONE_WITHIN_MS = 30_000;

/** @param l2 of their `spec.l2`, beside the interfaces */
export function standardClasses(l2: object = {}) {
  return STANDARD_SERVICES.map(({ className, family }) =>
    classManifest({ name: className, addressPool: [POOL[family].range], l2 }),
  );
}

/** Instead of all others, one of IPv4. @returns its IPs, which nobody may answer yet */
export async function newService(lab: Lab, count = 1): Promise<string[]> {
  const [web] = STANDARD_SERVICES;
  await deleteServices(lab);
  await lab.cluster.apply(...serving(web, count));
  return assignedIps(lab, web.name, count);
}

/** Creates the standard Services anew, with `count` IPs each. @returns their IPs, settled on their nodes */
export async function freshServices(
  lab: Lab,
  count = lab.nodes.length,
  deadlineMs?: number,
): Promise<Assignment[]> {
  await deleteServices(lab);
  for (const service of STANDARD_SERVICES) await lab.cluster.apply(...serving(service, count));
  for (const { name } of STANDARD_SERVICES) await assignedIps(lab, name, count, deadlineMs);
  return settled(lab, deadlineMs);
}

function serving(service: (typeof STANDARD_SERVICES)[number], count: number) {
  const backend = [{ pod: 'backend', node: 'worker' }];
  return [serviceManifest({ ...service, count }), endpointSliceManifest(service, backend)];
}

/**
 * Deletes every Service of users and waits until the controller knows, also of their children: one made anew under the same
 * name at once would be the same Service to a controller that reads files.
 */
export async function deleteServices(lab: Lab): Promise<void> {
  const deleted: ObjectName[] = [];
  for (const kind of ['Service', 'EndpointSlice']) {
    for (const { metadata } of await lab.cluster.list(kind)) {
      const { namespace, name } = metadata;
      // Without its own Services the module judges nothing, and nobody can measure it; MetalLB's are its webhook's.
      const own: unknown[] = [RELEASE_NAMESPACE, lab.options.releaseNamespace];
      if (own.includes(namespace)) continue;
      await lab.cluster.delete({ kind, namespace, name });
      if (kind === 'Service') deleted.push({ kind, namespace, name });
    }
  }
  await until({ what: 'no children', deadlineMs: CHILDREN_GONE_WITHIN_MS }, async () => {
    return (await lab.cluster.list(CHILD_KIND)).length === 0;
  });
  await until({ what: 'Services forgotten', deadlineMs: CHILDREN_GONE_WITHIN_MS }, async () => {
    const forgotten = deleted.map((name) => lab.cluster.isForgotten(name));
    return (await Promise.all(forgotten)).every(Boolean);
  });
}

/**
 * Brings a lab back after a scenario: cables in, programs running and not frozen, standard nodes and classes, no
 * Services. New Services get other IPs and children, so nothing of the last scenario weighs on the next.
 */
export async function heal(lab: Lab): Promise<void> {
  lab.endScenario();
  await lab.cluster.reconnect();
  await lab.switch.heal();
  for (const program of lab.programs()) {
    for (const pid of program.running ? program.pids() : []) signal(pid, 'SIGCONT');
  }
  await startPrograms(lab);
  await deleteServices(lab);
  for (const { metadata } of await lab.cluster.list('MetalLoadBalancerClass')) {
    const isStandard = STANDARD_SERVICES.some(({ className }) => className === metadata.name);
    if (!isStandard)
      await lab.cluster.delete({ kind: 'MetalLoadBalancerClass', name: metadata.name });
  }
  for (const host of ['client', 'client2', 'router']) await flushNeighbours(lab.namespace(host));
}
