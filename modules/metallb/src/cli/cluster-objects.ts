import type { KubernetesObject } from '../api/object.ts';
import { ConfigurationError } from '../kube/errors.ts';
import { ManifestStore } from '../manifests/manifest-store.ts';
import { formatManifestProblem } from '../manifests/parse-documents.ts';
import type { StoreAddress } from '../settings/kinds.ts';
import { InvalidError, StoreUnavailableError } from '../store/errors.ts';
import type { Kind, Store } from '../store/store.ts';
import type { Clock } from '../time/clock.ts';
import { CommandFailure } from './failure.ts';
import { fileProblems } from './file-problems.ts';

/** Objects as they are stored, at one moment. */
export interface ClusterObjects {
  readonly objects: readonly KubernetesObject[];
  /** Files that could not be understood, a sentence each. */
  readonly problems: readonly string[];
}

/** Reads all objects of these kinds once. @throws CommandFailure when there is no state to read */
export async function fetchObjects(
  address: StoreAddress,
  kinds: readonly Kind[],
  clock: Clock,
): Promise<ClusterObjects> {
  if (address.kind === 'kubernetes') return await fetchFromCluster(kinds, clock);
  const { directory } = address;
  const problems: string[] = [];
  const store = new ManifestStore({
    directory,
    writer: { role: 'reader' },
    clock,
    onProblem: (problem) => problems.push(formatManifestProblem(problem)),
  });
  const nextStep = `is the controller running? It is started with --store manifests:${directory}`;
  const objects = await readFrom(store, kinds, nextStep);
  return { objects, problems: [...problems, ...fileProblems(directory, clock)] };
}

/** The client is most of what the command loads, and only this needs it. @throws CommandFailure */
async function openKubernetes(clock: Clock): Promise<Store> {
  const { openKubeStore } = await import('../kube/open-kube-store.ts');
  try {
    // What can't be read is listed again, and a list that can't be read is a failure.
    return openKubeStore({ clock, random: Math.random, onUnreadable: () => undefined });
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new CommandFailure(error.message, { cause: error });
  }
}

async function fetchFromCluster(kinds: readonly Kind[], clock: Clock): Promise<ClusterObjects> {
  const nextStep = 'can kubectl reach it? KUBECONFIG names the cluster';
  return { objects: await readFrom(await openKubernetes(clock), kinds, nextStep), problems: [] };
}

async function readFrom(
  store: Store,
  kinds: readonly Kind[],
  nextStep: string,
): Promise<KubernetesObject[]> {
  try {
    await store.start();
    const lists = await Promise.all(kinds.map((kind) => listOnce(store, kind)));
    return lists.flat();
  } catch (error) {
    if (error instanceof InvalidError) throw new CommandFailure(error.message, { cause: error });
    if (!(error instanceof StoreUnavailableError)) throw error;
    throw new CommandFailure(`${error.message}; ${nextStep}`, { cause: error });
  } finally {
    await store.stop();
  }
}

/** @throws StoreUnavailableError */
function listOnce(store: Store, kind: Kind): Promise<readonly KubernetesObject[]> {
  return new Promise((resolve, reject) => {
    const watch = store.watch({ kind }, (event) => {
      if (event.type === 'listed') resolve(event.objects);
      else if (event.type === 'lost') reject(event.error);
      else return;
      watch.stop();
    });
  });
}
