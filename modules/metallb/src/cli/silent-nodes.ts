import type { ClusterSnapshot } from './cluster-snapshot.ts';

/** Nodes of which nothing that they told need be so: neither one that died nor a speaker that crashed tells that it is over. */
export function silentNodes({
  nodes,
  speakers,
}: Pick<ClusterSnapshot, 'nodes' | 'speakers'>): ReadonlySet<string> {
  const ready = speakers?.filter(({ isReady }) => isReady).map(({ node }) => node);
  return new Set(
    nodes
      .filter(
        (node) => node.ready?.status === 'Unknown' || ready?.includes(node.metadata.name) === false,
      )
      .map(({ metadata }) => metadata.name),
  );
}
