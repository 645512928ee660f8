import type { Child } from '../src/api/child.ts';
import { SERVICE_CONDITION } from '../src/api/conditions.ts';
import { isLayer2, type MetalLoadBalancerClass } from '../src/api/metal-load-balancer-class.ts';
import { CHILD_KIND } from '../src/api/names.ts';
import type { Node } from '../src/api/node.ts';
import { keyOf } from '../src/api/object.ts';
import { formatProblems } from '../src/api/problem.ts';
import type { Service } from '../src/api/service.ts';
import { balancerNodes, type PlacementNode } from '../src/placement/balancer-nodes.ts';
import { place } from '../src/placement/place.ts';
import type { Operation } from '../src/store/store.ts';
import { BINDING, hookConfig } from './lib/bindings.ts';
import { childPatch, newChild } from './lib/child-object.ts';
import { type ClassChoice, type Classes, chooseClass } from './lib/class-choice.ts';
import type { Hook } from './lib/hook.ts';
import {
  CHILD_TO_KEEP_FILTER,
  CLASS_FILTER,
  NODE_FILTER,
  SERVICE_TO_EXPAND_FILTER,
} from './lib/jq-filters.ts';
import { type ChildLookup, groupBy, type Observed } from './lib/observed.ts';
import { ownershipOf } from './lib/ownership.ts';
import { readState } from './lib/snapshots.ts';
import { type ConditionValue, statusPatch } from './lib/status-patch.ts';
import { takeoverObstacle } from './lib/takeover.ts';
import { unusedRequests } from './lib/unused-requests.ts';
import { type ChildWish, childWishes, placementKey, placementsOf } from './lib/wanted-children.ts';

export interface ExpansionView {
  readonly classes: readonly MetalLoadBalancerClass[];
  /** Names of classes that exist and can't be read. */
  readonly refusedClasses: ReadonlySet<string>;
  readonly nodes: readonly Node[];
  /** The Services to expand by `namespace/name`; undefined for one that is gone. */
  readonly services: ReadonlyMap<string, Observed<Service> | undefined>;
  readonly children: ChildLookup;
  readonly nowEpochMs: number;
}

/** Decides the preferred nodes of some children of one class. */
export type Place = typeof place;

/** The class would take IPs away from a Service that another load balancer served. */
interface NotTakenOver {
  readonly kind: 'not-taken-over';
  readonly name: string;
  readonly obstacle: string;
}

interface Expansion {
  readonly service: Observed<Service>;
  readonly own: readonly Observed<Child>[];
  readonly choice: ClassChoice | NotTakenOver;
  readonly nodes: readonly PlacementNode[];
  readonly wishes: readonly ChildWish[];
}

/**
 * What brings the children of these Services to what their Services ask for, and the Services' conditions with it.
 * @param placeChildren `place`, which takes the children seen here for all there are, or one that knows the others
 */
export function expandServices(view: ExpansionView, placeChildren: Place = place): Operation[] {
  const classes = classesOf(view);
  const deletions: Operation[] = [];
  const expansions: Expansion[] = [];
  for (const [key, service] of view.services) {
    if (service === undefined || !isServed(service)) {
      deletions.push(...deleteAll(view.children.ofService(key), service));
    } else {
      expansions.push(expansionOf(service, classes, view));
    }
  }
  const nodeOf = placeByClass(expansions, placeChildren);
  return [
    ...deletions,
    ...expansions.flatMap((expansion) => [
      ...childOperations(expansion, nodeOf, view.children),
      ...conditionOperations(expansion, view.nowEpochMs),
    ]),
  ];
}

/** Name of the class that has a Service, or would have it if it could; undefined: none does. */
export function classInCharge(
  service: Observed<Service>,
  view: Omit<ExpansionView, 'services'>,
): string | undefined {
  const { choice } = expansionOf(service, classesOf(view), view);
  switch (choice.kind) {
    case 'chosen':
      return choice.chosen.metadata.name;
    case 'not-found':
    case 'refused':
      return choice.name;
    case 'not-ours':
    case 'not-taken-over':
      return undefined;
  }
}

function classesOf({ classes, refusedClasses }: Omit<ExpansionView, 'services'>): Classes {
  const inForce = new Map(classes.map((item) => [item.metadata.name, item]));
  return { inForce, refused: refusedClasses };
}

function isServed({ object, value }: Observed<Service>): boolean {
  return value.type === 'LoadBalancer' && object.metadata.deletionTimestamp === undefined;
}

/** Everything that belongs to this Service or to a predecessor of its name. */
function deleteAll(
  children: readonly Observed<Child>[],
  service: Observed<Service> | undefined,
): Operation[] {
  return children
    .filter((child) => {
      const owner = service?.object.metadata ?? { ...child.value.serviceRef };
      return ownershipOf(child, owner) !== 'foreign';
    })
    .map(deletion);
}

function deletion({ object: { metadata } }: Observed<Child>): Operation {
  const ref = { kind: CHILD_KIND, namespace: metadata.namespace, name: metadata.name } as const;
  return { do: 'delete', ref, uid: metadata.uid };
}

function expansionOf(
  service: Observed<Service>,
  classes: Classes,
  { children, nodes }: Pick<ExpansionView, 'children' | 'nodes'>,
): Expansion {
  const own = children
    .ofService(keyOf(service.object.metadata))
    .filter((child) => ownershipOf(child, service.object.metadata) === 'own');
  const choice = chooseClass(service.value, classes, own[0]?.value.className);
  if (choice.kind !== 'chosen') return { service, own, choice, nodes: [], wishes: [] };
  const { chosen } = choice;
  const group = balancerNodes(chosen.spec, nodes);
  const wishes = childWishes({ service, chosen, nodeCount: group.length, own, children });
  const isNew = own.length === 0 && service.value.boundClass === undefined;
  const inForce = classes.inForce.values();
  const obstacle = isNew
    ? takeoverObstacle({ service, chosen, wishes, classes: inForce })
    : undefined;
  if (obstacle === undefined) return { service, own, choice, nodes: group, wishes };
  const { name } = chosen.metadata;
  return {
    service,
    own,
    choice: { kind: 'not-taken-over', name, obstacle },
    nodes: [],
    wishes: [],
  };
}

/** Preferred nodes by placement key. */
function placeByClass(
  expansions: readonly Expansion[],
  placeChildren: Place,
): ReadonlyMap<string, string> {
  const byClass = groupBy(expansions, ({ choice }) =>
    choice.kind === 'chosen' ? choice.chosen.metadata.name : '',
  );
  const nodeOf = new Map<string, string>();
  for (const [className, group] of byClass) {
    const [first] = group;
    if (first === undefined || first.choice.kind !== 'chosen') continue;
    const children = group.flatMap(({ service, wishes }) => placementsOf(service.value, wishes));
    const placed = placeChildren({ className, nodes: first.nodes, children });
    for (const [key, node] of placed) nodeOf.set(key, node);
  }
  return nodeOf;
}

function childOperations(
  expansion: Expansion,
  nodeOf: ReadonlyMap<string, string>,
  children: ChildLookup,
): Operation[] {
  const { service, own, choice } = expansion;
  const serviceKey = keyOf(service.object.metadata);
  const stale = children
    .ofService(serviceKey)
    .filter((child) => ownershipOf(child, service.object.metadata) === 'stale')
    .map(deletion);
  if (choice.kind === 'not-ours') return [...stale, ...own.map(deletion)];
  // Without its class nothing is known of count and nodes: what is there stays, and follows its Service's ports.
  const wishes = choice.kind === 'chosen' ? expansion.wishes : own.map(asItStands);
  const kept = new Set(wishes.map(({ existing }) => existing));
  return [
    ...stale,
    ...own.filter((child) => !kept.has(child)).map(deletion),
    ...wishes.flatMap((wish) => {
      const placed = nodeOf.get(placementKey(serviceKey, wish.slot.order));
      return writeChild(wish, homeOf(expansion, placed), service.value);
    }),
  ];
}

function asItStands(existing: Observed<Child>): ChildWish {
  const { className, requestedIp, ipFamilies } = existing.value;
  const family = ipFamilies.length === 1 ? ipFamilies[0] : undefined;
  const { name } = existing.object.metadata;
  return { slot: { order: 0 }, name, className, requestedIp, family, existing };
}

/** Where a child belongs: to a node, or to none in particular since every node announces it. */
interface Home {
  readonly node: string | undefined;
}

/** @returns undefined where there is no node for it */
function homeOf({ choice, nodes }: Expansion, placed: string | undefined): Home | undefined {
  if (choice.kind === 'chosen' && !isLayer2(choice.chosen)) {
    return nodes.some(({ eligible }) => eligible) ? { node: undefined } : undefined;
  }
  return placed === undefined ? undefined : { node: placed };
}

function writeChild(wish: ChildWish, home: Home | undefined, service: Service): Operation[] {
  const { existing } = wish;
  // A child that exists keeps its node when nobody is eligible; a new one waits for a node.
  const preferredNode = home === undefined ? existing?.value.preferredNode : home.node;
  const wanted = { ...wish, preferredNode };
  if (existing !== undefined) return [childPatch(existing, service, wanted) ?? []].flat();
  if (home === undefined) return [];
  return [{ do: 'create', object: newChild(service, wanted) }];
}

function conditionOperations(expansion: Expansion, nowEpochMs: number): Operation[] {
  const { service } = expansion;
  const conditions = new Map<string, ConditionValue | undefined>([
    ...classCondition(expansion),
    [SERVICE_CONDITION.annotationsValid, annotationsCondition(expansion)],
    [SERVICE_CONDITION.balancerNodes, nodesCondition(expansion)],
  ]);
  const patch = statusPatch(service.object, { conditions }, nowEpochMs);
  if (patch.length === 0) return [];
  const { name, namespace } = service.object.metadata;
  return [{ do: 'patch', ref: { kind: 'Service', namespace, name }, subresource: 'status', patch }];
}

/** The binding's message is data: Deckhouse reads the class name from it, and so do we. */
function classCondition({
  service,
  choice,
  own,
  nodes,
}: Expansion): [string, ConditionValue | undefined][] {
  if (choice.kind === 'chosen') {
    // Nothing is bound before there is a node: a Service that has nothing yet follows its default class.
    if (own.length === 0 && !nodes.some(({ eligible }) => eligible))
      return withoutComplaint(service);
    const message = choice.chosen.metadata.name;
    const bound = { status: 'True', reason: 'LoadBalancerClassBound', message } as const;
    return [[SERVICE_CONDITION.classBound, bound]];
  }
  if (choice.kind === 'not-ours') return withoutComplaint(service);
  if (choice.kind === 'not-taken-over') {
    const message = `MetalLoadBalancerClass ${JSON.stringify(choice.name)} does not take the Service over, as it would not keep its IPs: ${choice.obstacle}`;
    return [[SERVICE_CONDITION.classBound, { status: 'False', reason: 'WouldLoseIPs', message }]];
  }
  const { reason, fact, until } = WITHOUT_CLASS[choice.kind];
  const consequence =
    own.length === 0 ? 'the Service gets no public IP' : 'the public IPs stay as they are';
  const message = `MetalLoadBalancerClass ${JSON.stringify(choice.name)} ${fact}: ${consequence} until it ${until} or another class is chosen`;
  return [[SERVICE_CONDITION.classBound, { status: 'False', reason, message }]];
}

/** What was said of a class that can't serve the Service is not so any more; a binding stays. */
function withoutComplaint({ value }: Observed<Service>): [string, undefined][] {
  const said = value.status.conditions.find(({ type }) => type === SERVICE_CONDITION.classBound);
  return said?.status === 'False' ? [[SERVICE_CONDITION.classBound, undefined]] : [];
}

const WITHOUT_CLASS = {
  'not-found': { reason: 'ClassNotFound', fact: 'does not exist', until: 'exists' },
  refused: {
    reason: 'ClassInvalid',
    fact: 'is not valid, its condition Accepted says why',
    until: 'is',
  },
} as const;

function annotationsCondition({ service, choice, wishes }: Expansion): ConditionValue | undefined {
  // Another implementation's Service may say with our annotations what it likes.
  if (choice.kind === 'not-ours') return undefined;
  const problems = [...service.value.problems, ...unusedRequests(service.value, wishes)];
  if (problems.length === 0) return undefined;
  const message = formatProblems(problems);
  return { status: 'False', reason: 'InvalidAnnotation', message };
}

function nodesCondition({ choice, nodes }: Expansion): ConditionValue | undefined {
  if (choice.kind !== 'chosen' || nodes.some(({ eligible }) => eligible)) return undefined;
  const name = JSON.stringify(choice.chosen.metadata.name);
  const why =
    nodes.length === 0
      ? `no node matches spec.nodeSelector of MetalLoadBalancerClass ${name}`
      : `every node of MetalLoadBalancerClass ${name} is draining`;
  const message = `${why}: existing public IPs stay where they are, new ones wait for a node`;
  return { status: 'False', reason: 'NoBalancerNodes', message };
}

/** Turns LoadBalancer Services into one child for each public IP. */
export const hook: Hook = {
  config: hookConfig('expand-services', [
    { ...BINDING.classes, jqFilter: CLASS_FILTER },
    { ...BINDING.nodes, jqFilter: NODE_FILTER },
    { ...BINDING.services, jqFilter: SERVICE_TO_EXPAND_FILTER },
    {
      ...BINDING.children,
      jqFilter: CHILD_TO_KEEP_FILTER,
      // Those that come are mostly its own.
      executeHookOnEvent: ['Modified', 'Deleted'],
    },
  ]),
  handle(contexts, nowEpochMs) {
    return expandServices({ ...readState(contexts), nowEpochMs });
  },
};
