import * as assert from 'uvu/assert';
import { parseAllDocuments } from 'yaml';
import { until } from '../../lab/exec.ts';
import { assignedIps, settled } from '../../lab/health.ts';
import {
  auditFolder,
  idleRights,
  type Right,
  type Role,
  requestsOf,
  rightsOfRole,
} from '../../lab/kubernetes/audit.ts';
import { runBackends } from '../../lab/kubernetes/backend-pods.ts';
import { collectionPath, objectPath } from '../../lab/kubernetes/kinds.ts';
import { RELEASE_NAMESPACE } from '../../lab/kubernetes/release.ts';
import type { Lab } from '../../lab/lab.ts';
import { nodeTells } from '../../lab/node-condition.ts';
import type { Scenario } from '../../lab/scenario.ts';
import { classManifest } from '../../lab/workload.ts';
import { listAt, valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import { CHILD_KIND, CLASS_KIND, LABEL } from '../../modules/metallb/src/api/names.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { applyText, firstManifest } from '../cluster/metallb-lab.ts';
import { inNamespace, ONE_OF_EACH } from '../support/bgp-objects.ts';
import { journey } from './journey.ts';

const OPTIONS = {
  ...{ apps: ['nginx'], uninstalls: true, deadlineMs: 300_000, isLong: true },
  // So that there is something of every kind to take back.
  values: { edition: 'EE' },
};
const IPS = ['192.0.2.10', '192.0.2.11', '192.0.2.12'];
const ACCOUNT = 'purge';
/** In every namespace, by Kubernetes itself. */
const EVERYWHERE = ['ServiceAccount default', 'ConfigMap kube-root-ca.crt'];
const KINDS_IN_NAMESPACE = [
  ...['Pod', 'Lease', 'Secret', 'ServiceAccount', 'ConfigMap', 'Service', 'EndpointSlice'],
  ...['Deployment', 'ReplicaSet', 'DaemonSet', 'ControllerRevision', 'Job'],
];
const KINDS_OF_CLUSTER = ['ClusterRole', 'ClusterRoleBinding', 'ValidatingWebhookConfiguration'];

/** The journey of docs/journeys/uninstall.md. */
export const scenarios: readonly Scenario[] = [
  journey('uninstall', OPTIONS, (lab) => {
    let rights: readonly Right[] = [];
    return {
      '1. A Service with three IPs': async () => {
        await settled(lab);
        await haveAConditionOfNodes(lab);
        rights = await rightsOfPurge(lab);
      },
      // The page looks at a cluster without.
      '2. What will go': () => haveObjectsOfMetallb(lab),
      '3. Uninstall': async () => {
        for (const ip of IPS) assert.equal(await lab.prober.macsOf(ip), [], `who answers ${ip}`);
        await nothingIsLeft(lab);
        await usersObjectsStay(lab);
        usedItsRights(lab, rights);
      },
      '5. Back again': async () => {
        const ips = (await settled(lab)).map(({ ip }) => ip);
        assert.equal(ips, IPS);
      },
    };
  }),
];

/** A class whose interface no node has comes and goes: speakers say so, and leave the condition. */
async function haveAConditionOfNodes(lab: Lab): Promise<void> {
  const addressPool = ['198.51.100.10-198.51.100.19'];
  const name = 'nowhere';
  await lab.cluster.apply(classManifest({ name, addressPool, interfaces: ['eth9'] }));
  await nodeTells(lab, 'n1', 'InterfaceMissing', { status: 'True' });
  await lab.cluster.delete({ kind: CLASS_KIND, name });
  await nodeTells(lab, 'n1', 'InterfaceMissing', { status: 'False' });
}

const ANOTHER_POOL = `---
apiVersion: network.deckhouse.io/v1alpha1
kind: MetalLoadBalancerPool
metadata: {name: second}
spec: {addresses: [192.0.2.210-192.0.2.219]}
`;
/** What programs tell of a Service, and of themselves. */
const TOLD = ['ServiceL2Status', 'ServiceBGPStatus', 'ConfigurationState'];

/** Everything else that programs write on: a Service of MetalLB's API, and one object of each kind of BGP. */
async function haveObjectsOfMetallb(lab: Lab): Promise<void> {
  await applyText(lab, firstManifest('plain', RELEASE_NAMESPACE) + ANOTHER_POOL);
  await runBackends(lab, 'plain');
  await assignedIps(lab, 'plain', 1);
  const ofBgp = inNamespace(ONE_OF_EACH, RELEASE_NAMESPACE);
  await lab.cluster.apply(...ofBgp);
  await until({ what: 'all of it is told', deadlineMs: 20_000 }, async () => {
    const told = await Promise.all(TOLD.map((kind) => lab.cluster.list(kind)));
    const judged = await Promise.all(ofBgp.map(({ kind }) => lab.cluster.list(kind)));
    return (
      told.every((some) => some.length > 0) &&
      judged.every((some) => JSON.stringify(some).includes('"Accepted"'))
    );
  });
}

/** Nothing that bears our name, nor anything else in the namespace. */
async function nothingIsLeft(lab: Lab): Promise<void> {
  const left: string[] = [];
  for (const kind of KINDS_IN_NAMESPACE) {
    left.push(...(await namesIn(lab, collectionPath(kind, RELEASE_NAMESPACE), kind)));
  }
  for (const kind of KINDS_OF_CLUSTER) {
    const all = await namesIn(lab, collectionPath(kind), kind);
    left.push(...all.filter((name) => name.includes('metallb')));
  }
  left.push(...(await namesIn(lab, collectionPath(CHILD_KIND), CHILD_KIND)));
  assert.equal(
    left.filter((name) => !EVERYWHERE.includes(name)),
    [],
  );
  const nodes = await lab.cluster.list('Node');
  const texts = nodes.map(({ metadata, status }) => JSON.stringify([metadata.labels, status]));
  assert.ok(texts.length > 0);
  for (const text of texts) {
    assert.not.match(text, LABEL.member);
    assert.not.match(text, 'network.deckhouse.io/');
  }
}

async function namesIn(lab: Lab, path: string, kind: string): Promise<string[]> {
  const { items } = (await lab.kubernetes.api.get(path)) as { items: KubernetesObject[] };
  return items.map(({ metadata }) => `${kind} ${metadata.name}`);
}

async function usersObjectsStay(lab: Lab): Promise<void> {
  const { api } = lab.kubernetes;
  const service = await api.get(objectPath('Service', 'nginx'));
  assert.equal(valueAt(service, 'status'), { loadBalancer: {} });
  const found = await api.get(objectPath(CLASS_KIND, 'ingress'));
  assert.equal(listAt(found, 'spec', 'addressPool'), ['192.0.2.10-192.0.2.19']);
  assert.equal(Object.values(valueAt(found, 'status') ?? {}).flat(), []);
}

async function rightsOfPurge(lab: Lab): Promise<Right[]> {
  const { installation } = lab.kubernetes;
  const hooks = parseAllDocuments((await installation?.release.hooks()) ?? '');
  const objects = hooks.map((document) => document.toJS() as { kind?: string } & Role);
  return objects.filter(({ kind }) => kind === 'ClusterRole').flatMap(rightsOfRole);
}

/** All of them, and no request was refused. */
function usedItsRights(lab: Lab, rights: readonly Right[]): void {
  const requests = requestsOf(auditFolder(lab), RELEASE_NAMESPACE, ACCOUNT);
  assert.ok(rights.length > 0);
  assert.equal(idleRights(rights, requests), []);
  assert.equal(
    requests.filter(({ code }) => code >= 400),
    [],
  );
}
