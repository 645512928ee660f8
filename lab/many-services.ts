import { run, until } from './exec.ts';
import { type Assignment, assignedIps, assignments, ready } from './health.ts';
import type { Lab } from './lab.ts';
import {
  classManifest,
  endpointSliceManifest,
  endpointSliceNamed,
  serviceManifest,
  serviceNamed,
} from './workload.ts';

/** Classes with room for thousands of IPs, and for as many that come and go. */
const CLASSES = [
  { className: 'many', family: 'IPv4', subnet: '198.18.0.0/17', range: '198.18.64.0/18' },
  {
    className: 'many6',
    family: 'IPv6',
    subnet: '2001:db8:18::/64',
    range: '2001:db8:18::1:0-2001:db8:18::1:ffff',
  },
] as const;

export const IPS_OF_A_SERVICE = 3;

/** One of many: every other one is of IPv6. */
export interface OneOfMany {
  readonly name: string;
  readonly index: number;
}

export async function applyService(
  lab: Lab,
  { name, index }: OneOfMany,
  count = IPS_OF_A_SERVICE,
): Promise<void> {
  const { className, family } = CLASSES[index % CLASSES.length] ?? CLASSES[0];
  await lab.cluster.apply(serviceManifest({ name, className, family, count }));
}

/** @param nodes with a pod each */
export async function applyEndpoints(
  lab: Lab,
  { name, index }: OneOfMany,
  nodes: readonly string[] = ['worker'],
): Promise<void> {
  const { family } = CLASSES[index % CLASSES.length] ?? CLASSES[0];
  const pods = nodes.map((node) => ({ pod: 'backend', node }));
  await lab.cluster.apply(endpointSliceManifest({ name, family }, pods));
}

export async function deleteService(lab: Lab, { name, index }: OneOfMany): Promise<void> {
  const { family } = CLASSES[index % CLASSES.length] ?? CLASSES[0];
  await lab.cluster.delete(serviceNamed(name));
  await lab.cluster.delete(endpointSliceNamed({ name, family }));
}

/** Services with three IPs each, as users have them. @returns the IPs, once each has an announcer */
export async function manyServices(
  lab: Lab,
  count: number,
  deadlineMs: number,
): Promise<Assignment[]> {
  for (const node of lab.nodes) await ready(lab, node);
  for (const { className, subnet, range } of CLASSES) {
    await run(['ip', '-n', lab.namespace('client'), 'route', 'replace', subnet, 'dev', 'eth0']);
    await lab.cluster.apply(classManifest({ name: className, addressPool: [range] }));
  }
  const names = Array.from({ length: count }, (_, index) => `many-${index}`);
  for (const [index, name] of names.entries()) {
    await applyService(lab, { name, index });
    await applyEndpoints(lab, { name, index });
  }
  for (const name of names) await assignedIps(lab, name, IPS_OF_A_SERVICE, deadlineMs);
  let all: readonly Assignment[] = [];
  const untold = () => all.filter((one) => one.announcer !== one.preferredNode);
  const what = () => `announcers in status, ${untold().length} of ${all.length} missing`;
  return until({ what, deadlineMs, everyMs: 2_000 }, async () => {
    const found = await assignments(lab);
    all = found;
    return found.length === IPS_OF_A_SERVICE * count && untold().length === 0 && found;
  });
}
