import {
  absentAs,
  anyRecord,
  type Field,
  fields,
  into,
  listOf,
  oneOf,
  textMap,
  word,
} from '../api/fields.ts';
import { METALLB_API_VERSION } from '../api/names.ts';
import { metadata, type ObjectMeta, parseAs } from '../api/object.ts';
import type { Parsed } from '../api/problem.ts';

/** What a class can take over of a metallb.io/v1beta1 IPAddressPool, as it is written there. */
export interface IpAddressPool {
  readonly metadata: ObjectMeta;
  readonly addresses: readonly string[];
}

/** What a class can take over of a metallb.io/v1beta1 L2Advertisement, and what it can't. */
export interface L2Advertisement {
  readonly metadata: ObjectMeta;
  /** Names. */
  readonly pools: readonly string[];
  readonly poolSelectors: readonly Selector[];
  readonly interfaces: readonly string[];
  readonly nodeSelectors: readonly Selector[];
}

interface Selector {
  readonly matchLabels: Readonly<Record<string, string>>;
  /** A class has none: nobody reads them, so that a wrong one holds up no release. */
  readonly matchExpressions: readonly unknown[];
}

const selectors: Field<readonly Selector[]> = absentAs(
  [],
  listOf(
    fields({
      matchLabels: absentAs({}, textMap),
      matchExpressions: absentAs([], listOf(anyRecord)),
    }),
  ),
);

const pool: Field<IpAddressPool> = into(
  fields({
    apiVersion: oneOf(METALLB_API_VERSION),
    kind: oneOf('IPAddressPool'),
    metadata,
    spec: fields({ addresses: absentAs([], listOf(word)) }),
  }),
  ({ metadata, spec }) => ({ metadata, ...spec }),
);

const advertisement: Field<L2Advertisement> = into(
  fields({
    apiVersion: oneOf(METALLB_API_VERSION),
    kind: oneOf('L2Advertisement'),
    metadata,
    spec: absentAs(
      {},
      fields({
        ipAddressPools: absentAs([], listOf(word)),
        ipAddressPoolSelectors: selectors,
        interfaces: absentAs([], listOf(word)),
        nodeSelectors: selectors,
      }),
    ),
  }),
  ({ metadata, spec }) => ({
    metadata,
    pools: spec.ipAddressPools,
    poolSelectors: spec.ipAddressPoolSelectors,
    interfaces: spec.interfaces,
    nodeSelectors: spec.nodeSelectors,
  }),
);

/** Reads an IPAddressPool. */
export function parseIpAddressPool(object: unknown): Parsed<IpAddressPool> {
  return parseAs('IPAddressPool', pool, object);
}

/** Reads an L2Advertisement. */
export function parseL2Advertisement(object: unknown): Parsed<L2Advertisement> {
  return parseAs('L2Advertisement', advertisement, object);
}
