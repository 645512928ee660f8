import { absentAs, type Field, fields, into, listOf, oneOf, word } from '../api/fields.ts';
import { metadata, type ObjectMeta, parseAs } from '../api/object.ts';
import type { Parsed } from '../api/problem.ts';
import { type NodeSelector, nodeSelector } from './module-config.ts';

const API_VERSION = 'metallb.io/v1beta1';

/** What a class can take over of a metallb.io/v1beta1 IPAddressPool. */
export interface IpAddressPool {
  readonly metadata: ObjectMeta;
  readonly addresses: readonly string[];
}

/** What a class can take over of a metallb.io/v1beta1 L2Advertisement, and what it can't. */
export interface L2Advertisement {
  readonly metadata: ObjectMeta;
  /** Names. */
  readonly pools: readonly string[];
  readonly poolSelectors: readonly NodeSelector[];
  readonly interfaces: readonly string[];
  readonly nodeSelectors: readonly NodeSelector[];
}

const pool: Field<IpAddressPool> = into(
  fields({
    apiVersion: oneOf(API_VERSION),
    kind: oneOf('IPAddressPool'),
    metadata,
    spec: fields({ addresses: absentAs([], listOf(word)) }),
  }),
  ({ metadata, spec }) => ({ metadata, ...spec }),
);

const advertisement: Field<L2Advertisement> = into(
  fields({
    apiVersion: oneOf(API_VERSION),
    kind: oneOf('L2Advertisement'),
    metadata,
    spec: absentAs(
      {},
      fields({
        ipAddressPools: absentAs([], listOf(word)),
        ipAddressPoolSelectors: absentAs([], listOf(nodeSelector)),
        interfaces: absentAs([], listOf(word)),
        nodeSelectors: absentAs([], listOf(nodeSelector)),
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
