import { type Child, parseChild } from '../api/child.ts';
import { SERVICE_CONDITION } from '../api/conditions.ts';
import { type EndpointSlice, parseEndpointSlice } from '../api/endpoint-slice.ts';
import { type IpAddressPool, parseIpAddressPool } from '../api/ip-address-pool.ts';
import { type L2Advertisement, parseL2Advertisement } from '../api/l2-advertisement.ts';
import {
  type MetalLoadBalancerClass,
  parseMetalLoadBalancerClass,
} from '../api/metal-load-balancer-class.ts';
import { parseMetalLoadBalancerPool } from '../api/metal-load-balancer-pool.ts';
import { LABEL } from '../api/names.ts';
import { type Node, parseNode } from '../api/node.ts';
import { type Condition, type KubernetesObject, keyOf } from '../api/object.ts';
import type { Parsed } from '../api/problem.ts';
import { type PublishedService, parsePublishedService } from '../api/published-service.ts';
import { parseService, type Service } from '../api/service.ts';
import { parseServiceL2Status, type ServiceL2Status } from '../api/service-l2-status.ts';
import type { IpAddress } from '../net/ip.ts';
import { predictAnnouncers } from '../simulation/announcers.ts';
import { type MetallbHolding, metallbHoldings } from '../simulation/metallb-holdings.ts';
import { isPool, type StoredPool, storedPool } from './stored-pool.ts';

/** One IP of one Service. */
export interface PlannedIp {
  readonly service: string;
  readonly ip: IpAddress;
  /** Undefined where nobody of ours has it: another load balancer does, or did. */
  readonly child: string | undefined;
  readonly className: string | undefined;
  /** Of MetalLB's API. */
  readonly pool: string | undefined;
  readonly preferredNode: string | undefined;
  /** By the order of the election, with all nodes healthy. */
  readonly announcer: string | undefined;
}

/** What a cluster has at one moment, as far as a plan compares it. */
export interface PlanState {
  /** By Service and IP. */
  readonly ips: ReadonlyMap<string, PlannedIp>;
  /** Children without an IP, `Service child`, and Services of MetalLB's API without one. */
  readonly waiting: ReadonlySet<string>;
  /** By `KIND NAME` and type. */
  readonly conditions: ReadonlyMap<string, ReadonlyMap<string, Condition>>;
  /** Nodes with the member label. */
  readonly balancerNodes: ReadonlySet<string>;
  readonly classes: ReadonlyMap<string, MetalLoadBalancerClass>;
  /** Of MetalLB's API, by their keys among pools of all kinds. */
  readonly pools: ReadonlyMap<string, IpAddressPool>;
}

/** What the settings of the programs say of MetalLB's API. */
export interface MetallbPlanOptions {
  readonly lbClass: string | undefined;
  readonly metallbNamespaces: readonly [string, ...string[]];
  readonly metallbPoolPolicy: 'Keep' | 'Reassign';
}

interface Moment {
  readonly epochMs: number;
  /** Nodes that nobody hears. */
  readonly down: ReadonlySet<string>;
  readonly metallb: MetallbPlanOptions;
  /** What was there before: classes and pools that were deleted stay in force while somebody has an IP of them. */
  readonly earlier?: Pick<PlanState, 'classes' | 'pools'>;
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
  const pools = readPools(objects, moment.metallb);
  const withChildren = new Set(children.map(({ serviceRef }) => keyOf(serviceRef)));
  const counts = ({ metadata: { namespace = '' } }: Pick<Service, 'metadata'>) =>
    moment.metallb.metallbNamespaces.includes(namespace);
  const metallb = metallbHoldings({
    lbClass: moment.metallb.lbClass,
    pools: new Map([...(moment.earlier?.pools ?? []), ...pools]),
    advertisements: read<L2Advertisement>('L2Advertisement', parseL2Advertisement).filter(counts),
    l2Statuses: read<ServiceL2Status>('ServiceL2Status', parseServiceL2Status),
    services: read<PublishedService>('Service', parsePublishedService),
    hasChildren: (service) => withChildren.has(service),
  });
  const announcers = predictAnnouncers({
    classes: new Map([...(moment.earlier?.classes ?? []), ...present]),
    children,
    metallb,
    nodes,
    slices,
    epochMs: moment.epochMs,
    down: moment.down,
  });
  const members = nodes.filter(({ labels }) => labels[LABEL.member] !== undefined);
  return {
    ips: new Map([
      ...services.flatMap(ipsOfStatus).map(withKey),
      ...metallb.held.map((one) => ipOfMetallb(one, announcers)).map(withKey),
      ...children.flatMap((child) => ipOfChild(child, announcers)).map(withKey),
    ]),
    waiting: new Set([
      ...children
        .filter(({ status }) => status.ip === undefined)
        .map(({ serviceRef, metadata }) => `${keyOf(serviceRef)} ${metadata.name}`),
      ...services.filter(waitsForPool).map(({ metadata }) => keyOf(metadata)),
    ]),
    conditions: new Map([
      ...services.map(({ metadata, status }) => conditionsOf('Service', metadata, status)),
      ...classes.map(({ metadata, status }) => conditionsOf('class', metadata, status)),
      ...objects.filter(isPool).map(storedPool).map(conditionsOfPool),
    ]),
    balancerNodes: new Set(members.map(({ metadata }) => metadata.name)),
    classes: present,
    pools,
  };
}

function ipsOfStatus({ metadata, type, status }: Service): PlannedIp[] {
  if (type !== 'LoadBalancer') return [];
  const none = {
    child: undefined,
    className: undefined,
    pool: undefined,
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
  const pool = undefined;
  return [{ service, ip, child: metadata.name, className, pool, preferredNode, announcer }];
}

function ipOfMetallb(
  { holding: { ip, service }, pool }: MetallbHolding,
  announcers: ReadonlyMap<IpAddress, string | undefined>,
): PlannedIp {
  const none = { child: undefined, className: undefined, preferredNode: undefined };
  return { service, ip, ...none, pool, announcer: announcers.get(ip) };
}

/** Those that count. */
function readPools(
  objects: readonly KubernetesObject[],
  { metallbNamespaces }: MetallbPlanOptions,
): ReadonlyMap<string, IpAddressPool> {
  const pools = objects.filter(isPool).flatMap((object) => {
    const { namespace } = object.metadata;
    if (namespace !== undefined && !metallbNamespaces.includes(namespace)) return [];
    const parsed = POOL_PARSERS[object.kind]?.(object);
    return parsed?.ok ? [[`${object.kind}/${keyOf(object.metadata)}`, parsed.value] as const] : [];
  });
  return new Map(pools);
}

const POOL_PARSERS: Readonly<Record<string, (object: unknown) => Parsed<IpAddressPool>>> = {
  IPAddressPool: parseIpAddressPool,
  MetalLoadBalancerPool: parseMetalLoadBalancerPool,
};

/** MetalLB's API serves it, and has no IP for it. */
function waitsForPool({ status: { conditions, ingress } }: Service): boolean {
  const isServed = conditions.some(({ type }) => type === SERVICE_CONDITION.metallbPool);
  return isServed && ingress.length === 0;
}

function conditionsOfPool({
  key,
  conditions,
}: StoredPool): [string, ReadonlyMap<string, Condition>] {
  return [`pool ${key}`, new Map(conditions.map((condition) => [condition.type, condition]))];
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
