import type { ConditionValue } from '../../hooks/lib/status-patch.ts';
import { parseBfdProfile } from '../api/bfd-profile.ts';
import { parseBgpAdvertisement } from '../api/bgp-advertisement.ts';
import { parseBgpPeer } from '../api/bgp-peer.ts';
import { parseCommunityObject } from '../api/community.ts';
import { editionRequired, mayUseBgp } from '../api/edition.ts';
import { parseL2Advertisement } from '../api/l2-advertisement.ts';
import { parseMetalLoadBalancerBgpPeer } from '../api/metal-load-balancer-bgp-peer.ts';
import { parseMetalLoadBalancerConfiguration } from '../api/metal-load-balancer-configuration.ts';
import { BGP_KINDS } from '../api/names.ts';
import type { Announcers } from './announcers.ts';
import {
  type BgpView,
  communityRemarks,
  configurationRemarks,
  peerRemarks,
  profileRemarks,
  routeRemarks,
  routerRemarks,
} from './bgp-remarks.ts';
import type { MetallbState } from './metallb-state.ts';
import { type Judge, ObjectJudge } from './object-judge.ts';
import { poolRemarks } from './pool-remarks.ts';

const JUDGED_KINDS = ['L2Advertisement', ...BGP_KINDS] as const;
export type JudgedKind = (typeof JUDGED_KINDS)[number];

export function isJudgedKind(kind: string): kind is JudgedKind {
  return JUDGED_KINDS.some((known) => known === kind);
}

/** By kind. */
export type Judges = ReadonlyMap<JudgedKind, Judge>;

export interface JudgesPorts {
  readonly metallb: MetallbState;
  readonly announcers: () => Announcers;
  /** Names of pools that are gone while Services have IPs of them. */
  readonly orphanedPools: () => ReadonlySet<string>;
}

/** Who says of an object of MetalLB's API, pools aside, whether it is in force in this edition. */
export function judgesOf(ports: JudgesPorts, edition: string): Judges {
  const { metallb, announcers, orphanedPools } = ports;
  const { bgp, watched: namespaces } = metallb;
  const refusal: ConditionValue | undefined = mayUseBgp(edition)
    ? undefined
    : { status: 'False', reason: 'EditionRequired', message: editionRequired(edition) };
  const pools = () => ({ pools: metallb.pools, orphaned: orphanedPools() });
  const view = (): BgpView => ({
    ...{ ...pools(), announcers: announcers() },
    bgp: { ...bgp.inForce, hosts: announcers().hosts },
  });
  const ofBgp = { namespaces, refusal };
  return new Map<JudgedKind, Judge>([
    [
      'L2Advertisement',
      new ObjectJudge({
        mirror: metallb.advertisements,
        parse: parseL2Advertisement,
        namespaces,
        remarks: ({ spec }) => poolRemarks(spec, pools()),
      }),
    ],
    [
      'BGPPeer',
      new ObjectJudge({
        ...ofBgp,
        mirror: bgp.peers,
        parse: parseBgpPeer,
        remarks: (peer) => peerRemarks(peer, view()),
      }),
    ],
    [
      'BGPAdvertisement',
      new ObjectJudge({
        ...ofBgp,
        mirror: bgp.advertisements,
        parse: parseBgpAdvertisement,
        remarks: (advertisement) => routeRemarks(advertisement, view()),
      }),
    ],
    [
      'BFDProfile',
      new ObjectJudge({
        ...ofBgp,
        mirror: bgp.profiles,
        parse: parseBfdProfile,
        remarks: (profile) => profileRemarks(profile, view()),
      }),
    ],
    [
      'Community',
      new ObjectJudge({
        ...ofBgp,
        mirror: bgp.communities,
        parse: parseCommunityObject,
        remarks: (community) => communityRemarks(community, view()),
      }),
    ],
    [
      'MetalLoadBalancerBGPPeer',
      new ObjectJudge({
        ...{ refusal, namespaces: undefined },
        mirror: bgp.deckhousePeers,
        parse: parseMetalLoadBalancerBgpPeer,
        remarks: (router) => routerRemarks(router, view()),
      }),
    ],
    [
      'MetalLoadBalancerConfiguration',
      new ObjectJudge({
        ...{ refusal, namespaces: undefined },
        mirror: bgp.configurations,
        parse: parseMetalLoadBalancerConfiguration,
        remarks: (configuration) => configurationRemarks(configuration, view()),
      }),
    ],
  ]);
}
