import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { delay, tryRun } from '../../lab/exec.ts';
import { PATCH } from '../../lab/kubernetes/api.ts';
import { collectionPath, objectPath } from '../../lab/kubernetes/kinds.ts';
import { writeKubeconfig } from '../../lab/kubernetes/kubeconfig.ts';
import type { Pod } from '../../lab/kubernetes/pod.ts';
import { bundle } from '../../lab/node-programs.ts';
import type { TestCluster } from './cluster-scenario.ts';

const LOOK_EVERY_MS = 100;
const IMAGE_FOLDER = '/app/dist/';

/**
 * Does something during which Helm waits for the Job of a hook. There are no kubelets here: for the Job's Pods this runs
 * what they name, from the build, with the rights of their ServiceAccount, and tells the API server how it ended.
 */
export async function whilePlayingJobs<Result>(
  cluster: TestCluster,
  namespace: string,
  during: () => Promise<Result>,
): Promise<Result> {
  const work = during();
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  work.then(over, over);
  const played = new Set<string>();
  while (!isOver) {
    const { items } = (await cluster.api.get(collectionPath('Pod', namespace))) as { items: Pod[] };
    for (const pod of items.filter(isOfJob).filter(({ metadata }) => !played.has(metadata.uid))) {
      played.add(pod.metadata.uid);
      await play(cluster, pod);
    }
    await delay(LOOK_EVERY_MS);
  }
  return work;
}

function isOfJob({ metadata }: Pod): boolean {
  return metadata.ownerReferences?.some(({ kind }) => kind === 'Job') === true;
}

async function play({ api, plane, directory }: TestCluster, pod: Pod): Promise<void> {
  const { name, namespace } = pod.metadata;
  const account = pod.spec.serviceAccountName ?? 'default';
  const token = await plane.kubectl(['create', 'token', account, '--namespace', namespace]);
  const kubeconfig = join(mkdtempSync(join(directory, 'job-')), 'kubeconfig');
  await writeKubeconfig(kubeconfig, plane, { token: token.trim() });
  const { code, stderr } = await tryRun([
    ...['env', `KUBECONFIG=${kubeconfig}`, 'NODE_EXTRA_CA_CERTS='],
    ...commandOf(pod),
  ]);
  if (code !== 0) process.stderr.write(`Pod ${name}: ${stderr}`);
  const status = { phase: code === 0 ? 'Succeeded' : 'Failed' };
  const path = `${objectPath('Pod', name, namespace)}/status`;
  await api.send('PATCH', path, { status }, PATCH.strategicMerge);
}

/** The first container's, with the programs of the build in place of the image's. */
function commandOf({ spec: { containers } }: Pod): string[] {
  const [{ command = [], args = [] } = {}] = containers;
  return [...command, ...args].map((word) => {
    if (word === 'node') return process.execPath;
    return word.startsWith(IMAGE_FOLDER) ? bundle(word.slice(IMAGE_FOLDER.length)) : word;
  });
}
