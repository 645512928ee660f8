import type { IpAddress } from '../net/ip.ts';
import { annotated, annotationPlace, digits, flagText, ownAnnotations } from './annotations.ts';
import {
  asn,
  BGP_PORT,
  DEFAULT_HOLD_SECONDS,
  holdTime,
  ipv4Address,
  MAX_ASN,
  seconds,
  secondsUpTo,
} from './bgp-fields.ts';
import { peerInVersion } from './bgp-peer-versions.ts';
import {
  absentAs,
  accept,
  type Field,
  fields,
  flag,
  integer,
  into,
  ipAddress,
  isRecord,
  memberOf,
  oneOf,
  optional,
  type Place,
  problemAt,
  refine,
  refuse,
  unlessEmpty,
  word,
} from './fields.ts';
import { type LabelSelector, labelSelectors } from './label-selector.ts';
import { BGP_ANNOTATION, METALLB_API_VERSION, METALLB_PEER_API_VERSION } from './names.ts';
import { type Condition, conditions, metadata, type ObjectMeta, parseAs } from './object.ts';
import type { Parsed, Problem } from './problem.ts';

/** metallb.io/v1beta2 BGPPeer: a router that nodes have a session with. v1beta1 is read as the same. */
export interface BgpPeer {
  readonly metadata: ObjectMeta;
  readonly spec: BgpPeerSpec;
  readonly status: { readonly conditions: readonly Condition[] };
}

export interface BgpPeerSpec extends BgpPeerAnnotations {
  readonly myAsn: number;
  /** `internal`: the own one; `external`: any other. */
  readonly peerAsn: number | 'internal' | 'external';
  /** What the router is shown in place of `myAsn`. */
  readonly localAsn: number | undefined;
  readonly neighbor: BgpNeighbor;
  readonly sourceAddress: IpAddress | undefined;
  readonly peerPort: number;
  /** 0: for ever; else at least 3. */
  readonly holdSeconds: number;
  /** Undefined: a third of the hold time. */
  readonly keepaliveSeconds: number | undefined;
  readonly connectSeconds: number | undefined;
  readonly routerId: IpAddress | undefined;
  /** One is enough; none means every node. */
  readonly nodeSelectors: readonly LabelSelector[];
  /** In the object itself; deprecated for those who read it there. */
  readonly password: string | undefined;
  readonly passwordSecret: SecretReference | undefined;
  readonly bfdProfile: string | undefined;
  readonly enableGracefulRestart: boolean;
  readonly ebgpMultiHop: boolean;
  /** Sessions leave by this device (SO_BINDTODEVICE). */
  readonly vrf: string | undefined;
  readonly dualStackAddressFamily: boolean;
}

/** What MetalLB's API has no field for. */
export interface BgpPeerAnnotations {
  /** GTSM (RFC 5082): nothing from a router that is more hops away is taken for its own. */
  readonly ttlSecurityHops: number | undefined;
  /** The router connects, and this side never does. */
  readonly passive: boolean;
  /** How long a router keeps routes of a node that is gone, where it has no others (RFC 9494). */
  readonly longLivedStaleSeconds: number | undefined;
}

/** By address, or by the interface that leads to the router's link-local one. */
export type BgpNeighbor = { readonly address: IpAddress } | { readonly interface: string };

export interface SecretReference {
  readonly name: string;
  readonly namespace: string | undefined;
  /** What the Secret must be labelled with, as `true`, for whoever keeps it to agree; absent: nothing. */
  readonly label?: string;
}

/** One less than a TTL has room for: from so far away anybody could write. */
const MAX_TTL_SECURITY_HOPS = 254;
/** What 24 bits have room for. */
const MAX_STALE_SECONDS = 0xff_ffff;

/** What is wrong with it is told without showing it. */
const hiddenText: Field<string> = (value, place) =>
  typeof value === 'string' ? accept(value) : refuse(place, '(hidden)', 'expected a string');

const written = fields({
  myASN: asn,
  peerASN: absentAs(0, integer(0, MAX_ASN)),
  dynamicASN: unlessEmpty(oneOf('internal', 'external')),
  localASN: optional(asn),
  peerAddress: unlessEmpty(ipAddress),
  interface: unlessEmpty(word),
  sourceAddress: unlessEmpty(ipAddress),
  peerPort: absentAs(BGP_PORT, integer(0, 65_535)),
  holdTime: unlessEmpty(holdTime),
  keepaliveTime: unlessEmpty(seconds),
  connectTime: unlessEmpty(seconds),
  routerID: unlessEmpty(ipv4Address),
  nodeSelectors: labelSelectors,
  password: unlessEmpty(hiddenText),
  passwordSecret: optional(fields({ name: unlessEmpty(word), namespace: unlessEmpty(word) })),
  bfdProfile: unlessEmpty(word),
  enableGracefulRestart: absentAs(false, flag),
  ebgpMultiHop: absentAs(false, flag),
  vrf: unlessEmpty(word),
  dualStackAddressFamily: absentAs(false, flag),
});

type Written = typeof written extends Field<infer T> ? T : never;

const spec: Field<Omit<BgpPeerSpec, keyof BgpPeerAnnotations>> = refine(written, (read, place) => {
  const problems = problemsOf(read, place);
  return problems.length === 0 ? accept(specOf(read)) : { ok: false, problems };
});

const annotations: Field<BgpPeerAnnotations> = into(
  ownAnnotations({
    [BGP_ANNOTATION.ttlSecurityHops]: optional(digits(1, MAX_TTL_SECURITY_HOPS)),
    [BGP_ANNOTATION.passive]: absentAs('false', flagText),
    [BGP_ANNOTATION.longLivedStaleTime]: optional(secondsUpTo(MAX_STALE_SECONDS)),
  }),
  (read) => ({
    ttlSecurityHops: read[BGP_ANNOTATION.ttlSecurityHops],
    passive: read[BGP_ANNOTATION.passive],
    longLivedStaleSeconds: read[BGP_ANNOTATION.longLivedStaleTime],
  }),
);

const whole: Field<BgpPeer> = annotated(
  fields({
    apiVersion: oneOf(METALLB_PEER_API_VERSION, METALLB_API_VERSION),
    kind: oneOf('BGPPeer'),
    metadata,
    spec,
    status: absentAs({}, fields({ conditions })),
  }),
  annotations,
);

const peer: Field<BgpPeer> = refine(whole, (read, place) => {
  const problems = annotationProblems(read, place);
  return problems.length === 0 ? accept(read) : { ok: false, problems };
});

/** Reads a BGPPeer of either version with all defaults filled in. */
export function parseBgpPeer(object: unknown): Parsed<BgpPeer> {
  const isOld = isRecord(object) && object['apiVersion'] === METALLB_API_VERSION;
  const current = isOld ? peerInVersion(object, METALLB_PEER_API_VERSION) : object;
  return parseAs('BGPPeer', peer, current);
}

function specOf(read: Written): Omit<BgpPeerSpec, keyof BgpPeerAnnotations> {
  const { peerAddress, passwordSecret, keepaliveTime } = read;
  const holdSeconds =
    read.holdTime ?? (keepaliveTime === undefined ? DEFAULT_HOLD_SECONDS : 3 * keepaliveTime);
  return {
    myAsn: read.myASN,
    peerAsn: read.dynamicASN ?? read.peerASN,
    localAsn: read.localASN,
    neighbor:
      peerAddress === undefined ? { interface: read.interface ?? '' } : { address: peerAddress },
    sourceAddress: read.sourceAddress,
    peerPort: read.peerPort === 0 ? BGP_PORT : read.peerPort,
    holdSeconds,
    keepaliveSeconds: keepaliveTime,
    connectSeconds: read.connectTime,
    routerId: read.routerID,
    nodeSelectors: read.nodeSelectors,
    password: read.password,
    passwordSecret:
      passwordSecret?.name === undefined
        ? undefined
        : { name: passwordSecret.name, namespace: passwordSecret.namespace },
    bfdProfile: read.bfdProfile,
    enableGracefulRestart: read.enableGracefulRestart,
    ebgpMultiHop: read.ebgpMultiHop,
    vrf: read.vrf,
    dualStackAddressFamily: read.dualStackAddressFamily,
  };
}

/** What fields say together; MetalLB's rules. The password is no one's to read, here neither. */
function problemsOf(read: Written, place: Place): Problem[] {
  const { holdTime, keepaliveTime, peerASN, dynamicASN, peerAddress, passwordSecret } = read;
  const problem = (name: string, value: unknown, expected: string) =>
    problemAt(memberOf(place, name), value, expected);
  return [
    ...((peerASN === 0) === (dynamicASN === undefined)
      ? [problem('peerASN', peerASN || undefined, 'expected either this or dynamicASN')]
      : []),
    ...((peerAddress === undefined) === (read.interface === undefined)
      ? [problem('peerAddress', peerAddress, 'expected either this or interface')]
      : []),
    ...(holdTime !== undefined && keepaliveTime !== undefined && keepaliveTime > holdTime
      ? [problem('keepaliveTime', `${keepaliveTime}s`, `expected at most holdTime, ${holdTime}s`)]
      : []),
    ...(read.ebgpMultiHop && peerASN === read.myASN
      ? [problem('ebgpMultiHop', true, 'expected false within one AS: iBGP has no limit of hops')]
      : []),
    ...(read.password !== undefined && passwordSecret?.name !== undefined
      ? [problem('passwordSecret', passwordSecret.name, 'expected either this or password')]
      : []),
    ...(read.connectTime === 0 ? [problem('connectTime', '0s', 'expected at least 1s')] : []),
  ];
}

/** What annotations and fields say together. */
function annotationProblems({ metadata: { annotations }, spec }: BgpPeer, place: Place): Problem[] {
  const problem = (name: string, expected: string) =>
    problemAt(annotationPlace(place, name), annotations?.[name], expected);
  const { ttlSecurityHops, ebgpMultiHop, longLivedStaleSeconds, enableGracefulRestart } = spec;
  return [
    ...(ttlSecurityHops === 1 && ebgpMultiHop
      ? [problem(BGP_ANNOTATION.ttlSecurityHops, 'expected 2 or more beside spec.ebgpMultiHop')]
      : []),
    ...(longLivedStaleSeconds === 0
      ? [problem(BGP_ANNOTATION.longLivedStaleTime, 'expected at least 1s')]
      : []),
    ...(longLivedStaleSeconds !== undefined && !enableGracefulRestart
      ? [
          problem(
            BGP_ANNOTATION.longLivedStaleTime,
            'expected spec.enableGracefulRestart beside it: it begins when that is over',
          ),
        ]
      : []),
  ];
}
