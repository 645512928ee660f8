import { absentAs, type Field, fields, flag, into, isRecord } from '../api/fields.ts';
import {
  type Condition,
  conditions,
  type KubernetesObject,
  keyOf,
  parseAs,
} from '../api/object.ts';

/** The kinds whose addresses MetalLB's API gives to Services. */
export const POOL_KINDS = ['IPAddressPool', 'MetalLoadBalancerPool'] as const;

/** What a pool of MetalLB's API says of itself, whether its addresses can be understood or not. */
export interface StoredPool {
  readonly kind: string;
  readonly key: string;
  readonly name: string;
  readonly autoAssign: boolean;
  readonly ipv4: PoolShare;
  readonly ipv6: PoolShare;
  readonly conditions: readonly Condition[];
}

/** So many of so many addresses, as the pool's status says. */
export interface PoolShare {
  readonly used: number;
  readonly total: number;
}

const flags = fields({ spec: absentAs({}, fields({ autoAssign: absentAs(true, flag) })) });
const told: Field<readonly Condition[]> = into(
  fields({ status: absentAs({}, fields({ conditions })) }),
  ({ status }) => status.conditions,
);

/** Whether the object is of one of these kinds. */
export function isPool({ kind }: KubernetesObject): boolean {
  return POOL_KINDS.some((each) => each === kind);
}

/** The pool, with defaults for what can't be read. */
export function storedPool(object: KubernetesObject): StoredPool {
  const { kind, metadata, status } = object;
  const [spec, written] = [parseAs(kind, flags, object), parseAs(kind, told, object)];
  return {
    ...{ kind, key: keyOf(metadata), name: metadata.name },
    autoAssign: spec.ok ? spec.value.spec.autoAssign : true,
    ipv4: shareOf(status, 'IPv4'),
    ipv6: shareOf(status, 'IPv6'),
    conditions: written.ok ? written.value : [],
  };
}

/** MetalLB's counters: what they say of a large pool may be more than an integer holds. */
function shareOf(status: unknown, family: string): PoolShare {
  const counter = (name: string) => {
    const count = isRecord(status) ? status[`${name}${family}`] : undefined;
    return typeof count === 'number' ? count : 0;
  };
  const used = counter('assigned');
  return { used, total: used + counter('available') };
}
