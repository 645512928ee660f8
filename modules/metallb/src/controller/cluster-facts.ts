import type { ObjectMeta } from '../api/object.ts';
import type { Mirror } from '../store/mirror.ts';
import type { ClusterState } from './cluster-state.ts';
import { Fingerprints } from './fingerprints.ts';

/** Tells of the cluster what matters: whether these keys say anything else than when they were last asked about. */
export class ClusterFacts {
  readonly #cluster: ClusterState;
  readonly #classes = new Fingerprints();
  readonly #nodes = new Fingerprints();
  readonly #pools = new Fingerprints();
  readonly #namespaces = new Fingerprints();
  readonly #advertisements = new Fingerprints();
  readonly #communities = new Fingerprints();

  constructor(cluster: ClusterState) {
    this.#cluster = cluster;
  }

  classesChanged(names: Iterable<string>): boolean {
    return this.#classes.changed(names, (name) => {
      const item = this.#cluster.classes.get(name);
      return this.#cluster.classes.object(name) && [item?.metadata.uid, item?.spec];
    });
  }

  /** By what groups, labels and aggregates depend on: a Node's status changes every few seconds and is none of it. */
  nodesChanged(names: Iterable<string>): boolean {
    return this.#nodes.changed(names, (name) => {
      const node = this.#cluster.nodes.get(name);
      return node && [node.labels, node.draining, node.excluded, node.internalIps];
    });
  }

  namespacesChanged(names: Iterable<string>): boolean {
    const { namespaces } = this.#cluster.metallb;
    return this.#namespaces.changed(names, (name) => namespaces.get(name)?.labels);
  }

  poolsChanged(): boolean {
    const { all } = this.#cluster.metallb.pools;
    return this.#pools.changedAll(all.keys(), (key) => all.get(key));
  }

  /** Of peers and what else of BGP Services may depend on. */
  advertisementsChanged(): boolean {
    const { advertisements, bgp } = this.#cluster.metallb;
    const { Community: _, BFDProfile: __, ...ofServices } = bgp.byKind;
    return allChanged(this.#advertisements, { L2Advertisement: advertisements, ...ofServices });
  }

  /** Names for communities: as a rule no Service depends on them. */
  communitiesChanged(): boolean {
    return allChanged(this.#communities, { Community: this.#cluster.metallb.bgp.communities });
  }
}

type Mirrors = Readonly<Record<string, Mirror<Specified>>>;
type Specified = { readonly metadata: ObjectMeta; readonly spec: unknown };

function allChanged(known: Fingerprints, mirrors: Mirrors): boolean {
  const facts = new Map<string, unknown>();
  for (const [kind, mirror] of Object.entries(mirrors)) {
    for (const key of mirror.keys()) {
      const item = mirror.get(key);
      facts.set(`${kind}/${key}`, [item?.metadata.uid, item?.spec]);
    }
  }
  return known.changedAll(facts.keys(), (key) => facts.get(key));
}
