import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterObject, ObjectName } from '../../lab/cluster.ts';
import { until } from '../../lab/exec.ts';
import { collectionPath, objectPath } from '../../lab/kubernetes/kinds.ts';
import { METALLB_NAMESPACE } from '../../lab/kubernetes/metallb.ts';
import type { Lab, LabOptions } from '../../lab/lab.ts';
import { batch } from '../../lab/network.ts';
import { deleteServices } from '../../lab/standard.ts';
import { listAt, valueAt } from '../../modules/metallb/hooks/lib/json.ts';

const VALUES = { holdDownMs: 1_000 };

/** The module in a namespace of its own, serving what is in that of MetalLB. */
export const BESIDE_METALLB: Partial<LabOptions> = {
  release: { metallb: VALUES },
  releaseNamespace: 'load-balancer',
};

/** Values of a module that serves what is MetalLB's, or leaves it alone. */
export const MINE = { metallb: { ...VALUES, metallbNamespaces: [METALLB_NAMESPACE] } };
export const NOT_MINE = { metallb: { ...VALUES, metallbNamespaces: [] } };

/** Installed where MetalLB itself serves, and keeping away from what is its. */
export const ASIDE: Partial<LabOptions> = { release: NOT_MINE, releaseNamespace: 'load-balancer' };

const EXAMPLES = join(import.meta.dirname, '..', '..', 'examples');
/** The first advertisement brings the Pods of a whole cluster, on a machine that runs other tests beside it. */
const ANSWERED_WITHIN_MS = 45_000;
/** Longer than nodes hold down here. */
const STEADY_MS = 3_000;
const KINDS = ['IPAddressPool', 'L2Advertisement'] as const;

interface Items {
  readonly items: readonly { readonly metadata: { readonly name: string; namespace: string } }[];
}

/** An IPAddressPool. */
export function poolManifest(
  name: string,
  addresses: readonly string[],
  namespace = METALLB_NAMESPACE,
): ClusterObject {
  return {
    ...{ apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool' },
    ...{ metadata: { name, namespace }, spec: { addresses } },
  };
}

export function advertisementManifest(name: string, spec: ClusterObject['spec']): ClusterObject {
  return {
    ...{ apiVersion: 'metallb.io/v1beta1', kind: 'L2Advertisement' },
    ...{ metadata: { name, namespace: METALLB_NAMESPACE }, spec: { ...spec } },
  };
}

/** As any user has one, for a web server. */
export function plainService(name: string, spec: ClusterObject['spec'] = {}): ClusterObject {
  return {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' } },
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }], selector: { app: 'web' }, ...spec },
  };
}

/** What a user's first file has: a pool, that it is announced, and a Service of an application. */
export function firstManifest(app: string, namespace = METALLB_NAMESPACE): string {
  return `
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: first, namespace: ${namespace}}
spec: {addresses: [192.0.2.200-192.0.2.209]}
---
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: {name: first, namespace: ${namespace}}
---
apiVersion: v1
kind: Service
metadata: {name: ${app}, namespace: default}
spec: {type: LoadBalancer, ports: [{port: 80}], selector: {app: ${app}}}
`;
}

/** `kubectl apply` of text that a user has in a file. @returns what kubectl prints */
export function applyText(lab: Lab, text: string): Promise<string> {
  return lab.kubernetes.plane.kubectl(['apply', '--filename=-'], text);
}

/** `kubectl apply` of an example as it stands. */
export function applyExample(lab: Lab, name: string): Promise<string> {
  return applyText(lab, readFileSync(join(EXAMPLES, name), 'utf8'));
}

/** The namespace that MetalLB's users have their pools in. */
export async function haveNamespace(lab: Lab, name = METALLB_NAMESPACE): Promise<void> {
  await lab.cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
}

/** Leads subnets of pools to the segment, as static routes of a router do. */
export async function clientsReach(lab: Lab, ...subnets: readonly string[]): Promise<void> {
  const routes = subnets.map((subnet) => `route replace ${subnet} dev eth0`);
  for (const host of ['client', 'client2']) await batch(lab.namespace(host), routes);
}

/** Waits until one node, and which, answers for an IP. @returns its MAC */
export async function answererOf(lab: Lab, ip: string): Promise<string> {
  let macs: string[] = [];
  const what = () => `one answer for ${ip}, has ${macs.join(' ') || 'none'}`;
  return until({ what, deadlineMs: ANSWERED_WITHIN_MS, everyMs: 20 }, async () => {
    macs = await lab.prober.macsOf(ip);
    return macs.length === 1 && macs[0];
  });
}

/** Waits until a ServiceL2Status says who announces an IP. @param otherThan a node that is told no longer */
export async function announcer(lab: Lab, otherThan?: string): Promise<string> {
  const what = `a ServiceL2Status with a node other than ${otherThan}`;
  return until({ what, deadlineMs: 20_000 }, async () => {
    const [status] = await lab.cluster.list('ServiceL2Status');
    const node = status?.status?.['node'];
    return typeof node === 'string' && node !== otherThan && node;
  });
}

/** What a condition should be: of its fields, those that matter. */
export type WantedCondition = Readonly<Record<string, string | RegExp>>;

/** Waits until a condition of an object is so. */
export async function tells(
  lab: Lab,
  object: ObjectName,
  type: string,
  wanted: WantedCondition,
): Promise<void> {
  let found: unknown;
  const what = () =>
    `${object.kind} ${object.name} tells ${type} ${String(Object.values(wanted))}, not ${JSON.stringify(found)}`;
  await until({ what, deadlineMs: 15_000, everyMs: 100 }, async () => {
    const conditions = listAt((await lab.cluster.read(object))?.status, 'conditions');
    found = conditions.find((one) => valueAt(one, 'type') === type);
    return Object.entries(wanted).every(([field, value]) => {
      const text = String(valueAt(found, field));
      return typeof value === 'string' ? text === value : value.test(text);
    });
  });
}

/** The same of a pool in MetalLB's namespace. */
export function poolTells(
  lab: Lab,
  name: string,
  type: string,
  wanted: WantedCondition,
): Promise<void> {
  return tells(lab, { kind: 'IPAddressPool', namespace: METALLB_NAMESPACE, name }, type, wanted);
}

/** Waits until an IP has had one answerer for a while: nodes that have just come still hold down. @returns its node */
export async function steadyNodeOf(lab: Lab, ip: string): Promise<string> {
  let mac = await answererOf(lab, ip);
  let sinceMs = performance.now();
  const what = () => `one node for ${ip}, is ${nodeOf(lab, mac)}`;
  await until({ what, deadlineMs: 30_000, everyMs: 100 }, async () => {
    const now = await answererOf(lab, ip);
    if (now !== mac) sinceMs = performance.now();
    mac = now;
    return performance.now() - sinceMs > STEADY_MS;
  });
  return nodeOf(lab, mac);
}

export function nodeOf(lab: Lab, mac: string): string {
  return lab.nodes.find((one) => lab.macOf(one) === mac) ?? `nobody with ${mac}`;
}

/** Takes away what users have of MetalLB's API. */
export async function withoutMetallbObjects(lab: Lab): Promise<void> {
  const { api } = lab.kubernetes;
  await deleteServices(lab);
  for (const kind of KINDS) {
    const { items } = (await api.get(collectionPath(kind))) as Items;
    for (const { metadata } of items) {
      await api.ask('DELETE', objectPath(kind, metadata.name, metadata.namespace));
    }
  }
}
