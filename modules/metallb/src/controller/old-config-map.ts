import { type KubernetesObject, keyOf } from '../api/object.ts';
import type { Problem } from '../api/problem.ts';
import type { ConfigMapName } from '../legacy/legacy-config-map.ts';
import { legacyStore } from '../legacy/legacy-store.ts';
import type { Store } from '../store/store.ts';

/** What there is to say of the ConfigMap of an older MetalLB, which has no status. */
export interface OldConfigMap {
  readonly problems: readonly Problem[];
  /** Which parts of it are about BGP, in words; undefined where none is. */
  readonly bgpParts: string | undefined;
}

/** Where there is none. */
export const NO_CONFIG_MAP: OldConfigMap = { problems: [], bgpParts: undefined };

/** As people wrote them, by the objects that they make. */
const BGP_PARTS = {
  BGPPeer: 'peers',
  BGPAdvertisement: 'address-pools of protocol bgp',
  Community: 'bgp-communities',
  BFDProfile: 'bfd-profiles',
} as const;

/** The store with what the ConfigMap says in it. Without a name it is the store itself. */
export function withOldConfigMap(
  store: Store,
  ref: ConfigMapName | undefined,
  onRead: (read: OldConfigMap) => void,
): Store {
  return legacyStore(store, ref, (problems, objects) =>
    onRead({ problems, bgpParts: ref && bgpPartsIn(ref, objects) }),
  );
}

function bgpPartsIn(ref: ConfigMapName, objects: readonly KubernetesObject[]): string | undefined {
  const kinds = new Set(objects.map(({ kind }) => kind));
  const parts = Object.entries(BGP_PARTS).flatMap(([kind, part]) => (kinds.has(kind) ? part : []));
  return parts.length === 0 ? undefined : `ConfigMap/${keyOf(ref)}: ${parts.join(', ')}`;
}
