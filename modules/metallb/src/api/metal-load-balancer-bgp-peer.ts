import { familyOf, type IpAddress } from '../net/ip.ts';
import { annotated, noAnnotations } from './annotations.ts';
import { asn, BGP_PORT, DEFAULT_HOLD_SECONDS, holdTime, ipv4Address } from './bgp-fields.ts';
import {
  absentAs,
  accept,
  type Field,
  fields,
  integer,
  ipAddress,
  itemOf,
  listOf,
  memberOf,
  oneOf,
  optional,
  problemAt,
  refine,
  unlessEmpty,
  word,
} from './fields.ts';
import { CLASS_API_VERSION } from './names.ts';
import { type Condition, conditions, metadata, type ObjectMeta, parseAs } from './object.ts';
import type { Parsed } from './problem.ts';

/**
 * network.deckhouse.io/v1alpha1 MetalLoadBalancerBGPPeer: a router; which nodes have a session with it is said by the
 * MetalLoadBalancerConfigurations that name it. `spec.bfd` has no effect, in Deckhouse neither.
 */
export interface MetalLoadBalancerBgpPeer {
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly peerAddress: IpAddress;
    readonly peerPort: number;
    readonly peerAsn: number;
    readonly myAsn: number;
    readonly routerId: IpAddress | undefined;
    /** 0: for ever; else at least 3. */
    readonly holdSeconds: number;
    readonly passwordSecret: { readonly name: string; readonly namespace: string } | undefined;
    /** Where sessions of these nodes come from; each node once. */
    readonly sourceAddresses: readonly SourceAddress[];
  };
  readonly status: { readonly conditions: readonly Condition[] };
}

export interface SourceAddress {
  readonly nodeName: string;
  readonly address: IpAddress;
}

const written = fields({
  peerAddress: ipAddress,
  peerPort: absentAs(BGP_PORT, integer(1, 65_535)),
  peerASN: asn,
  myASN: asn,
  routerID: unlessEmpty(ipv4Address),
  holdTime: unlessEmpty(holdTime),
  passwordSecretRef: optional(fields({ name: word, namespace: word })),
  sourceAddresses: absentAs([], listOf(fields({ nodeName: word, address: ipAddress }))),
});

const spec: Field<MetalLoadBalancerBgpPeer['spec']> = refine(written, (read, place) => {
  const { peerASN: peerAsn, myASN: myAsn, routerID: routerId, passwordSecretRef, ...rest } = read;
  const { holdTime: holdSeconds = DEFAULT_HOLD_SECONDS, peerAddress, sourceAddresses } = rest;
  const family = familyOf(peerAddress);
  const problems = sourceAddresses.flatMap(({ nodeName, address }, index) => {
    const item = itemOf(memberOf(place, 'sourceAddresses'), index);
    const isAgain = sourceAddresses.findIndex((one) => one.nodeName === nodeName) < index;
    return [
      ...(familyOf(address) === family
        ? []
        : [problemAt(memberOf(item, 'address'), address, `expected ${family}, as peerAddress is`)]),
      ...(isAgain ? [problemAt(memberOf(item, 'nodeName'), nodeName, 'expected each once')] : []),
    ];
  });
  if (problems.length > 0) return { ok: false, problems };
  const { peerPort } = rest;
  const passwordSecret = passwordSecretRef;
  return accept({
    ...{ peerAddress, peerPort, peerAsn, myAsn, routerId, holdSeconds },
    ...{ passwordSecret, sourceAddresses },
  });
});

const peer: Field<MetalLoadBalancerBgpPeer> = annotated(
  fields({
    apiVersion: oneOf(CLASS_API_VERSION),
    kind: oneOf('MetalLoadBalancerBGPPeer'),
    metadata,
    spec,
    status: absentAs({}, fields({ conditions })),
  }),
  noAnnotations,
);

/** Reads a MetalLoadBalancerBGPPeer with all defaults filled in. */
export function parseMetalLoadBalancerBgpPeer(object: unknown): Parsed<MetalLoadBalancerBgpPeer> {
  return parseAs('MetalLoadBalancerBGPPeer', peer, object);
}
