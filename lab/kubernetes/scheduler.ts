import type { Pod } from './pod.ts';

export interface NodeLabels {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
}

/** `nodeAffinity` as the DaemonSet controller writes it: the Pod's node by name. */
interface Affinity {
  readonly nodeAffinity?: {
    readonly requiredDuringSchedulingIgnoredDuringExecution?: {
      readonly nodeSelectorTerms: readonly {
        readonly matchFields?: readonly {
          readonly key: string;
          readonly values: readonly string[];
        }[];
      }[];
    };
  };
}

/**
 * The node for a Pod: the one that its DaemonSet means, else that of the matching ones which runs the fewest Pods of the
 * same owner. Undefined while no node fits.
 */
export function chooseNode(
  pod: Pod,
  nodes: readonly NodeLabels[],
  pods: readonly Pod[],
): string | undefined {
  const named = nodeOfDaemon(pod);
  if (named !== undefined) return named;
  const wanted = Object.entries(pod.spec.nodeSelector ?? {});
  const fitting = nodes
    .filter(({ metadata }) => wanted.every(([key, value]) => metadata.labels?.[key] === value))
    .map(({ metadata }) => metadata.name)
    .sort();
  const owner = ownerOf(pod);
  const load = (node: string) =>
    pods.filter((one) => one.spec.nodeName === node && ownerOf(one) === owner).length;
  return fitting.sort((a, b) => load(a) - load(b))[0];
}

function nodeOfDaemon({ spec }: Pod): string | undefined {
  const affinity = spec.affinity as Affinity | undefined;
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const fields = required?.nodeSelectorTerms.flatMap((term) => term.matchFields ?? []) ?? [];
  return fields.find(({ key }) => key === 'metadata.name')?.values[0];
}

function ownerOf({ metadata }: Pod): string | undefined {
  return metadata.ownerReferences?.[0]?.name;
}
