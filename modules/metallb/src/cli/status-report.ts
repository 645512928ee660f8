import type { Announcer } from '../api/announcer.ts';
import { sessionOfCondition, type ToldSession } from '../api/bgp-session-condition.ts';
import { CONFIGURATION_CONDITION, POOL_CONDITION } from '../api/conditions.ts';
import { nodeOfState } from '../api/configuration-state.ts';
import type { MetalLoadBalancerClass } from '../api/metal-load-balancer-class.ts';
import { keyOf } from '../api/object.ts';
import type { Service } from '../api/service.ts';
import type { ClusterSnapshot, MetallbSnapshot } from './cluster-snapshot.ts';
import { complaints, nodeComplaints } from './complaints.ts';
import {
  findServices,
  type RoutingNode,
  type ServedIp,
  type ServedService,
  servedServices,
  servicesNamed,
} from './service-lookup.ts';
import { silentNodes } from './silent-nodes.ts';
import type { StoredPool } from './stored-pool.ts';
import { isNamed, type UnreadableObject } from './unreadable.ts';

/** What `mlb status` says; the form of its JSON, too. */
export interface StatusReport {
  /** What was asked about; everything when absent. */
  readonly subject?: string | undefined;
  readonly classes: readonly ClassReport[];
  /** Of MetalLB's API. */
  readonly pools: readonly PoolReport[];
  /** Other objects of MetalLB's API that complain about something. */
  readonly metallb: readonly { readonly object: string; readonly problems: readonly string[] }[];
  readonly services: readonly ServiceReport[];
  /** Of nodes with routers. */
  readonly sessions: readonly SessionReport[];
  /** Those that complain about something. */
  readonly nodes: readonly { readonly name: string; readonly problems: readonly string[] }[];
  readonly unreadable: readonly UnreadableReport[];
  /** Files that can't be understood. */
  readonly problems: readonly string[];
}

/** An object whose latest version can't be understood. */
export interface UnreadableReport {
  readonly kind: string;
  readonly name: string;
  readonly ips: readonly string[];
  readonly problems: readonly string[];
}

/** One class and how full its pool is. */
export interface ClassReport {
  readonly name: string;
  readonly type: string;
  readonly isDefault: boolean;
  readonly nodes: readonly string[];
  /** Decimal: an IPv6 /64 is more than a JSON integer holds. */
  readonly ipsUsed: string;
  readonly ipsTotal: string;
  readonly problems: readonly string[];
}

/** One pool of MetalLB's API and how full it is. */
export interface PoolReport extends Pick<StoredPool, 'kind' | 'autoAssign' | 'ipv4' | 'ipv6'> {
  /** `NAMESPACE/NAME`, or the name where the kind has no namespaces. */
  readonly pool: string;
  /** It counts: as it stands, or as it last could. */
  readonly isAccepted: boolean;
  readonly problems: readonly string[];
}

/** One Service and its public IPs. */
export interface ServiceReport {
  readonly service: string;
  readonly servedBy: 'class' | 'metallb';
  readonly className: string | undefined;
  /** Name of the pool of MetalLB's API that its IPs are of. */
  readonly pool: string | undefined;
  readonly ips: readonly IpReport[];
  readonly routes: readonly RoutingNode[];
  readonly problems: readonly string[];
}

/** One session of a node with a router, as the node told. */
export interface SessionReport extends Omit<ToldSession, 'prefixes'> {
  readonly node: string;
  /** Unknown: whoever told it may be gone. */
  readonly state: 'up' | 'down' | 'unknown';
  readonly prefixes?: number | undefined;
}

/** One public IP: whose it should be and whose it is. */
export interface IpReport {
  /** Undefined where MetalLB's API serves the Service. */
  readonly child: string | undefined;
  readonly ip: string | undefined;
  readonly preferredNode: string | undefined;
  readonly announcer: Announcer | undefined;
  readonly problems: readonly string[];
}

/**
 * What there is to say about the cluster, or about the Services that `subject` names.
 * @throws CommandFailure when it names none
 */
export function reportStatus(snapshot: ClusterSnapshot, subject?: string): StatusReport {
  const unreadable = snapshot.unreadable.filter(
    (one) => subject === undefined || isNamed(one, subject),
  );
  const { metallb } = snapshot;
  const services = servicesAbout(snapshot, subject, unreadable).map(reportService);
  const shownPools = new Set(services.map(({ pool }) => pool));
  const shown = new Set(services.map(({ className }) => className));
  return {
    subject,
    classes: snapshot.classes
      .filter(({ metadata }) => subject === undefined || shown.has(metadata.name))
      .map(reportClass)
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    pools: metallb.pools
      .filter(({ name }) => subject === undefined || shownPools.has(name))
      .map(reportPool)
      .sort((a, b) => (a.pool < b.pool ? -1 : 1)),
    metallb: subject === undefined ? complaining(metallb) : [],
    services,
    sessions: subject === undefined ? reportSessions(snapshot) : [],
    nodes: snapshot.nodes
      .map(({ metadata, conditions }) => ({
        name: metadata.name,
        problems: nodeComplaints(conditions),
      }))
      .filter(({ problems }) => problems.length > 0)
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    unreadable: unreadable.map(reportUnreadable),
    problems: snapshot.problems,
  };
}

function servicesAbout(
  snapshot: ClusterSnapshot,
  subject: string | undefined,
  unreadable: readonly UnreadableObject[],
): ServedService[] {
  if (subject === undefined) return servedServices(snapshot);
  // An object that is there but can't be read is an answer too.
  return unreadable.length > 0
    ? servicesNamed(servedServices(snapshot), subject)
    : findServices(snapshot, subject);
}

function reportUnreadable({ kind, metadata, ips, problems }: UnreadableObject): UnreadableReport {
  return { kind, name: keyOf(metadata), ips, problems };
}

function reportClass({ metadata, spec, status }: MetalLoadBalancerClass): ClassReport {
  return {
    name: metadata.name,
    type: spec.type,
    isDefault: spec.isDefault,
    nodes: status.nodes,
    ipsUsed: status.addresses.used,
    ipsTotal: status.addresses.total,
    problems: complaints(status.conditions),
  };
}

function reportPool({ kind, key, autoAssign, ipv4, ipv6, conditions }: StoredPool): PoolReport {
  const accepted = conditions.find(({ type }) => type === POOL_CONDITION.accepted);
  const isAccepted = !['NotWatched', 'NameTaken'].includes(accepted?.reason ?? '');
  const problems = complaints(conditions);
  return { kind, pool: key, isAccepted, autoAssign, ipv4, ipv6, problems };
}

function complaining({ advertisements, bgp, configurationStates }: MetallbSnapshot) {
  const all = [
    ...bgp.map(({ kind, metadata, status }) => ({
      object: `${kind} ${keyOf(metadata)}`,
      problems: complaints(status.conditions),
    })),
    ...advertisements.map(({ metadata, status }) => ({
      object: `L2Advertisement ${keyOf(metadata)}`,
      problems: complaints(status.conditions),
    })),
    ...configurationStates.map(({ metadata, status: { result, errorSummary, conditions } }) => ({
      object: `ConfigurationState ${keyOf(metadata)}`,
      problems: [
        ...(result === 'Invalid' ? [errorSummary || 'Invalid'] : []),
        ...complaints(conditions.filter(({ type }) => type === CONFIGURATION_CONDITION.accepted)),
      ],
    })),
  ];
  return all
    .filter(({ problems }) => problems.length > 0)
    .sort((a, b) => (a.object < b.object ? -1 : 1));
}

/** What a node that is deleted has told is not so any more. */
function reportSessions(snapshot: ClusterSnapshot): SessionReport[] {
  const { nodes, metallb } = snapshot;
  const silent = silentNodes(snapshot);
  const told = metallb.configurationStates.flatMap(({ metadata, status }) => {
    const teller = nodeOfState(metadata);
    const node = nodes.find(({ metadata: { name } }) => name === teller);
    if (node === undefined) return [];
    return status.conditions.flatMap((condition): SessionReport[] => {
      const session = sessionOfCondition(condition);
      if (session === undefined) return [];
      const standing = session.prefixes === undefined ? 'down' : 'up';
      const state = silent.has(node.metadata.name) ? 'unknown' : standing;
      return [{ ...session, node: node.metadata.name, state }];
    });
  });
  const order = ({ peer, node }: SessionReport) => `${peer} ${node}`;
  return told.sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

function reportService({
  key,
  service,
  className,
  pool,
  ips,
  routes,
}: ServedService): ServiceReport {
  return {
    service: key,
    servedBy: pool === undefined ? 'class' : 'metallb',
    className: pool === undefined ? (className ?? wantedClass(service)) : undefined,
    pool: pool?.name,
    ips: ips.map(reportIp),
    routes,
    problems: complaints(service?.status.conditions ?? []),
  };
}

/** The default class apart: nothing of a Service that has neither children nor a condition names it. */
function wantedClass(service: Service | undefined): string | undefined {
  return service?.loadBalancerClass ?? service?.classAnnotation ?? service?.boundClass;
}

function reportIp({ conditions, ...rest }: ServedIp): IpReport {
  return { ...rest, problems: complaints(conditions) };
}
