import { absentAs, type Field, fields, flag, integer, oneOf } from './fields.ts';
import { METALLB_API_VERSION } from './names.ts';
import { type Condition, conditions, metadata, type ObjectMeta, parseAs } from './object.ts';
import type { Parsed } from './problem.ts';

/** metallb.io/v1beta1 BFDProfile: how quickly a router that is gone is noticed. */
export interface BfdProfile {
  readonly metadata: ObjectMeta;
  readonly spec: {
    /** Milliseconds. */
    readonly receiveInterval: number;
    readonly transmitInterval: number;
    readonly echoInterval: number;
    readonly detectMultiplier: number;
    readonly echoMode: boolean;
    readonly passiveMode: boolean;
    /** Of packets from a router that is more than one hop away. */
    readonly minimumTtl: number;
  };
  readonly status: { readonly conditions: readonly Condition[] };
}

const milliseconds = integer(10, 60_000);

const profile: Field<BfdProfile> = fields({
  apiVersion: oneOf(METALLB_API_VERSION),
  kind: oneOf('BFDProfile'),
  metadata,
  spec: absentAs(
    {},
    fields({
      receiveInterval: absentAs(300, milliseconds),
      transmitInterval: absentAs(300, milliseconds),
      echoInterval: absentAs(50, milliseconds),
      detectMultiplier: absentAs(3, integer(2, 255)),
      echoMode: absentAs(false, flag),
      passiveMode: absentAs(false, flag),
      minimumTtl: absentAs(254, integer(1, 254)),
    }),
  ),
  status: absentAs({}, fields({ conditions })),
});

/** Reads a BFDProfile with FRR's defaults filled in. */
export function parseBfdProfile(object: unknown): Parsed<BfdProfile> {
  return parseAs('BFDProfile', profile, object);
}
