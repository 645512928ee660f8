import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startAgent } from '../agent.ts';
import { until } from '../exec.ts';
import type { LabPrograms } from '../lab-programs.ts';
import { type LabState, ownPrograms, type StateSurroundings } from '../lab-state.ts';
import { addHost } from '../network.ts';
import { CONTROL_HOST, ipv4On, nodeNames, numberOf } from '../plan.ts';
import type { Program } from '../program.ts';
import { programUser } from '../program-user.ts';
import { CONTROL_NODES, controlNodeManifest, nodeManifest } from '../workload.ts';
import type { Api } from './api.ts';
import { auditFlags } from './audit.ts';
import { type ControlPlane, prepareControlPlane, publishCertificate } from './control-plane.ts';
import { collectionPath } from './kinds.ts';
import { kubeProxy } from './kube-proxy.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { Kubelets } from './kubelet.ts';
import { KubernetesCluster } from './kubernetes-cluster.ts';
import { buildLabImages, labImage } from './lab-image.ts';
import { applyDefinitions } from './module.ts';
import { PodPrograms } from './pod-programs.ts';
import { HelmRelease } from './release.ts';

const PORT = 6443;

/** What a lab with a real API server has beside the programs of this project. */
export interface KubernetesParts {
  readonly plane: ControlPlane;
  /** As administrator. */
  readonly api: Api;
  /** By node. */
  readonly proxies: ReadonlyMap<string, Program>;
  /** In a lab with a release. */
  readonly installation: Installation | undefined;
}

/** The module as a cluster has it. */
export interface Installation {
  readonly kubelets: Kubelets;
  readonly release: HelmRelease;
}

interface Deployments {
  readonly items: readonly {
    readonly spec: { readonly replicas: number };
    readonly status?: { readonly readyReplicas?: number };
  }[];
}

/** The state behind a real API server in the namespace `control`, with a real kube-proxy on every node. */
export async function startKubernetesState(at: StateSurroundings): Promise<LabState> {
  const directory = join(at.directory, 'kubernetes');
  await mkdir(directory, { mode: 0o755 });
  const namespace = `${at.labName}-control`;
  const address = ipv4On('management', CONTROL_HOST);
  const plane = await prepareControlPlane({
    ...{ directory, namespace, address, port: PORT, controllerManager: true },
    apiServerFlags: at.options.release === undefined ? [] : await auditFlags(directory),
  });
  at.cleanUp.push(() => plane.stop());
  const api = await reach(at, plane, namespace, address);
  await plane.start(api);
  await publishCertificate(plane);
  const cluster = new KubernetesCluster(api, { namespace, interfaceName: 'mgmt0', port: PORT });
  await applyDefinitions(api);
  const nodes = nodeNames(at.options.nodes).map(nodeManifest);
  // The second time without the taint that the API server gives every new node.
  await cluster.apply(...nodes, ...nodes);
  const proxies = await startProxies(at, plane, directory);
  const parts = { plane, api, proxies };
  if (at.options.release === undefined) {
    const programs = await programsFromTheBuild(at, plane);
    return { cluster, programs, kubernetes: { ...parts, installation: undefined } };
  }
  await cluster.apply(...CONTROL_NODES.map(controlNodeManifest));
  for (const name of CONTROL_NODES) {
    const hostNumber = CONTROL_HOST + numberOf(name);
    const attachment = { segment: 'management', interfaceName: 'mgmt0', hostNumber } as const;
    await addHost(at.labName, { name, attachments: [attachment] });
  }
  const installation = await installModule(at, plane, api, at.options.release);
  const programs = new PodPrograms(installation.kubelets);
  return { cluster, programs, kubernetes: { ...parts, installation } };
}

/** The lab stands outside of the namespaces: it reaches the API server by a file. */
async function reach(
  at: StateSurroundings,
  plane: ControlPlane,
  namespace: string,
  address: string,
): Promise<Api> {
  const socketPath = join(at.directory, 'api.sock');
  const relay = await startAgent({
    kind: 'relay',
    directory: at.agentDirectory,
    namespace,
    args: [socketPath, address, `${PORT}`],
  });
  const api = plane.api(socketPath);
  at.cleanUp.push(() => {
    api.close();
    relay.stop();
  });
  return api;
}

async function startProxies(
  at: StateSurroundings,
  plane: ControlPlane,
  directory: string,
): Promise<ReadonlyMap<string, Program>> {
  const kubeconfig = plane.kubeconfig('kube-proxy');
  const { proxyMode: mode, proxyMinSyncMs: minSyncMs } = at.options;
  const proxies = new Map<string, Program>();
  for (const node of nodeNames(at.options.nodes)) {
    const namespace = `${at.labName}-${node}`;
    const proxy = await kubeProxy({ node, namespace, mode, minSyncMs, kubeconfig, directory });
    proxy.start();
    at.cleanUp.push(() => proxy.killTree());
    proxies.set(node, proxy);
  }
  return proxies;
}

/** As administrator: rights are what labs with a release are for. */
async function programsFromTheBuild(
  at: StateSurroundings,
  plane: ControlPlane,
): Promise<LabPrograms> {
  const kubeconfigs = {
    controller: join(at.directory, 'controller.kubeconfig'),
    speaker: join(at.directory, 'speaker.kubeconfig'),
  };
  const credentials = { token: plane.token('admin') };
  await writeKubeconfig(kubeconfigs.controller, plane, credentials);
  await writeKubeconfig(kubeconfigs.speaker, plane, credentials, programUser());
  return ownPrograms(at, { storeArgument: () => 'kubernetes', kubeconfigs });
}

/** Pods of the module, installed by helm and run from its images. */
async function installModule(
  at: StateSurroundings,
  plane: ControlPlane,
  api: Api,
  values: object,
): Promise<Installation> {
  await buildLabImages(values);
  const directory = join(at.directory, 'nodes');
  await mkdir(directory, { mode: 0o755 });
  const { hostname, port } = new URL(plane.url);
  const { releaseNamespace } = at.options;
  const kubelets = new Kubelets({
    ...{ api, directory, labName: at.labName, imageOf: labImage, releaseNamespace },
    apiServer: { host: hostname, port: Number(port) },
  });
  kubelets.start();
  at.cleanUp.push(() => kubelets.stop());
  const release = new HelmRelease(plane, at.directory, releaseNamespace);
  await release.upgrade(values);
  const words = () => ['controller-', 'shell-operator-'].flatMap((one) => kubelets.lastWords(one));
  const what = () => `all Deployments ready\n${words().join('\n')}`;
  await until({ what, deadlineMs: 60_000, everyMs: 200 }, async () => {
    const path = collectionPath('Deployment', releaseNamespace);
    const { items } = (await api.get(path)) as Deployments;
    return items.every(({ spec, status }) => status?.readyReplicas === spec.replicas);
  });
  return { kubelets, release };
}
