import { type Child, parseChild } from '../api/child.ts';
import { type EndpointSlice, parseEndpointSlice } from '../api/endpoint-slice.ts';
import {
  type MetalLoadBalancerClass,
  parseMetalLoadBalancerClass,
} from '../api/metal-load-balancer-class.ts';
import { LABEL } from '../api/names.ts';
import { type Node, parseNode } from '../api/node.ts';
import { type Condition, type KubernetesObject, keyOf } from '../api/object.ts';
import type { Parsed } from '../api/problem.ts';
import { parseService, type Service } from '../api/service.ts';
import type { IpAddress } from '../net/ip.ts';
import { predictAnnouncers } from '../simulation/announcers.ts';

/** One IP of one Service. */
export interface PlannedIp {
  readonly service: string;
  readonly ip: IpAddress;
  /** Undefined where nobody of ours has it: another load balancer does, or did. */
  readonly child: string | undefined;
  readonly className: string | undefined;
  readonly preferredNode: string | undefined;
  /** By the order of the election, with all nodes healthy. */
  readonly announcer: string | undefined;
}

/** What a cluster has at one moment, as far as a plan compares it. */
export interface PlanState {
  /** By Service and IP. */
  readonly ips: ReadonlyMap<string, PlannedIp>;
  /** Children without an IP: `Service child`. */
  readonly waiting: ReadonlySet<string>;
  /** By `KIND NAME` and type. */
  readonly conditions: ReadonlyMap<string, ReadonlyMap<string, Condition>>;
  /** Nodes with the member label. */
  readonly balancerNodes: ReadonlySet<string>;
  readonly classes: ReadonlyMap<string, MetalLoadBalancerClass>;
}

interface Moment {
  readonly epochMs: number;
  /** Nodes that nobody hears. */
  readonly down: ReadonlySet<string>;
  /** Classes that were there before: what was deleted stays in force while children name it. */
  readonly earlierClasses?: PlanState['classes'];
}

/** What these objects amount to. Those that can't be understood count for nothing, as for the controller. */
export function stateOf(objects: readonly KubernetesObject[], moment: Moment): PlanState {
  const read = <T>(kind: string, parse: (object: unknown) => Parsed<T>): T[] =>
    objects
      .filter((object) => object.kind === kind)
      .map(parse)
      .flatMap((parsed) => (parsed.ok ? [parsed.value] : []));
  const classes = read<MetalLoadBalancerClass>(
    'MetalLoadBalancerClass',
    parseMetalLoadBalancerClass,
  );
  const services = read<Service>('Service', parseService);
  const children = read<Child>('SDNInternalL2LBService', parseChild);
  const nodes = read<Node>('Node', parseNode);
  const slices = read<EndpointSlice>('EndpointSlice', parseEndpointSlice);
  const present = new Map(classes.map((item) => [item.metadata.name, item]));
  const announcers = predictAnnouncers({
    classes: new Map([...(moment.earlierClasses ?? []), ...present]),
    nodes,
    children,
    slices,
    epochMs: moment.epochMs,
    down: moment.down,
  });
  const members = nodes.filter(({ labels }) => labels[LABEL.member] !== undefined);
  return {
    ips: new Map([
      ...services.flatMap(ipsOfStatus).map(withKey),
      ...children.flatMap((child) => ipOfChild(child, announcers)).map(withKey),
    ]),
    waiting: new Set(
      children
        .filter(({ status }) => status.ip === undefined)
        .map(({ serviceRef, metadata }) => `${keyOf(serviceRef)} ${metadata.name}`),
    ),
    conditions: new Map([
      ...services.map(({ metadata, status }) => conditionsOf('Service', metadata, status)),
      ...classes.map(({ metadata, status }) => conditionsOf('class', metadata, status)),
    ]),
    balancerNodes: new Set(members.map(({ metadata }) => metadata.name)),
    classes: present,
  };
}

function ipsOfStatus({ metadata, type, status }: Service): PlannedIp[] {
  if (type !== 'LoadBalancer') return [];
  const none = {
    child: undefined,
    className: undefined,
    preferredNode: undefined,
    announcer: undefined,
  };
  return status.ingress.map((ip) => ({ service: keyOf(metadata), ip, ...none }));
}

function ipOfChild(
  { metadata, serviceRef, className, preferredNode, status: { ip } }: Child,
  announcers: ReadonlyMap<IpAddress, string | undefined>,
): PlannedIp[] {
  if (ip === undefined) return [];
  const announcer = announcers.get(ip);
  const service = keyOf(serviceRef);
  return [{ service, ip, child: metadata.name, className, preferredNode, announcer }];
}

function withKey(planned: PlannedIp): [string, PlannedIp] {
  return [`${planned.service} ${planned.ip}`, planned];
}

function conditionsOf(
  kind: string,
  metadata: { readonly name: string; readonly namespace?: string },
  { conditions }: { readonly conditions: readonly Condition[] },
): [string, ReadonlyMap<string, Condition>] {
  const byType = new Map(conditions.map((condition) => [condition.type, condition]));
  return [`${kind} ${keyOf(metadata)}`, byType];
}
