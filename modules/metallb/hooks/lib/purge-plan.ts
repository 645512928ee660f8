import {
  ADVERTISEMENT_CONDITION,
  CLASS_CONDITION,
  NODE_CONDITION_TYPES,
  POOL_CONDITION,
  SERVICE_CONDITION,
} from '../../src/api/conditions.ts';
import { CHILD_KIND, CLASS_KIND, LABEL } from '../../src/api/names.ts';
import { type KubernetesObject, keyOf } from '../../src/api/object.ts';
import { parseServiceBgpStatus } from '../../src/api/service-bgp-status.ts';
import { serviceOfBgpStatus } from '../../src/metallb/bgp-status.ts';
import { pointerTo, removeLabel, testVersion } from '../../src/store/json-patch.ts';
import type { JsonPatchOperation, Kind, Operation } from '../../src/store/store.ts';
import { listAt, valueAt } from './json.ts';

/** All objects of the kinds that the module writes to. */
export interface PurgeView {
  readonly services: readonly KubernetesObject[];
  readonly children: readonly KubernetesObject[];
  readonly nodes: readonly KubernetesObject[];
  readonly classes: readonly KubernetesObject[];
  /** Of MetalLB's API. */
  readonly metallb: readonly KubernetesObject[];
}

/** What goes from one object, or the object itself. */
export interface Removal {
  readonly kind: Kind | 'CustomResourceDefinition';
  /** `NAMESPACE/NAME`, or the name where the kind has no namespaces. */
  readonly object: string;
  /** In words, such as `IP 192.0.2.10` or `condition AllPublicIPsAssigned`; empty when the object itself goes. */
  readonly parts: readonly string[];
  readonly operations: readonly Operation[];
}

const SERVICE_CONDITION_TYPES: readonly string[] = Object.values(SERVICE_CONDITION);
/** Classes are their users'; of their status all that the controller writes. */
const CLASS_CONDITION_TYPES: readonly string[] = Object.values(CLASS_CONDITION);
const METALLB_CONDITION_TYPES: readonly string[] = [
  ...Object.values(POOL_CONDITION),
  ...Object.values(ADVERTISEMENT_CONDITION),
];
const CLASS_FIGURES = ['nodes', 'nodeCount', 'addresses'];
const INGRESS = ['loadBalancer', 'ingress'] as const;

/**
 * What this module wrote into objects that outlive it, and nothing else. Done in the order of the list it can be broken
 * off anywhere and planned anew: a Service is recognised by its children for as long as its IPs stand there.
 * @returns an empty list when nothing is left
 */
export function planPurge({ services, children, nodes, classes, metallb }: PurgeView): Removal[] {
  const own = children.filter(isOurs);
  const withOwn = new Set(own.flatMap(ownerKey));
  const withOthers = new Set(children.filter((child) => !isOurs(child)).flatMap(servedKey));
  return [
    ...services
      .filter(({ metadata }) => !withOthers.has(keyOf(metadata)))
      .flatMap((service) => fromService(service, withOwn.has(identity(service)))),
    ...own.flatMap(removeChild),
    ...nodes.flatMap(fromNode),
    ...classes.flatMap(fromClass),
    ...metallb.flatMap(fromMetallb),
  ];
}

/** Children of ours that are being deleted: `NAMESPACE/NAME` and the finalizers that they wait for. */
export function leavingChildren(
  children: readonly KubernetesObject[],
): { readonly child: string; readonly finalizers: readonly string[] }[] {
  return children
    .filter((child) => isOurs(child) && isLeaving(child))
    .map(({ metadata }) => ({
      child: keyOf(metadata),
      finalizers: listAt(metadata, 'finalizers').map(String),
    }));
}

/** Its Service owns it. Those that Deckhouse's own module renders have no owner: they are Helm's. */
function isOurs(child: KubernetesObject): boolean {
  return controllerOf(child) !== undefined;
}

function controllerOf({ metadata }: KubernetesObject) {
  return metadata.ownerReferences?.find(
    ({ controller, kind }) => controller === true && kind === 'Service',
  );
}

/** As `identity` of the Service: a successor of the same name is another one. */
function ownerKey(child: KubernetesObject): string[] {
  const owner = controllerOf(child);
  if (owner === undefined) return [];
  return [`${keyOf({ namespace: child.metadata.namespace, name: owner.name })} ${owner.uid}`];
}

function identity({ metadata }: KubernetesObject): string {
  return `${keyOf(metadata)} ${metadata.uid}`;
}

function servedKey({ metadata, spec }: KubernetesObject): string[] {
  const name = valueAt(spec, 'serviceRef', 'name');
  const namespace = valueAt(spec, 'serviceRef', 'namespace') ?? metadata.namespace;
  if (typeof name !== 'string' || typeof namespace !== 'string') return [];
  return [keyOf({ namespace, name })];
}

function isLeaving({ metadata }: KubernetesObject): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/** Its IPs only where it has children, or says that it had: those of another load balancer stand in the same place. */
function fromService(object: KubernetesObject, hasChildren: boolean): Removal[] {
  const types = typesIn(object);
  const hadChildren =
    types.includes(SERVICE_CONDITION.allIpsAssigned) &&
    types.includes(SERVICE_CONDITION.classBound);
  const ingress = hasChildren || hadChildren ? listAt(object.status, ...INGRESS) : [];
  const conditions = conditionsOf(object, SERVICE_CONDITION_TYPES);
  const withoutIngress: JsonPatchOperation[] =
    ingress.length === 0 ? [] : [{ op: 'remove', path: pointerTo('status', ...INGRESS) }];
  return removal(
    object,
    'Service',
    [
      ...ingress.map((entry) => `IP ${valueAt(entry, 'ip') ?? valueAt(entry, 'hostname')}`),
      ...conditions.words,
    ],
    patchOf(object, 'Service', [...withoutIngress, ...conditions.patch], 'status'),
  );
}

function removeChild(object: KubernetesObject): Removal[] {
  if (isLeaving(object)) return [];
  const { namespace, name, uid } = object.metadata;
  const ref = { kind: CHILD_KIND, namespace, name } as const;
  return [
    {
      ...{ kind: CHILD_KIND, object: keyOf(object.metadata), parts: [] },
      operations: [{ do: 'delete', ref, uid }],
    },
  ];
}

function fromNode(object: KubernetesObject): Removal[] {
  const label = removeLabel(object, LABEL.member);
  const conditions = conditionsOf(object, NODE_CONDITION_TYPES);
  return removal(
    object,
    'Node',
    [...(label.length === 0 ? [] : [`label ${LABEL.member}`]), ...conditions.words],
    [
      ...patchOf(object, 'Node', label),
      // Kubelets write the same list all the time: which conditions are meant is tested, no version.
      ...patchOf(object, 'Node', conditions.patch, 'status', false),
    ],
  );
}

function fromClass(object: KubernetesObject): Removal[] {
  const figures = CLASS_FIGURES.filter((name) => valueAt(object.status, name) !== undefined);
  const conditions = conditionsOf(object, CLASS_CONDITION_TYPES);
  const withoutFigures = figures.map((name) => ({
    ...({ op: 'remove', path: pointerTo('status', name) } as const),
  }));
  return removal(
    object,
    CLASS_KIND,
    [...figures.map((name) => `status.${name}`), ...conditions.words],
    patchOf(object, CLASS_KIND, [...withoutFigures, ...conditions.patch], 'status'),
  );
}

/**
 * What MetalLB's API gave to Services stays, as MetalLB leaves it: IPs, the name of the pool beside them, and the pools'
 * counters. So whoever comes next, MetalLB or this module, takes the Services over as they are.
 */
function fromMetallb(object: KubernetesObject): Removal[] {
  const { kind } = object;
  switch (kind) {
    case 'ServiceL2Status':
      // MetalLB's own tell of no IP.
      return valueAt(object.status, 'ip') === undefined ? [] : removeTold(object, kind);
    case 'ConfigurationState':
      // MetalLB's own belong to its Pods.
      return object.metadata.ownerReferences === undefined ? removeTold(object, kind) : [];
    case 'ServiceBGPStatus': {
      const told = parseServiceBgpStatus(object);
      // MetalLB's own have other names.
      const isOwn = told.ok && serviceOfBgpStatus(told.value) !== undefined;
      return isOwn ? removeTold(object, kind) : [];
    }
    case 'IPAddressPool':
    case 'MetalLoadBalancerPool':
    case 'L2Advertisement':
    case 'BGPPeer':
    case 'BGPAdvertisement':
    case 'BFDProfile':
    case 'Community':
    case 'MetalLoadBalancerBGPPeer':
    case 'MetalLoadBalancerConfiguration': {
      const conditions = conditionsOf(object, METALLB_CONDITION_TYPES);
      const operations = patchOf(object, kind, conditions.patch, 'status');
      return removal(object, kind, conditions.words, operations);
    }
    default:
      return [];
  }
}

function removeTold({ metadata }: KubernetesObject, kind: Kind): Removal[] {
  const { namespace, name, uid } = metadata;
  const operations: Operation[] = [{ do: 'delete', ref: { kind, namespace, name }, uid }];
  return [{ kind, object: keyOf(metadata), parts: [], operations }];
}

/** Nothing where there is nothing to do. */
function removal(
  { metadata }: KubernetesObject,
  kind: Kind,
  parts: readonly string[],
  operations: readonly Operation[],
): Removal[] {
  return operations.length === 0 ? [] : [{ kind, object: keyOf(metadata), parts, operations }];
}

function patchOf(
  object: KubernetesObject,
  kind: Kind,
  patch: readonly JsonPatchOperation[],
  subresource?: 'status',
  isOfVersion = subresource !== undefined,
): Operation[] {
  if (patch.length === 0) return [];
  const { namespace, name } = object.metadata;
  const whole = isOfVersion ? [testVersion(object), ...patch] : patch;
  return [
    {
      ...({ do: 'patch', ref: { kind, namespace, name } } as const),
      ...(subresource && { subresource }),
      patch: whole,
    },
  ];
}

function typesIn({ status }: KubernetesObject): unknown[] {
  return listAt(status, 'conditions').map((condition) => valueAt(condition, 'type'));
}

/** The conditions of these types, and the patch without them: the highest first, since a removal shifts what follows. */
function conditionsOf(
  object: KubernetesObject,
  types: readonly string[],
): { readonly words: string[]; readonly patch: JsonPatchOperation[] } {
  const present = typesIn(object).flatMap((type, index) =>
    typeof type === 'string' && types.includes(type) ? [{ type, index }] : [],
  );
  const patch = present.toReversed().flatMap(({ type, index }): JsonPatchOperation[] => {
    const path = pointerTo('status', 'conditions', String(index));
    return [
      { op: 'test', path: `${path}/type`, value: type },
      { op: 'remove', path },
    ];
  });
  return { words: present.map(({ type }) => `condition ${type}`), patch };
}
