import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type CommandResult, run, tryRun, until } from '../../lab/exec.ts';
import { type Api, PATCH } from '../../lab/kubernetes/api.ts';
import { collectionPath, objectPath } from '../../lab/kubernetes/kinds.ts';
import { listAt, valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import { CHILD_KIND } from '../../modules/metallb/src/api/names.ts';
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

async function takeOverFromMetallb(cluster: TestCluster): Promise<void> {
  const { api, directory } = cluster;
  await removeAll(api);
  for (const name of NODES) await applyObject(api, asManifest(memberNode(name)));
  const manifest = serviceManifest('web', IPS.slice(0, 1));
  await applyObject(api, manifest);
  const ingress = [{ ip: '192.0.2.12' }];
  await setStatus(api, { ...manifest, status: { loadBalancer: { ingress } } });

  const file = join(mkdtempSync(join(directory, 'plan-')), 'class.yaml');
  writeFileSync(file, JSON.stringify(asManifest(deckhouseClass('ingress'))));
  const { code, stdout } = await plan(cluster, '-f', file);
  assert.match(stdout, /^default\/web +192\.0\.2\.12 +adopted/m);
  assert.is(code, 0);
  assert.equal(await childLines(api, 'web'), [], 'a plan writes nothing');

  await withController(cluster, 'controller', async () => {
    await applyObject(api, asManifest(deckhouseClass('ingress')));
    await until({ what: 'a child', deadlineMs: 30_000, everyMs: 50 }, async () => {
      const [line] = await childLines(api, 'web');
      return line?.startsWith('web-ingress-0 192.0.2.12 ');
    });
    assert.equal(await serviceIps(api, 'web'), ['192.0.2.12']);
  });
  await removeAll(api);
}

export const scenarios: readonly ClusterScenario[] = [
  {
    name: 'migration/deckhouse: children survive the upgrade of the release and keep their IPs',
    deadlineMs: 120_000,
    play: upgradeFromDeckhouse,
  },
  {
    name: 'migration/metallb: a Service keeps its IP when a class comes, as the plan says',
    play: takeOverFromMetallb,
  },
];
