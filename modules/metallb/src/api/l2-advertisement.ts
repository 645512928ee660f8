import { absentAs, type Field, fields, integer, listOf, oneOf, word } from './fields.ts';
import { type LabelSelector, labelSelector, labelSelectors } from './label-selector.ts';
import { METALLB_API_VERSION } from './names.ts';
import { type Condition, conditions, metadata, type ObjectMeta, parseAs } from './object.ts';
import type { Parsed } from './problem.ts';

/** metallb.io/v1beta1 L2Advertisement: which nodes answer for the addresses of which pools, and where. */
export interface L2Advertisement {
  readonly metadata: ObjectMeta;
  readonly spec: {
    /** By name or by label, joined; neither means every pool. */
    readonly ipAddressPools: readonly string[];
    readonly ipAddressPoolSelectors: readonly LabelSelector[];
    /** One is enough; none means every node. */
    readonly nodeSelectors: readonly LabelSelector[];
    /** Empty means every usable one. */
    readonly interfaces: readonly string[];
    /** One is enough; none means every Service. */
    readonly serviceSelectors: readonly LabelSelector[];
    readonly preferredNodeSelectors: readonly PreferredNodes[];
  };
  readonly status: { readonly conditions: readonly Condition[] };
}

/** Nodes that come before others; the weights of all that select a node are added up. */
export interface PreferredNodes {
  /** 1 to 100 */
  readonly weight: number;
  readonly preference: LabelSelector;
}

const advertisement: Field<L2Advertisement> = fields({
  apiVersion: oneOf(METALLB_API_VERSION),
  kind: oneOf('L2Advertisement'),
  metadata,
  spec: absentAs(
    {},
    fields({
      ipAddressPools: absentAs([], listOf(word)),
      ipAddressPoolSelectors: labelSelectors,
      nodeSelectors: labelSelectors,
      interfaces: absentAs([], listOf(word)),
      serviceSelectors: labelSelectors,
      preferredNodeSelectors: absentAs(
        [],
        listOf(fields({ weight: integer(1, 100), preference: labelSelector })),
      ),
    }),
  ),
  status: absentAs({}, fields({ conditions })),
});

/** Reads an L2Advertisement with all defaults filled in. */
export function parseL2Advertisement(object: unknown): Parsed<L2Advertisement> {
  return parseAs('L2Advertisement', advertisement, object);
}
