import { ADVERTISEMENT_GROUP } from './advertisement-policy.ts';

/** Groups as people know them, and where they say on which interfaces their IPs are announced. */
export interface GroupWords {
  /** Such as `MetalLoadBalancerClass a, b and L2Advertisement metallb-system/c`. */
  readonly names: string;
  readonly interfacesField: string;
}

/** @param ids of groups, at least one */
export function groupWords(ids: readonly string[]): GroupWords {
  const advertisements = ids.filter((id) => id.startsWith(ADVERTISEMENT_GROUP));
  const classes = ids.filter((id) => !id.startsWith(ADVERTISEMENT_GROUP));
  const kinds = [
    { kind: 'MetalLoadBalancerClass', names: classes, field: 'spec.l2.interfaces' },
    {
      kind: 'L2Advertisement',
      names: [...new Set(advertisements.flatMap(advertisementNames))],
      field: 'spec.interfaces',
    },
  ].filter(({ names }) => names.length > 0);
  return {
    names: kinds.map(({ kind, names }) => `${kind} ${names.join(', ')}`).join(' and '),
    interfacesField: kinds.map(({ field }) => field).join(' and '),
  };
}

function advertisementNames(id: string): string[] {
  return id.slice(ADVERTISEMENT_GROUP.length).split(',');
}
