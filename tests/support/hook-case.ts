import { listAt, valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import { CHILD_ANNOTATION, LABEL } from '../../modules/metallb/src/api/names.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import type { NewObject, ObjectRef } from '../../modules/metallb/src/store/store.ts';

/** What a user does, or another load balancer, which gives a Service IPs. */
export type Step =
  | { readonly apply: NewObject }
  | { readonly remove: ObjectRef }
  | { readonly serve: ObjectRef; readonly ips: readonly string[] };

/** What all hooks together, with the controller's IPAM, make of a cluster: whoever runs them. */
export interface HookCase {
  readonly name: string;
  /** Objects that are there when all begins. */
  readonly start: readonly NewObject[];
  /** Each after the one before has had all its effects. */
  readonly steps?: readonly Step[];
  readonly expected: Outcome;
}

export interface Outcome {
  /** `name IP preferred-node protocol/port`, and what else its annotations ask for. */
  readonly children: readonly string[];
  /** By name: its IPs, then its conditions `type=status/reason: message`. */
  readonly services: Readonly<Record<string, readonly string[]>>;
  /** Nodes with the member label. */
  readonly members: readonly string[];
}

/** As any load balancer writes it. */
export function servedStatus(ips: readonly string[]) {
  return { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } };
}

/** The parts of a cluster's objects that a case tells of. */
export function outcomeOf(cluster: {
  readonly children: readonly KubernetesObject[];
  readonly services: readonly KubernetesObject[];
  readonly nodes: readonly KubernetesObject[];
}): Outcome {
  return {
    children: cluster.children.map(childLine).sort(),
    services: Object.fromEntries(
      cluster.services.map((each) => [each.metadata.name, statusLines(each)] as const).sort(),
    ),
    members: cluster.nodes
      .filter(({ metadata }) => metadata.labels?.[LABEL.member] !== undefined)
      .map(({ metadata }) => metadata.name)
      .sort(),
  };
}

const WISHES = [CHILD_ANNOTATION.requestedIps, CHILD_ANNOTATION.sharedIpKey];

function childLine({ metadata, spec, status }: KubernetesObject): string {
  const of = (key: string) => metadata.annotations?.[key];
  const ports = listAt(spec, 'ports').map(
    (port) => `${valueAt(port, 'protocol')}/${valueAt(port, 'port')}`,
  );
  const wishes = WISHES.flatMap((key) => of(key) ?? []);
  const node = of(CHILD_ANNOTATION.preferredNode);
  return [metadata.name, ipsOf(status), node, ...ports, ...wishes].join(' ');
}

function statusLines({ status }: KubernetesObject): string[] {
  const conditions = listAt(status, 'conditions').map((condition) => {
    const of = (name: string) => valueAt(condition, name);
    return `${of('type')}=${of('status')}/${of('reason')}: ${of('message')}`;
  });
  return [ipsOf(status), ...conditions.sort()];
}

function ipsOf(status: unknown): string {
  return listAt(status, 'loadBalancer', 'ingress')
    .map((entry) => valueAt(entry, 'ip'))
    .join(',');
}
