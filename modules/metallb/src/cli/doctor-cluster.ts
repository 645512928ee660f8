import { type Check, ok, unknown, wrong } from './doctor-check.ts';
import type { Pod } from './pods.ts';
import type {
  ClassReport,
  PoolReport,
  ServiceReport,
  SessionReport,
  StatusReport,
} from './status-report.ts';

/**
 * What the cluster state itself complains about.
 * @param metallbPods those of MetalLB itself, or why they could not be looked for
 */
export function checkCluster(report: StatusReport, metallbPods: readonly Pod[] | string): Check[] {
  const unreadable = report.unreadable.flatMap(({ kind, name, problems }) =>
    problems.map((problem) => wrong(`${kind} ${name}`, problem)),
  );
  return [
    ...report.problems.map((problem) => wrong('manifests', problem)),
    ...unreadable,
    ...(report.classes.length + report.pools.length === 0
      ? [
          unknown(
            'classes',
            'there is no MetalLoadBalancerClass, and no IPAddressPool: nothing is announced',
          ),
        ]
      : report.classes.flatMap(checkClass)),
    ...report.pools.flatMap(checkPool),
    ...report.metallb.flatMap(({ object, problems }) =>
      problems.map((problem) => wrong(object, problem)),
    ),
    ...checkMetallb(report, metallbPods),
    ...checkServices(report.services),
    ...checkSessions(report.sessions),
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

function checkPool({ pool, isAccepted, ipv4, ipv6, problems }: PoolReport): Check[] {
  const about = `pool ${pool}`;
  // One that does not count may be another load balancer's, whom it is right for.
  const verdict = isAccepted ? wrong : unknown;
  if (problems.length > 0) return problems.map((problem) => verdict(about, problem));
  const share = ({ used, total }: PoolReport['ipv4'], family: string) =>
    total === 0 ? [] : [`${used} of ${total} ${family} addresses used`];
  return [ok(about, [...share(ipv4, 'IPv4'), ...share(ipv6, 'IPv6')].join(', ') || 'in force')];
}

/** Who has the same objects answers for the same IPs. */
function checkMetallb({ pools }: StatusReport, pods: readonly Pod[] | string): Check[] {
  const about = 'MetalLB';
  if (typeof pods === 'string') return [unknown(about, pods)];
  const counting = pools.filter(({ isAccepted }) => isAccepted).map(({ pool }) => pool);
  return [...new Set(pods.map(({ namespace }) => namespace))].sort().map((namespace) => {
    const names = pods.filter((pod) => pod.namespace === namespace).map(({ name }) => name);
    const runs = `it runs in namespace ${namespace} (${names.sort().join(', ')})`;
    return counting.some((pool) => pool.startsWith(`${namespace}/`))
      ? wrong(
          about,
          `${runs}, whose pools this module serves, too: two would answer for their IPs; stop one of both`,
        )
      : ok(about, `${runs}, none of whose pools this module serves`);
  });
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

/** What is wrong with one its node says, too, in its conditions. */
function checkSessions(sessions: readonly SessionReport[]): Check[] {
  if (sessions.length === 0) return [];
  const of = (wanted: SessionReport['state']) =>
    sessions.filter(({ state }) => state === wanted).map(({ peer, node }) => `${peer} on ${node}`);
  const [up, silent] = [of('up'), of('unknown')];
  return [
    ...(up.length > 0 ? [ok('BGP sessions', `${up.length} of ${sessions.length} are up`)] : []),
    ...silent.map((one) =>
      unknown(
        'BGP sessions',
        `${one}: the node is not heard of, or its speaker is not ready: what it told may be over`,
      ),
    ),
  ];
}

function checkService({ service, ips, routes, problems }: ServiceReport): Check[] {
  const about = `Service ${service}`;
  const silent = ips.filter(
    ({ ip, announcer }) =>
      ip !== undefined && announcer === undefined && routes.every(({ isSilent }) => isSilent),
  );
  return [
    ...problems.map((problem) => wrong(about, problem)),
    ...ips.flatMap((one) =>
      one.problems.map((problem) => wrong(about, `${one.ip ?? one.child}: ${problem}`)),
    ),
    ...silent.map(({ ip, preferredNode }) => {
      if (routes.length > 0) {
        const nodes = routes.map(({ node }) => node).join(', ');
        const message = `${ip} was announced by BGP by ${nodes}: not heard of, or with speakers that are not ready, so maybe nobody announces it`;
        return unknown(about, message);
      }
      const where =
        preferredNode === undefined
          ? 'the nodes that the L2Advertisements of its pool select'
          : `node ${preferredNode}`;
      return wrong(about, `${ip} is announced by nobody: run mlb doctor on ${where}`);
    }),
  ];
}
