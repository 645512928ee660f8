import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type CommandResult, run, tryRun, until } from '../../lab/exec.ts';
import { type Api, PATCH } from '../../lab/kubernetes/api.ts';
import { collectionPath, objectPath } from '../../lab/kubernetes/kinds.ts';
import { listAt, valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import { CHILD_KIND, CONDITION } from '../../modules/metallb/src/api/names.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import {
  deckhouseClass,
  memberNode,
  renderedChild,
  servedService,
} from '../migration/deckhouse-objects.ts';
import type { ClusterScenario, TestCluster } from './cluster-scenario.ts';
import { helm, RELEASE } from './helm.ts';
import { withController } from './hook-runners.ts';
import { applyObject, removeAll } from './store-support.ts';

const DIST = join(import.meta.dirname, '..', '..', 'dist');
/** Where Deckhouse has the releases of its modules. */
const RELEASE_NAMESPACE = 'd8-system';
const NODES = ['lb-1', 'lb-2', 'lb-3'];
const IPS = ['192.0.2.12', '192.0.2.10', '192.0.2.31'];
/** Of a Service whose child nobody tells to stay. */
const UNKEPT = ['192.0.2.40'];

/** Server-side apply takes no stamps of another cluster. */
function asManifest({ metadata, status: _, ...rest }: KubernetesObject): KubernetesObject {
  const { name, namespace, labels, annotations } = metadata;
  const own = { name, ...(namespace && { namespace }), labels, annotations };
  return { ...rest, metadata: own as KubernetesObject['metadata'] };
}

function serviceManifest(name: string, ips: readonly string[]): KubernetesObject {
  const { spec, ...rest } = asManifest(servedService(name, { ips }));
  const { clusterIP: _, clusterIPs: __, ports: ___, ...own } = spec as Record<string, unknown>;
  return { ...rest, spec: { ...own, ports: [{ port: 80, protocol: 'TCP', targetPort: 8_080 }] } };
}

async function setStatus(api: Api, object: KubernetesObject): Promise<void> {
  const { kind, metadata, status } = object;
  const path = `${objectPath(kind, metadata.name, metadata.namespace)}/status`;
  await api.send('PATCH', path, { status }, PATCH.merge);
}

/** Children as Deckhouse's release holds them, and something else of it that our chart has not got. */
async function installOldModule({ plane, directory, api }: TestCluster): Promise<void> {
  const chart = mkdtempSync(join(directory, 'old-module-'));
  mkdirSync(join(chart, 'templates'));
  writeFileSync(join(chart, 'Chart.yaml'), `apiVersion: v2\nname: ${RELEASE}\nversion: 0.0.1\n`);
  const children = [...childrenOf('nginx', IPS), ...childrenOf('unkept', UNKEPT)];
  const exclude = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'metallb-excludel2', namespace: 'default' },
  };
  for (const object of [...children.map(asManifest), exclude]) {
    const file = join(chart, 'templates', `${object.metadata.name}.yaml`);
    writeFileSync(file, JSON.stringify(object));
  }
  const config = `--kubeconfig=${plane.kubeconfig('admin')}`;
  succeeded(
    await helm([
      ...[
        'install',
        RELEASE,
        chart,
        '--namespace',
        RELEASE_NAMESPACE,
        '--create-namespace',
        config,
      ],
    ]),
  );
  for (const child of children) await setStatus(api, child);
}

function childrenOf(service: string, ips: readonly string[]): KubernetesObject[] {
  return ips.map((ip, index) => {
    const node = ['lb-2', 'lb-1', 'lb-3'][index] ?? '';
    return renderedChild(`${service}-ingress-${index}`, { service, node, ip });
  });
}

function succeeded({ code, stderr }: CommandResult): void {
  if (code !== 0) throw new Error(stderr);
}

/** Runs the built hook on what the cluster has, as addon-operator does before Helm, and does what it asks for. */
async function keepChildren({ api, directory }: TestCluster, names: RegExp): Promise<void> {
  const own = mkdtempSync(join(directory, 'hook-'));
  const children = (await list(api, CHILD_KIND)).filter(({ metadata }) =>
    names.test(metadata.name),
  );
  const file = (name: string, text: string) => {
    writeFileSync(join(own, name), text);
    return join(own, name);
  };
  const objects = children.map((object) => ({
    object: { ...object, kind: CHILD_KIND, apiVersion: 'internal.network.deckhouse.io/v1alpha1' },
  }));
  const contexts = [{ binding: 'beforeHelm', snapshots: { children: objects } }];
  const patches = file('patches', '');
  await run([
    'env',
    `BINDING_CONTEXT_PATH=${file('contexts', JSON.stringify(contexts))}`,
    `KUBERNETES_PATCH_PATH=${patches}`,
    `METRICS_PATH=${file('metrics', '')}`,
    join(DIST, 'deckhouse-upgrade', 'keep-children.mjs'),
  ]);
  for (const line of readFileSync(patches, 'utf8').trim().split('\n')) {
    const { kind, namespace, name, jsonPatch } = JSON.parse(line);
    const path = objectPath(kind, name, namespace);
    await api.send('PATCH', path, jsonPatch, 'application/json-patch+json');
  }
}

async function list(api: Api, kind: string): Promise<KubernetesObject[]> {
  return ((await api.get(collectionPath(kind))) as { items: KubernetesObject[] }).items;
}

/** `name IP uid` of the children of a Service. */
async function childLines(api: Api, service: string): Promise<string[]> {
  const children = await list(api, CHILD_KIND);
  return children
    .filter(({ spec }) => valueAt(spec, 'serviceRef', 'name') === service)
    .map(({ metadata, status }) => {
      const [ingress] = listAt(status, 'loadBalancer', 'ingress');
      return `${metadata.name} ${valueAt(ingress, 'ip')} ${metadata.uid}`;
    })
    .sort();
}

async function serviceIps(api: Api, name: string): Promise<unknown[]> {
  const { status } = (await api.get(objectPath('Service', name))) as KubernetesObject;
  return listAt(status, 'loadBalancer', 'ingress').map((entry) => valueAt(entry, 'ip'));
}

function plan({ plane }: TestCluster, ...args: readonly string[]): Promise<CommandResult> {
  const config = `KUBECONFIG=${plane.kubeconfig('admin')}`;
  const mlb = [process.execPath, join(DIST, 'mlb.mjs'), 'plan', '--store=kubernetes'];
  return tryRun(['env', config, ...mlb, ...args]);
}

async function upgradeFromDeckhouse(cluster: TestCluster): Promise<void> {
  const { api, plane } = cluster;
  await removeAll(api);
  for (const name of NODES) await applyObject(api, asManifest(memberNode(name)));
  await applyObject(api, asManifest(deckhouseClass('ingress')));
  await applyObject(api, serviceManifest('nginx', IPS));
  await applyObject(api, serviceManifest('unkept', UNKEPT));
  await installOldModule(cluster);
  await setStatus(api, servedService('nginx', { ips: IPS }));
  await setStatus(api, servedService('unkept', { ips: UNKEPT }));
  const kept = await childLines(api, 'nginx');
  assert.is(kept.length, 3);

  const { code, stdout } = await plan(cluster);
  assert.match(stdout, /^0 IPs go, 0 IPs move to other nodes; 4 unchanged/m);
  assert.is(code, 0);

  await keepChildren(cluster, /^nginx/);
  const config = `--kubeconfig=${plane.kubeconfig('admin')}`;
  succeeded(await helm(['upgrade', RELEASE, 'CHART', '--namespace', RELEASE_NAMESPACE, config]));
  assert.equal(await childLines(api, 'nginx'), kept);
  assert.equal(await childLines(api, 'unkept'), [], 'what no hook kept, Helm deletes');
  assert.is(await api.find(objectPath('ConfigMap', 'metallb-excludel2')), undefined);

  await withController(cluster, 'controller', async () => {
    const isOwned = ({ metadata }: KubernetesObject) => metadata.ownerReferences !== undefined;
    const what = 'children that belong to their Services';
    await until({ what, deadlineMs: 30_000, everyMs: 50 }, async () => {
      const children = await list(api, CHILD_KIND);
      const [again] = await childLines(api, 'unkept');
      return children.every(isOwned) && again?.startsWith(`unkept-ingress-0 ${UNKEPT[0]} `);
    });
    assert.equal(await childLines(api, 'nginx'), kept);
    assert.equal(await serviceIps(api, 'nginx'), IPS);
    assert.equal(await serviceIps(api, 'unkept'), UNKEPT, 'the status remembered the IP');
  });
  const uninstall = ['uninstall', RELEASE, '--no-hooks', '--namespace', RELEASE_NAMESPACE];
  succeeded(await helm([...uninstall, config]));
  assert.equal(await childLines(api, 'nginx'), kept, 'nor is a child Helm’s when the release goes');
  await removeAll(api);
}

const SHARED = ['192.0.2.13'];
const IN_NO_POOL = ['198.51.100.1'];
/** As MetalLB has left them. */
const OF_METALLB: readonly (readonly [name: string, ips: readonly string[], more: object])[] = [
  ['web', ['192.0.2.12'], { loadBalancerIP: '192.0.2.12' }],
  ['dns-tcp', SHARED, { ports: [{ port: 53, protocol: 'TCP' }] }],
  ['dns-udp', SHARED, { ports: [{ port: 53, protocol: 'UDP' }] }],
  ['far', IN_NO_POOL, {}],
];

async function servedByMetallb(api: Api): Promise<void> {
  for (const [name, ips, more] of OF_METALLB) {
    const manifest = serviceManifest(name, ips);
    const annotations = {
      'metallb.io/ip-allocated-from-pool': 'first-pool',
      ...(ips === SHARED && { 'metallb.io/allow-shared-ip': 'dns' }),
    };
    await applyObject(api, {
      ...manifest,
      metadata: { ...manifest.metadata, annotations },
      spec: { ...(manifest.spec as object), ...more },
    });
    const ingress = ips.map((ip) => ({ ip }));
    await setStatus(api, { ...manifest, status: { loadBalancer: { ingress } } });
  }
}

async function assertKept(api: Api): Promise<void> {
  for (const [name, ips] of OF_METALLB) assert.equal(await serviceIps(api, name), ips, name);
}

async function boundClass(api: Api, name: string): Promise<unknown> {
  const service: unknown = await api.get(objectPath('Service', name));
  const conditions = listAt(service, 'status', 'conditions');
  return valueAt(
    conditions.find((one) => valueAt(one, 'type') === CONDITION.classBound),
    'reason',
  );
}

async function takeOverFromMetallb(cluster: TestCluster): Promise<void> {
  const { api, directory } = cluster;
  await removeAll(api);
  for (const name of NODES) await applyObject(api, asManifest(memberNode(name)));
  await servedByMetallb(api);

  const file = join(mkdtempSync(join(directory, 'plan-')), 'class.yaml');
  writeFileSync(file, JSON.stringify(asManifest(deckhouseClass('ingress'))));
  const { code, stdout } = await plan(cluster, '-f', file);
  for (const line of ['dns-tcp +192.0.2.13', 'dns-udp +192.0.2.13', 'web +192.0.2.12']) {
    assert.match(stdout, new RegExp(`^default/${line} +adopted`, 'm'));
  }
  assert.match(stdout, /^Service default\/far is not taken over/m);
  assert.is(code, 0);
  assert.equal(await childLines(api, 'web'), [], 'a plan writes nothing');

  await withController(cluster, 'controller', async () => {
    await applyObject(api, asManifest(deckhouseClass('ingress')));
    await takenOver(api);
  });
  // Another controller, and a user who edits what shares an IP.
  const edited = { spec: { ports: [{ name: 'dot', port: 853, protocol: 'UDP' }] } };
  await api.send('PATCH', objectPath('Service', 'dns-udp'), edited, PATCH.merge);
  await withController(cluster, 'controller', async () => {
    await until({ what: 'the port at the child', deadlineMs: 30_000, everyMs: 50 }, async () => {
      const child = await api.find(objectPath(CHILD_KIND, 'dns-udp-ingress-0'));
      return listAt(child, 'spec', 'ports').some((port) => valueAt(port, 'port') === 853);
    });
    await takenOver(api);
  });
  await removeAll(api);
}

async function takenOver(api: Api): Promise<void> {
  await until({ what: 'three children', deadlineMs: 30_000, everyMs: 50 }, async () => {
    const lines = (await Promise.all(OF_METALLB.map(([name]) => childLines(api, name)))).flat();
    const kept = lines.map((line) => line.split(' ').slice(0, 2).join(' '));
    return (
      kept.join() ===
      'web-ingress-0 192.0.2.12,dns-tcp-ingress-0 192.0.2.13,dns-udp-ingress-0 192.0.2.13'
    );
  });
  const what = 'a class, or the reason why there is none, for each';
  await until({ what, deadlineMs: 30_000, everyMs: 50 }, async () => {
    const reasons = await Promise.all(OF_METALLB.map(([name]) => boundClass(api, name)));
    const [far, ...others] = reasons.reverse();
    return far === 'WouldLoseIPs' && others.every((reason) => reason === 'LoadBalancerClassBound');
  });
  await assertKept(api);
}

export const scenarios: readonly ClusterScenario[] = [
  {
    name: 'migration/deckhouse: children survive the upgrade of the release and keep their IPs',
    deadlineMs: 120_000,
    play: upgradeFromDeckhouse,
  },
  {
    name: 'migration/metallb: Services keep their IPs, shared ones too, or are left alone, as the plan says',
    play: takeOverFromMetallb,
  },
];
