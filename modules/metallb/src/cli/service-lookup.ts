import type { Announcer } from '../api/announcer.ts';
import type { Child } from '../api/child.ts';
import { SERVICE_CONDITION } from '../api/conditions.ts';
import { ANNOTATION, CONDITION } from '../api/names.ts';
import { type Condition, keyOf } from '../api/object.ts';
import type { Service } from '../api/service.ts';
import { tellsOf } from '../api/service-l2-status.ts';
import { compareIps, type IpAddress, parseIp } from '../net/ip.ts';
import { suggestion } from '../settings/nearest-word.ts';
import type { ClusterSnapshot, MetallbSnapshot } from './cluster-snapshot.ts';
import { CommandFailure } from './failure.ts';
import { silentNodes } from './silent-nodes.ts';

/** One public IP, or one that is waited for. */
export interface ServedIp {
  /** Name of the child that has it; undefined where MetalLB's API serves the Service. */
  readonly child: string | undefined;
  readonly ip: IpAddress | undefined;
  readonly preferredNode: string | undefined;
  readonly announcer: Announcer | undefined;
  readonly conditions: readonly Condition[];
}

/** A Service that this module serves, with its IPs: the lowest first, those that it waits for last. */
export interface ServedService {
  readonly key: string;
  readonly name: string;
  /** Undefined when its latest version can't be understood. */
  readonly service: Service | undefined;
  /** Of its children. */
  readonly className: string | undefined;
  /** Undefined where a class serves it. */
  readonly pool: MetallbPoolOfService | undefined;
  readonly ips: readonly ServedIp[];
  /** Who announces them by BGP. */
  readonly routes: readonly RoutingNode[];
}

/** A node, and the names of the BGPPeers that it announces the IPs of a Service to. */
export interface RoutingNode {
  readonly node: string;
  readonly peers: readonly string[];
  /** So it told, and may be gone since. */
  readonly isSilent: boolean;
}

/** Where MetalLB's API has the IPs of a Service from. */
export interface MetallbPoolOfService {
  /** Undefined while it has none. */
  readonly name: string | undefined;
}

/** All of them, by namespace and name. */
export function servedServices(snapshot: ClusterSnapshot): ServedService[] {
  const { services, unreadable, classes } = snapshot;
  const silent = silentNodes(snapshot);
  const classNames = new Set(classes.map(({ metadata }) => metadata.name));
  const all = [
    ...services.map((service) => ({ metadata: service.metadata, service })),
    ...unreadable
      .filter(({ kind }) => kind === 'Service')
      .map(({ metadata }) => ({ metadata, service: undefined })),
  ];
  return all
    .map(({ metadata, service }) => {
      const key = keyOf(metadata);
      const children = snapshot.children.filter(({ serviceRef }) => keyOf(serviceRef) === key);
      const pool = children.length === 0 && service ? metallbPool(service) : undefined;
      const held = service && pool ? ipsOfStatus(service, snapshot.metallb) : [];
      const ips = [...children.map(ipOfChild), ...held].sort(compareServedIps);
      const className = children[0]?.className;
      const routes = routesOf(key, snapshot.metallb, silent);
      return { key, name: metadata.name, service, className, pool, ips, routes };
    })
    .filter(
      ({ service, pool, ips }) =>
        ips.length > 0 || pool !== undefined || (service && isOurs(service, classNames)),
    )
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** Those that `subject` names: a key, a name in any namespace, or an IP. */
export function servicesNamed(all: readonly ServedService[], subject: string): ServedService[] {
  const ip = parseIp(subject);
  return all.filter(({ key, name, ips }) =>
    ip === undefined ? key === subject || name === subject : ips.some((one) => one.ip === ip),
  );
}

/** The same, of all that are served. @throws CommandFailure when there is none */
export function findServices(snapshot: ClusterSnapshot, subject: string): ServedService[] {
  const all = servedServices(snapshot);
  const found = servicesNamed(all, subject);
  if (found.length > 0) return found;
  const ip = parseIp(subject);
  if (ip !== undefined)
    throw new CommandFailure(`${ip} belongs to no Service; mlb status lists all`);
  const foreign = snapshot.services.find(
    ({ metadata }) => metadata.name === subject || keyOf(metadata) === subject,
  );
  if (foreign !== undefined) throw new CommandFailure(whyNotServed(foreign, snapshot));
  const names = all.flatMap(({ key, name }) => [name, key]);
  const hint = suggestion(subject, names) || '; mlb status lists all';
  throw new CommandFailure(`there is no Service ${subject} with public IPs${hint}`);
}

/** A Service that is not ours gets no condition, so that only this says why nothing happens to it. */
function whyNotServed(
  { metadata, type, loadBalancerClass }: Service,
  { classes, metallb }: ClusterSnapshot,
): string {
  const service = `Service ${keyOf(metadata)}`;
  if (type !== 'LoadBalancer') {
    return `${service} has the type ${type}: only those of type LoadBalancer get public IPs`;
  }
  if (loadBalancerClass === undefined && classes.some(({ spec }) => spec.isDefault)) {
    return `${service} is for the default class, and the controller has not taken it up yet: is it running?`;
  }
  if (loadBalancerClass === undefined && metallb.pools.length > 0) {
    return `${service} is for MetalLB's API, and the controller has not taken it up yet: is it running?`;
  }
  if (loadBalancerClass === undefined) {
    return `${service} names no class, and no class is the default: annotate it with ${ANNOTATION.class}, or make an IPAddressPool`;
  }
  const names = classes.map((one) => one.metadata.name);
  const hint = suggestion(loadBalancerClass, names);
  return `${service} is not ours: its loadBalancerClass ${loadBalancerClass} is no MetalLoadBalancerClass${hint}`;
}

function isOurs(
  { type, loadBalancerClass, classAnnotation, status }: Service,
  classNames: ReadonlySet<string>,
) {
  if (type !== 'LoadBalancer') return false;
  if (loadBalancerClass !== undefined) return classNames.has(loadBalancerClass);
  const isBound = status.conditions.some((condition) => condition.type === CONDITION.classBound);
  return isBound || classAnnotation !== undefined;
}

function ipOfChild({ metadata, preferredNode, status }: Child): ServedIp {
  const { ip, announcer, conditions } = status;
  return { child: metadata.name, ip, preferredNode, announcer, conditions };
}

/** Where it is served by MetalLB's API, the Service says so itself. */
function metallbPool({ metallb, status }: Service): MetallbPoolOfService | undefined {
  const isServed = status.conditions.some(({ type }) => type === SERVICE_CONDITION.metallbPool);
  return isServed ? { name: metallb.allocatedFromPool } : undefined;
}

function routesOf(
  serviceKey: string,
  { bgpStatuses }: MetallbSnapshot,
  silent: ReadonlySet<string>,
): RoutingNode[] {
  return bgpStatuses
    .flatMap(({ status: { node, serviceName: name, serviceNamespace: namespace, peers } }) => {
      const isOwn = name !== undefined && keyOf({ namespace, name }) === serviceKey;
      return isOwn && node !== undefined ? [{ node, peers, isSilent: silent.has(node) }] : [];
    })
    .sort((a, b) => (a.node < b.node ? -1 : 1));
}

/** Who announces them is told in objects of their own. */
function ipsOfStatus({ metadata, status }: Service, { l2Statuses }: MetallbSnapshot): ServedIp[] {
  const own = l2Statuses.filter((one) => tellsOf(one, metadata)).map((one) => one.status);
  return status.ingress.map((ip) => {
    const told = own.find((one) => one.ip === ip);
    return {
      ...{ child: undefined, ip, preferredNode: undefined },
      announcer: told?.announcer,
      conditions: told?.conditions ?? [],
    };
  });
}

function compareServedIps(a: ServedIp, b: ServedIp): number {
  if (a.ip !== undefined && b.ip !== undefined) return compareIps(a.ip, b.ip);
  if (a.ip !== undefined || b.ip !== undefined) return a.ip === undefined ? 1 : -1;
  return (a.child ?? '').localeCompare(b.child ?? '', 'en', { numeric: true });
}
