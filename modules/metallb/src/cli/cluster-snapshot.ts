import { type Child, parseChild } from '../api/child.ts';
import {
  type MetalLoadBalancerClass,
  parseMetalLoadBalancerClass,
} from '../api/metal-load-balancer-class.ts';
import { type Node, parseNode } from '../api/node.ts';
import type { Parsed } from '../api/problem.ts';
import { parseService, type Service } from '../api/service.ts';
import type { StoreAddress } from '../settings/kinds.ts';
import type { Kind } from '../store/store.ts';
import type { Clock } from '../time/clock.ts';
import { type ClusterObjects, fetchObjects } from './cluster-objects.ts';
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

const SHOWN_KINDS = [
  'MetalLoadBalancerClass',
  'Service',
  'SDNInternalL2LBService',
  'Node',
] as const;

/** Reads the whole state once. @throws CommandFailure when there is none to read */
export async function fetchSnapshot(address: StoreAddress, clock: Clock): Promise<ClusterSnapshot> {
  return snapshotFrom(await fetchObjects(address, SHOWN_KINDS, clock));
}

function snapshotFrom({ objects, problems }: ClusterObjects): ClusterSnapshot {
  const left: UnreadableObject[] = [];
  const read = <T>(kind: Kind, parse: (object: unknown) => Parsed<T>): T[] =>
    objects
      .filter((object) => object.kind === kind)
      .flatMap((object) => {
        const parsed = parse(object);
        if (parsed.ok) return [parsed.value];
        left.push(unreadable(kind, object, parsed.problems));
        return [];
      });
  return {
    classes: read('MetalLoadBalancerClass', parseMetalLoadBalancerClass),
    services: read('Service', parseService),
    children: read('SDNInternalL2LBService', parseChild),
    nodes: read('Node', parseNode),
    unreadable: left,
    problems,
  };
}
