import { BGP_PARSERS, type BgpObject } from '../api/bgp-objects.ts';
import { type Child, parseChild } from '../api/child.ts';
import { type ConfigurationState, parseConfigurationState } from '../api/configuration-state.ts';
import { type L2Advertisement, parseL2Advertisement } from '../api/l2-advertisement.ts';
import {
  type MetalLoadBalancerClass,
  parseMetalLoadBalancerClass,
} from '../api/metal-load-balancer-class.ts';
import { BGP_KINDS, type BgpKind } from '../api/names.ts';
import { type Node, parseNode } from '../api/node.ts';
import type { Parsed } from '../api/problem.ts';
import { parseService, type Service } from '../api/service.ts';
import { parseServiceBgpStatus, type ServiceBgpStatus } from '../api/service-bgp-status.ts';
import { parseServiceL2Status, type ServiceL2Status } from '../api/service-l2-status.ts';
import type { StoreAddress } from '../settings/kinds.ts';
import type { Kind } from '../store/store.ts';
import type { Clock } from '../time/clock.ts';
import { type ClusterObjects, fetchObjects } from './cluster-objects.ts';
import type { Pod } from './pods.ts';
import { isPool, POOL_KINDS, type StoredPool, storedPool } from './stored-pool.ts';
import { type UnreadableObject, unreadable } from './unreadable.ts';

/** The cluster at one moment, as far as `mlb` shows it. */
export interface ClusterSnapshot {
  readonly classes: readonly MetalLoadBalancerClass[];
  readonly services: readonly Service[];
  readonly children: readonly Child[];
  readonly nodes: readonly Node[];
  readonly metallb: MetallbSnapshot;
  /** Pods of this module's speakers; undefined where none can be found, as where nodes run without Pods. */
  readonly speakers?: readonly Pod[] | undefined;
  /** Objects whose latest version none of the lists above can hold. */
  readonly unreadable: readonly UnreadableObject[];
  /** Files that could not be understood, a sentence each. */
  readonly problems: readonly string[];
}

/** What there is of MetalLB's API. */
export interface MetallbSnapshot {
  readonly pools: readonly StoredPool[];
  readonly advertisements: readonly L2Advertisement[];
  readonly l2Statuses: readonly ServiceL2Status[];
  /** Of every kind that is about BGP, Deckhouse's too. */
  readonly bgp: readonly (BgpObject & { readonly kind: BgpKind })[];
  readonly bgpStatuses: readonly ServiceBgpStatus[];
  readonly configurationStates: readonly ConfigurationState[];
}

const SHOWN_KINDS = [
  'MetalLoadBalancerClass',
  'Service',
  'SDNInternalL2LBService',
  'Node',
  ...POOL_KINDS,
  'L2Advertisement',
  'ServiceL2Status',
  ...BGP_KINDS,
  'ServiceBGPStatus',
  'ConfigurationState',
] as const;

/** Reads the whole state once. @throws CommandFailure when there is none to read */
export async function fetchSnapshot(address: StoreAddress, clock: Clock): Promise<ClusterSnapshot> {
  const [objects, speakers] = await Promise.all([
    fetchObjects(address, SHOWN_KINDS, clock),
    address.kind === 'kubernetes' ? fetchSpeakers(clock) : undefined,
  ]);
  return { ...snapshotFrom(objects), speakers };
}

/** The client is most of what the command loads. */
async function fetchSpeakers(clock: Clock): Promise<readonly Pod[] | undefined> {
  const { fetchSpeakerPods } = await import('./pods.ts');
  const pods = await fetchSpeakerPods(clock);
  return typeof pods === 'string' || pods.length === 0 ? undefined : pods;
}

/** What these objects are. */
export function snapshotFrom({ objects, problems }: ClusterObjects): ClusterSnapshot {
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
    metallb: {
      pools: objects.filter(isPool).map(storedPool),
      advertisements: read('L2Advertisement', parseL2Advertisement),
      l2Statuses: read('ServiceL2Status', parseServiceL2Status),
      bgp: BGP_KINDS.flatMap((kind) =>
        read<BgpObject>(kind, BGP_PARSERS[kind]).map((object) => ({ ...object, kind })),
      ),
      bgpStatuses: read('ServiceBGPStatus', parseServiceBgpStatus),
      configurationStates: read('ConfigurationState', parseConfigurationState),
    },
    unreadable: left,
    problems,
  };
}
