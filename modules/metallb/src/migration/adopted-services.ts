import { isRecord } from '../api/fields.ts';
import { ANNOTATION, CONDITION } from '../api/names.ts';
import type { KubernetesObject } from '../api/object.ts';
import { parseService, type Service } from '../api/service.ts';
import { familyOf } from '../net/ip.ts';
import { type GeneratedClasses, hasBgpPool } from './generated-classes.ts';
import type { ModuleSettings } from './module-config.ts';

/** On a Service: the pool that its IP is from, or that it asks for. The later one is the stronger. */
const POOL_ANNOTATIONS = ['ip-allocated-from-pool', 'address-pool'].flatMap((name) => [
  `metallb.universe.tf/${name}`,
  `metallb.io/${name}`,
]);
/** Of the module l2-load-balancer: names the L2LoadBalancer of a Service. */
const L2_LOAD_BALANCER_NAME = 'network.deckhouse.io/l2-load-balancer-name';
const METALLB_FINALIZER = /^metallb\.(?:io|universe\.tf)\//;

/** What a Service of an older module needs, so that it keeps its IPs under a class. */
export interface AdoptedService {
  readonly object: KubernetesObject;
  readonly annotations: Readonly<Record<string, string>>;
  /** MetalLB's own; those of other controllers are none of ours. */
  readonly droppedFinalizers: readonly string[];
}

/** What decides about adoption. */
export interface AdoptionView {
  readonly services: readonly KubernetesObject[];
  /** Undefined where there is no ModuleConfig. */
  readonly settings: ModuleSettings | undefined;
  readonly generated: GeneratedClasses | undefined;
  /** Names of the classes that there are. */
  readonly classes: ReadonlySet<string>;
}

/** The Services that neither have a class nor ask for IPs yet, and got theirs from an older module. */
export function adoptServices(view: AdoptionView): AdoptedService[] {
  return view.services.flatMap((object) => {
    const parsed = parseService(object);
    return parsed.ok ? adopt(object, parsed.value, view) : [];
  });
}

function adopt(object: KubernetesObject, service: Service, view: AdoptionView): AdoptedService[] {
  const written = service.metadata.annotations ?? {};
  const isBound = service.status.conditions.some(({ type }) => type === CONDITION.classBound);
  const asksAlready = written[ANNOTATION.requestedIps] ?? written[ANNOTATION.class];
  // spec.loadBalancerClass is stronger than any annotation.
  const hasChosen = isBound || asksAlready !== undefined || service.loadBalancerClass !== undefined;
  if (service.type !== 'LoadBalancer' || hasChosen) return [];
  const isServed = service.status.ingress.length > 0;
  const className = classFor(written, isServed, view);
  const isOfOldModule = isServed && isAdopting(view);
  if (!isOfOldModule && className === undefined) return [];
  const annotations = {
    ...(className !== undefined && { [ANNOTATION.class]: className }),
    ...(isServed && { [ANNOTATION.requestedIps]: service.status.ingress.join(',') }),
    ...countFor(service),
  };
  const droppedFinalizers = finalizersOf(object).filter((name) => METALLB_FINALIZER.test(name));
  return [{ object, annotations, droppedFinalizers }];
}

/** With a BGP pool, whose IPs a Service has can't be told. */
function isAdopting({ settings, generated }: AdoptionView): boolean {
  return settings !== undefined && generated !== undefined && !hasBgpPool(settings);
}

function classFor(
  written: Readonly<Record<string, string>>,
  isServed: boolean,
  view: AdoptionView,
): string | undefined {
  const named = written[L2_LOAD_BALANCER_NAME];
  // Classes were L2LoadBalancers once: one that is made anew under the old name is meant. Until there is one, the Service
  // keeps its IPs; a default class would give it others.
  if (named !== undefined && (isServed || view.classes.has(named))) return named;
  if (!isAdopting(view)) return undefined;
  return POOL_ANNOTATIONS.map((name) =>
    view.generated?.classOfPool.get(written[name] ?? ''),
  ).findLast((className) => className !== undefined);
}

/** Each child has one IP of a family: a Service with more of them asks for as many children. */
function countFor({ count, status: { ingress } }: Service): Readonly<Record<string, string>> {
  const ofFamily = (family: string) => ingress.filter((ip) => familyOf(ip) === family).length;
  const held = Math.max(ofFamily('IPv4'), ofFamily('IPv6'));
  // Where its own number can't be understood, a Service without children would get one.
  return count === 'auto' || (count ?? 1) >= held
    ? {}
    : { [ANNOTATION.externalIpsCount]: String(held) };
}

function finalizersOf({ metadata }: KubernetesObject): string[] {
  const known: unknown = metadata;
  const list = isRecord(known) ? known['finalizers'] : undefined;
  return Array.isArray(list) ? list.filter((item) => typeof item === 'string') : [];
}
