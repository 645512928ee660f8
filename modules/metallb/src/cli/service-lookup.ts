import type { Child } from '../api/child.ts';
import { ANNOTATION, CONDITION } from '../api/names.ts';
import { keyOf } from '../api/object.ts';
import type { Service } from '../api/service.ts';
import { compareIps, parseIp } from '../net/ip.ts';
import { suggestion } from '../settings/nearest-word.ts';
import type { ClusterSnapshot } from './cluster-snapshot.ts';
import { CommandFailure } from './failure.ts';

/** A Service that this module serves, with its children: lowest IP first, those without an IP last. */
export interface ServedService {
  readonly key: string;
  readonly name: string;
  /** Undefined when its latest version can't be understood. */
  readonly service: Service | undefined;
  readonly children: readonly Child[];
}

/** All of them, by namespace and name. */
export function servedServices(snapshot: ClusterSnapshot): ServedService[] {
  const { services, unreadable, children, classes } = snapshot;
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
      const own = children
        .filter(({ serviceRef }) => keyOf(serviceRef) === key)
        .sort(compareChildren);
      return { key, name: metadata.name, service, children: own };
    })
    .filter(
      ({ service, children: own }) =>
        own.length > 0 || (service !== undefined && isOurs(service, classNames)),
    )
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** Those that `subject` names: a key, a name in any namespace, or an IP. */
export function servicesNamed(all: readonly ServedService[], subject: string): ServedService[] {
  const ip = parseIp(subject);
  return all.filter(({ key, name, children }) =>
    ip === undefined
      ? key === subject || name === subject
      : children.some(({ status }) => status.ip === ip),
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
  if (foreign !== undefined) throw new CommandFailure(whyNotServed(foreign, snapshot.classes));
  const names = all.flatMap(({ key, name }) => [name, key]);
  const hint = suggestion(subject, names) || '; mlb status lists all';
  throw new CommandFailure(`there is no Service ${subject} with public IPs${hint}`);
}

/** A Service that is not ours gets no condition, so that only this says why nothing happens to it. */
function whyNotServed(
  { metadata, type, loadBalancerClass }: Service,
  classes: ClusterSnapshot['classes'],
): string {
  const service = `Service ${keyOf(metadata)}`;
  if (type !== 'LoadBalancer') {
    return `${service} has the type ${type}: only those of type LoadBalancer get public IPs`;
  }
  if (loadBalancerClass === undefined && classes.some(({ spec }) => spec.isDefault)) {
    return `${service} is for the default class, and the controller has not taken it up yet: is it running?`;
  }
  if (loadBalancerClass === undefined) {
    return `${service} names no class, and no class is the default: annotate it with ${ANNOTATION.class}`;
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

function compareChildren(a: Child, b: Child): number {
  const [ipA, ipB] = [a.status.ip, b.status.ip];
  if (ipA !== undefined && ipB !== undefined) return compareIps(ipA, ipB);
  if (ipA !== undefined || ipB !== undefined) return ipA === undefined ? 1 : -1;
  return a.metadata.name.localeCompare(b.metadata.name, 'en', { numeric: true });
}
