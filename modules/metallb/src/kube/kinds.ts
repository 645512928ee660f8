import { isRecord } from '../api/fields.ts';
import type { KubernetesObject, ObjectMeta } from '../api/object.ts';
import { InvalidError } from '../store/errors.ts';
import { isKind, KINDS } from '../store/kinds.ts';
import type { Kind, ObjectRef, WatchOptions } from '../store/store.ts';

const PLURALS: Readonly<Record<Kind, string>> = {
  MetalLoadBalancerClass: 'metalloadbalancerclasses',
  SDNInternalL2LBService: 'sdninternall2lbservices',
  Service: 'services',
  Node: 'nodes',
  EndpointSlice: 'endpointslices',
  Namespace: 'namespaces',
  ConfigMap: 'configmaps',
  Secret: 'secrets',
  IPAddressPool: 'ipaddresspools',
  L2Advertisement: 'l2advertisements',
  BGPPeer: 'bgppeers',
  BGPAdvertisement: 'bgpadvertisements',
  BFDProfile: 'bfdprofiles',
  Community: 'communities',
  ServiceL2Status: 'servicel2statuses',
  ServiceBGPStatus: 'servicebgpstatuses',
  ConfigurationState: 'configurationstates',
  MetalLoadBalancerPool: 'metalloadbalancerpools',
  MetalLoadBalancerBGPPeer: 'metalloadbalancerbgppeers',
  MetalLoadBalancerConfiguration: 'metalloadbalancerconfigurations',
};

/** Fields of `status` that are large and that nobody here reads. */
const UNREAD: Partial<Record<Kind, readonly string[]>> = {
  Node: ['images', 'volumesAttached', 'volumesInUse'],
};

/** Any object of a kind that programs know. @throws InvalidError */
export function knownKind(kind: string): Kind {
  if (isKind(kind)) return kind;
  throw new InvalidError(`kind ${kind} is unknown; expected ${Object.keys(KINDS).join(', ')}`);
}

/** The path of all objects of a kind, of one namespace or of all. */
export function collectionPath({
  kind,
  namespace,
}: Pick<WatchOptions, 'kind' | 'namespace'>): string {
  const { apiVersion } = KINDS[kind];
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const within = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${within}/${PLURALS[kind]}`;
}

/** The path of one object. @throws InvalidError where a namespace is missing or too much */
export function objectPath({ kind, namespace, name }: ObjectRef): string {
  return `${ownCollectionPath(kind, namespace, name)}/${encodeURIComponent(name)}`;
}

/** The path that creates objects of a kind. @throws InvalidError where a namespace is missing or too much */
export function ownCollectionPath(kind: Kind, namespace: string | undefined, name: string): string {
  if (KINDS[kind].namespaced !== (namespace !== undefined)) {
    const rule = KINDS[kind].namespaced ? 'needs a namespace' : 'has no namespace';
    throw new InvalidError(
      `${kind} ${name}: this kind ${rule}, but it is ${namespace ?? 'missing'}`,
    );
  }
  return collectionPath({ kind, ...(namespace === undefined ? {} : { namespace }) });
}

/** The object as programs get it: with its kind, which items of lists lack, and without what is large and never read. */
export function parseApiObject(kind: Kind, value: unknown): KubernetesObject | undefined {
  if (!isRecord(value) || !isRecord(value['metadata'])) return undefined;
  const metadata = without(value['metadata'], ['managedFields']);
  if (!isObjectMeta(metadata)) return undefined;
  const { apiVersion } = KINDS[kind];
  const { status, ...rest } = value;
  const object = { ...rest, apiVersion, kind, metadata };
  if (status === undefined) return object;
  return { ...object, status: isRecord(status) ? without(status, UNREAD[kind] ?? []) : status };
}

function isObjectMeta(metadata: object): metadata is ObjectMeta {
  const needed = ['name', 'uid', 'resourceVersion', 'creationTimestamp'];
  const members: Readonly<Record<string, unknown>> = { ...metadata };
  return needed.every((name) => typeof members[name] === 'string');
}

/** A copy, since deleting a property makes an object larger. */
function without(
  members: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Readonly<Record<string, unknown>> {
  if (!names.some((name) => name in members)) return members;
  return Object.fromEntries(Object.entries(members).filter(([name]) => !names.includes(name)));
}
