import { type Check, ok, unknown, wrong } from './doctor-check.ts';
import type { ClassReport, ServiceReport, StatusReport } from './status-report.ts';

/** What the cluster state itself complains about. */
export function checkCluster(report: StatusReport): Check[] {
  const unreadable = report.unreadable.flatMap(({ kind, name, problems }) =>
    problems.map((problem) => wrong(`${kind} ${name}`, problem)),
  );
  return [
    ...report.problems.map((problem) => wrong('manifests', problem)),
    ...unreadable,
    ...(report.classes.length === 0
      ? [unknown('classes', 'there is no MetalLoadBalancerClass: nothing is announced')]
      : report.classes.flatMap(checkClass)),
    ...checkServices(report.services),
    ...report.nodes.flatMap(({ name, problems }) =>
      problems.map((problem) => wrong(`node ${name}`, problem)),
    ),
  ];
}

function checkClass({ name, nodes, ipsUsed, ipsTotal, problems }: ClassReport): Check[] {
  const about = `class ${name}`;
  const found = problems.map((problem) => wrong(about, problem));
  if (nodes.length === 0) {
    found.push(wrong(about, 'no node matches spec.nodeSelector: label at least one'));
  }
  if (found.length > 0) return found;
  return [ok(about, `nodes: ${nodes.join(', ')}; ${ipsUsed} of ${ipsTotal} IPs used`)];
}

/** One line for all that are well: there may be thousands. */
function checkServices(services: readonly ServiceReport[]): Check[] {
  const checked = services.map((service) => ({ service, found: checkService(service) }));
  const well = checked.filter(({ found }) => found.length === 0).map(({ service }) => service);
  const ips = well.reduce((sum, service) => sum + service.ips.length, 0);
  const faults = checked.flatMap(({ found }) => found);
  if (well.length === 0) return faults;
  const plural = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`;
  return [
    ok('Services', `${plural(well.length, 'Service')} with ${plural(ips, 'announced IP')}`),
    ...faults,
  ];
}

function checkService({ service, ips, problems }: ServiceReport): Check[] {
  const about = `Service ${service}`;
  const silent = ips.filter(({ ip, announcer }) => ip !== undefined && announcer === undefined);
  return [
    ...problems.map((problem) => wrong(about, problem)),
    ...ips.flatMap((one) =>
      one.problems.map((problem) => wrong(about, `${one.ip ?? one.child}: ${problem}`)),
    ),
    ...silent.map(({ ip, preferredNode }) =>
      wrong(about, `${ip} is announced by nobody: run mlb doctor on node ${preferredNode}`),
    ),
  ];
}
