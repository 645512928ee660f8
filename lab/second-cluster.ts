import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterObject } from './cluster.ts';
import { writeFirstKeys } from './heartbeat-keys.ts';
import type { Lab } from './lab.ts';
import { ManifestCluster } from './manifest-cluster.ts';
import { controllerProgram, nodeProgram } from './node-programs.ts';
import { macOn } from './plan.ts';
import type { Program } from './program.ts';
import { programUser } from './program-user.ts';
import { BALANCER_LABEL } from './workload.ts';

/** Hosts of the public segment that are no nodes of the lab's own cluster. */
const NODES = ['client2', 'router'] as const;
const HOST_NUMBER = { client2: 102, router: 254 } as const;
const CONTROL_HOST = 'backend';

/** The nodes of other people, who share nothing with the lab's cluster but the segment. */
export class SecondCluster {
  readonly nodes: readonly string[] = NODES;
  readonly macs: readonly string[] = NODES.map((node) => macOn('public', HOST_NUMBER[node]));
  readonly cluster: ManifestCluster;
  readonly #programs: readonly Program[];

  constructor(cluster: ManifestCluster, programs: readonly Program[]) {
    this.cluster = cluster;
    this.#programs = programs;
  }

  async stop(): Promise<void> {
    for (const program of this.#programs) await program.killTree();
  }
}

/** Starts it, with keys and a state of its own. @param clusterId also the name of its folder */
export async function startSecondCluster(lab: Lab, clusterId: string): Promise<SecondCluster> {
  const directory = join(lab.directory, clusterId);
  await mkdir(directory, { recursive: true });
  await chmod(directory, 0o755); // the programs run as another user
  const cluster = new ManifestCluster(join(directory, 'manifests'));
  await cluster.create(programUser(), NODES);
  await writeFirstKeys(directory, NODES, []);
  await cluster.apply(...NODES.map(nodeNamed));
  const at = {
    ...{
      labName: lab.name,
      directory,
      ownClock: [],
      smallDisk: [],
      extraFlags: [`--cluster-id=${clusterId}`],
      commonFlags: [],
    },
    storeArgument: (node?: string) => cluster.storeArgument(node),
  };
  const nodes = await Promise.all(NODES.map((node) => nodeProgram(at, node)));
  const programs = [controllerProgram(at, CONTROL_HOST), ...nodes];
  for (const program of programs) program.start();
  return new SecondCluster(cluster, programs);
}

function nodeNamed(name: string): ClusterObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, [BALANCER_LABEL]: '' } },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  };
}
