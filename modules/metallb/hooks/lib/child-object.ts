import type { Child } from '../../src/api/child.ts';
import { isRecord } from '../../src/api/fields.ts';
import {
  CHILD_ANNOTATION,
  CHILD_API_VERSION,
  CHILD_KIND,
  CHILD_LOAD_BALANCER_CLASS,
  LABEL,
} from '../../src/api/names.ts';
import type { KubernetesObject, OwnerReference } from '../../src/api/object.ts';
import type { Service } from '../../src/api/service.ts';
import { familyOf, type IpAddress, type IpFamily, parseIp } from '../../src/net/ip.ts';
import { pointerTo, testVersion } from '../../src/store/json-patch.ts';
import type { JsonPatchOperation, NewObject, Operation } from '../../src/store/store.ts';
import { listAt, sameJson } from './json.ts';
import type { Observed } from './observed.ts';

/** Everything that makes one child of one Service. */
export interface WantedChild {
  readonly name: string;
  readonly className: string;
  readonly preferredNode: string | undefined;
  readonly requestedIp: IpAddress | undefined;
  /** Set for the children of a dual-stack Service, each of which holds one IP of one family. */
  readonly family: IpFamily | undefined;
}

/** Fields of a Service that its children carry as they are. */
const COPIED_FIELDS = [
  'allocateLoadBalancerNodePorts',
  'clusterIP',
  'clusterIPs',
  'externalIPs',
  'externalTrafficPolicy',
  'healthCheckNodePort',
  'internalTrafficPolicy',
  'ipFamilies',
  'ipFamilyPolicy',
  'loadBalancerSourceRanges',
  'ports',
  'publishNotReadyAddresses',
  'selector',
  'sessionAffinity',
  'sessionAffinityConfig',
] as const;

type ChildObject = NewObject & { readonly spec: Readonly<Record<string, unknown>> };

/** What a child of ours may carry and shall not, where nothing else is said of it. */
const NO_ANNOTATIONS = absent(Object.values(CHILD_ANNOTATION));
const NO_FIELDS = absent(COPIED_FIELDS);

/** The child as it shall stand in the store. */
export function newChild(service: Service, wanted: WantedChild): ChildObject {
  const { name, namespace = '' } = service.metadata;
  return {
    apiVersion: CHILD_API_VERSION,
    kind: CHILD_KIND,
    metadata: {
      name: wanted.name,
      namespace,
      labels: childLabels(name),
      annotations: childAnnotations(service, wanted),
      ownerReferences: [ownerReference(service)],
    },
    spec: childSpec(service, wanted),
  };
}

function childLabels(serviceName: string): Record<string, string> {
  return {
    [LABEL.parentService]: serviceName,
    [LABEL.heritage]: 'deckhouse',
    [LABEL.module]: 'metallb',
  };
}

function childAnnotations(service: Service, wanted: WantedChild): Record<string, string> {
  const annotations: Record<string, string | undefined> = {
    [CHILD_ANNOTATION.preferredNode]: wanted.preferredNode,
    [CHILD_ANNOTATION.addressPool]: wanted.className,
    [CHILD_ANNOTATION.requestedIps]: wanted.requestedIp,
    [CHILD_ANNOTATION.sharedIpKey]: service.sharedIpKey,
    [CHILD_ANNOTATION.forceAddress]: service.forceAddress ? 'true' : undefined,
  };
  return Object.fromEntries(
    Object.entries(annotations).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, value]],
    ),
  );
}

function ownerReference({ metadata: { name, uid } }: Service): OwnerReference {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

function childSpec(service: Service, { family }: WantedChild): Record<string, unknown> {
  const { name, namespace = '' } = service.metadata;
  const copied = COPIED_FIELDS.flatMap((field) => {
    const value = service.spec[field];
    return value === undefined || value === null ? [] : [[field, value]];
  });
  return {
    // The API server fills these in on Services; manifests may lack them.
    externalTrafficPolicy: 'Cluster',
    internalTrafficPolicy: 'Cluster',
    ipFamilies: service.ipFamilies,
    ...Object.fromEntries(copied),
    ports: listAt(service.spec, 'ports').map((port) =>
      isRecord(port) ? { ...port, protocol: port['protocol'] ?? 'TCP' } : port,
    ),
    ...(family === undefined ? {} : singleFamily(service, family)),
    type: 'LoadBalancer',
    loadBalancerClass: CHILD_LOAD_BALANCER_CLASS,
    serviceRef: { name, namespace },
  };
}

/** The family's part of what a dual-stack Service says of both. */
function singleFamily(service: Service, family: IpFamily): Record<string, unknown> {
  const clusterIps = listAt(service.spec, 'clusterIPs').filter((text) => {
    const ip = typeof text === 'string' ? parseIp(text) : undefined;
    return ip !== undefined && familyOf(ip) === family;
  });
  return {
    ipFamilies: [family],
    ipFamilyPolicy: 'SingleStack',
    clusterIP: clusterIps[0],
    clusterIPs: clusterIps.length === 0 ? undefined : clusterIps,
  };
}

/** The patch that turns an existing child into the wanted one, or undefined when it is that already. */
export function childPatch(
  { object }: Observed<Child>,
  service: Service,
  wanted: WantedChild,
): Operation | undefined {
  const target = newChild(service, wanted);
  const { metadata } = object;
  const operations = [
    ...mapPatch(['metadata', 'labels'], metadata.labels, target.metadata.labels ?? {}),
    ...mapPatch(['metadata', 'annotations'], metadata.annotations, {
      ...NO_ANNOTATIONS,
      ...target.metadata.annotations,
    }),
    ...ownerPatch(metadata.ownerReferences, target.metadata.ownerReferences ?? []),
    ...mapPatch(['spec'], isRecord(object.spec) ? object.spec : undefined, {
      ...NO_FIELDS,
      ...target.spec,
    }),
  ];
  if (operations.length === 0) return undefined;
  const ref = { kind: CHILD_KIND, namespace: metadata.namespace, name: metadata.name } as const;
  return { do: 'patch', ref, patch: [testIdentity(object), ...operations] };
}

/**
 * Hooks as executables watch children without their versions, which change with every status (jq-filters.ts): that it
 * is the same object still is enough, since nobody else writes these members.
 */
function testIdentity(object: KubernetesObject): JsonPatchOperation {
  const { uid, resourceVersion } = object.metadata;
  return resourceVersion === ''
    ? { op: 'test', path: '/metadata/uid', value: uid }
    : testVersion(object);
}

function absent(names: readonly string[]): Record<string, undefined> {
  return Object.fromEntries(names.map((name) => [name, undefined]));
}

/** Brings the named members to their values (undefined: not there); others stay. */
function mapPatch(
  path: readonly string[],
  present: Readonly<Record<string, unknown>> | undefined,
  wanted: Readonly<Record<string, unknown>>,
): JsonPatchOperation[] {
  const differing = Object.entries(wanted).filter(
    ([name, value]) => !sameJson(present?.[name], value),
  );
  if (differing.length === 0) return [];
  if (present === undefined) {
    return [{ op: 'add', path: pointerTo(...path), value: Object.fromEntries(differing) }];
  }
  return differing.map(([name, value]) =>
    value === undefined
      ? { op: 'remove', path: pointerTo(...path, name) }
      : { op: 'add', path: pointerTo(...path, name), value },
  );
}

/** Deckhouse's children come without owner; owners that don't control the child stay. */
function ownerPatch(
  present: readonly OwnerReference[] | undefined,
  wanted: readonly OwnerReference[],
): JsonPatchOperation[] {
  const uids = wanted.map(({ uid }) => uid);
  const isThere = wanted.every((owner) => present?.some((other) => sameJson(other, owner)));
  if (isThere) return [];
  const others = (present ?? []).filter((owner) => !uids.includes(owner.uid));
  return [{ op: 'add', path: '/metadata/ownerReferences', value: [...others, ...wanted] }];
}
