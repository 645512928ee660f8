import { join } from 'node:path';
import type { CleanUp } from './cleanup.ts';
import type { Cluster } from './cluster.ts';
import { DataplaneSync } from './dataplane-sync.ts';
import { writeFirstKeys } from './heartbeat-keys.ts';
import type { KubernetesParts } from './kubernetes/kubernetes-state.ts';
import type { LabOptions } from './lab.ts';
import { type LabPrograms, OwnPrograms } from './lab-programs.ts';
import { ManifestCluster } from './manifest-cluster.ts';
import { controllerProgram, nodeProgram, type ProgramSurroundings } from './node-programs.ts';
import { nodeNames } from './plan.ts';
import type { Program } from './program.ts';
import { programUser } from './program-user.ts';

/** The cluster state of a lab and the programs that work on it. Those that the lab starts itself do not run yet. */
export interface LabState {
  readonly cluster: Cluster;
  readonly programs: LabPrograms;
  /** The stand-in for kube-proxy, where there is one. */
  readonly dataplane?: DataplaneSync;
  /** Of a lab with a real API server. */
  readonly kubernetes?: KubernetesParts;
}

/** What a state is built in. */
export interface StateSurroundings {
  readonly labName: string;
  readonly directory: string;
  readonly agentDirectory: string;
  readonly options: LabOptions;
  readonly cleanUp: CleanUp;
}

/** The state as a directory of manifests, with a stand-in for kube-proxy. */
export async function startManifestState(at: StateSurroundings): Promise<LabState> {
  const cluster = new ManifestCluster(join(at.directory, 'manifests'));
  await cluster.create(programUser(), nodeNames(at.options.nodes));
  const storeArgument = (node?: string) => cluster.storeArgument(node);
  const state = { cluster, programs: await ownPrograms(at, { storeArgument }) };
  return at.options.routesServices ? { ...state, dataplane: startDataplane(at, cluster) } : state;
}

/** The programs straight from the build, as the lab starts them itself. */
export async function ownPrograms(
  { labName, directory, options }: StateSurroundings,
  store: Pick<ProgramSurroundings, 'storeArgument' | 'kubeconfigs'>,
): Promise<LabPrograms> {
  const { nodeFlags: extraFlags, ownKey, ownClock, smallDisk } = options;
  const commonFlags = [`--edition=${options.edition}`, ...options.commonFlags];
  const nodes = nodeNames(options.nodes);
  const surroundings = {
    labName,
    directory,
    extraFlags,
    commonFlags,
    ownClock,
    smallDisk,
    ...store,
  };
  await writeFirstKeys(directory, nodes, ownKey);
  const byNode = new Map<string, Program>();
  for (const node of nodes) {
    byNode.set(node, await nodeProgram(surroundings, node));
  }
  return new OwnPrograms(controllerProgram(surroundings), byNode);
}

/** Leads Service IPs to pods until the lab ends. */
function startDataplane(at: StateSurroundings, cluster: Cluster): DataplaneSync {
  const nodes = nodeNames(at.options.nodes);
  const namespaces = new Map(nodes.map((node) => [node, `${at.labName}-${node}`]));
  const sync = new DataplaneSync(cluster, namespaces);
  sync.start();
  at.cleanUp.push(() => sync.stop());
  return sync;
}
