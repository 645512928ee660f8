import { annotated, digits, ownAnnotations } from './annotations.ts';
import {
  absentAs,
  accept,
  type Field,
  fields,
  flag,
  integer,
  memberOf,
  oneOf,
  optional,
  refine,
  refuse,
  word,
} from './fields.ts';
import { BGP_ANNOTATION, METALLB_API_VERSION } from './names.ts';
import { type Condition, conditions, metadata, type ObjectMeta, parseAs } from './object.ts';
import type { Parsed } from './problem.ts';

/** metallb.io/v1beta1 BFDProfile: how quickly a router that is gone is noticed. */
export interface BfdProfile {
  readonly metadata: ObjectMeta;
  readonly spec: BfdProfileAnnotations & {
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

/** What MetalLB's API has no field for. */
interface BfdProfileAnnotations {
  /** Keyed SHA1 (RFC 5880 §6.7.4): the key, in a Secret of the profile's namespace, and its number on the wire. */
  readonly authentication: { readonly secret: string; readonly keyId: number } | undefined;
}

const milliseconds = integer(10, 60_000);
const DEFAULT_KEY_ID = 1;
/** It has an octet. */
const MAX_KEY_ID = 255;
const { bfdAuthenticationSecret: SECRET, bfdAuthenticationKeyId: KEY_ID } = BGP_ANNOTATION;

const written = fields({
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

const said = refine(
  ownAnnotations({ [SECRET]: optional(word), [KEY_ID]: optional(digits(0, MAX_KEY_ID)) }),
  ({ [SECRET]: secret, [KEY_ID]: keyId }, place): Parsed<BfdProfileAnnotations> => {
    if (secret === undefined && keyId !== undefined) {
      return refuse(memberOf(place, KEY_ID), `${keyId}`, `expected ${SECRET} beside it`);
    }
    const authentication = secret ? { secret, keyId: keyId ?? DEFAULT_KEY_ID } : undefined;
    return accept({ authentication });
  },
);

const profile: Field<BfdProfile> = annotated(written, said);

/** Reads a BFDProfile with FRR's defaults filled in. */
export function parseBfdProfile(object: unknown): Parsed<BfdProfile> {
  return parseAs('BFDProfile', profile, object);
}
