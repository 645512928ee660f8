import { type Child, parseChild } from '../api/child.ts';
import {
  type MetalLoadBalancerClass,
  parseMetalLoadBalancerClass,
} from '../api/metal-load-balancer-class.ts';
import { type Node, parseNode } from '../api/node.ts';
import type { KubernetesObject } from '../api/object.ts';
import type { Parsed } from '../api/problem.ts';
import { parseService, type Service } from '../api/service.ts';
import { ManifestStore } from '../manifests/manifest-store.ts';
import { formatManifestProblem } from '../manifests/parse-documents.ts';
import type { StoreAddress } from '../settings/kinds.ts';
import { InvalidError, StoreUnavailableError } from '../store/errors.ts';
import type { Kind, Store } from '../store/store.ts';
import type { Clock } from '../time/clock.ts';
import { CommandFailure } from './failure.ts';
import { fileProblems } from './file-problems.ts';
import { type UnreadableObject, unreadable } from './unreadable.ts';

/** The cluster at one moment, as far as `mlb` shows it. */
export interface ClusterSnapshot {
  readonly classes: readonly MetalLoadBalancerClass[];
  readonly services: readonly Service[];
  readonly children: readonly Child[];
  readonly nodes: readonly Node[];
  /** Objects whose latest version none of the lists above can hold. */
  readonly unreadable: readonly UnreadableObject[];
  /** Files that could not be understood, a sentence each. */
  readonly problems: readonly string[];
}

/** Reads the whole state once. @throws CommandFailure when there is none to read */
export async function fetchSnapshot(
  address: StoreAddress & { readonly kind: 'manifests' },
  clock: Clock,
): Promise<ClusterSnapshot> {
  const problems: string[] = [];
  const store = new ManifestStore({
    directory: address.directory,
    writer: { role: 'reader' },
    clock,
    onProblem: (problem) => problems.push(formatManifestProblem(problem)),
  });
  try {
    await store.start();
    const snapshot = await readAll(store);
    return { ...snapshot, problems: [...problems, ...fileProblems(address.directory, clock)] };
  } catch (error) {
    if (error instanceof InvalidError) throw new CommandFailure(error.message, { cause: error });
    if (!(error instanceof StoreUnavailableError)) throw error;
    const nextStep = `is the controller running? It is started with --store manifests:${address.directory}`;
    throw new CommandFailure(`${error.message}; ${nextStep}`, { cause: error });
  } finally {
    await store.stop();
  }
}

async function readAll(store: Store): Promise<Omit<ClusterSnapshot, 'problems'>> {
  const left: UnreadableObject[] = [];
  const read = async <T>(kind: Kind, parse: (object: unknown) => Parsed<T>): Promise<T[]> => {
    const objects = await listOnce(store, kind);
    return objects.flatMap((object) => {
      const parsed = parse(object);
      if (parsed.ok) return [parsed.value];
      left.push(unreadable(kind, object, parsed.problems));
      return [];
    });
  };
  return {
    classes: await read('MetalLoadBalancerClass', parseMetalLoadBalancerClass),
    services: await read('Service', parseService),
    children: await read('SDNInternalL2LBService', parseChild),
    nodes: await read('Node', parseNode),
    unreadable: left,
  };
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
