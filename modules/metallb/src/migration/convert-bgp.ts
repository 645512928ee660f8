import { itemOf, memberOf, type Place } from '../api/fields.ts';
import { formatGoDuration } from '../api/go-duration.ts';
import { METALLB_API_VERSION } from '../api/names.ts';
import type { ConversionContext, ConvertedObject } from './conversion.ts';
import type { LegacyBfdProfile, LegacyPeer } from './legacy-config.ts';

const PEER_API_VERSION = 'metallb.io/v1beta2';
/** What the schema of a BGPPeer takes, MetalLB's as ours. */
const MAX_STORED_PORT = 16_384;
/** What MetalLB's converter writes where nothing is said. */
const DEFAULT_HOLD_SECONDS = 90;

/** The name that the object of a profile has; undefined where there is none. */
type ProfileName = (written: string) => string | undefined;

/** A BGPPeer for each peer, named after its place in the list, and before it the Secret with its password, if it is stored. */
export function peerObjects(
  peers: readonly (LegacyPeer | undefined)[],
  profileName: ProfileName,
  context: ConversionContext,
): ConvertedObject[] {
  return peers.flatMap((peer, index) => {
    if (peer === undefined) return [];
    const name = `peer${index + 1}`;
    const place = itemOf(memberOf(context.root, 'peers'), index);
    if (!canBeStored(peer, place, context)) return [];
    const { namespace, reader } = context;
    const { password } = peer;
    const isStored = reader === 'api-server';
    const secret = password && isStored ? passwordSecret(name, namespace, password) : undefined;
    const { bfdProfile, ebgpMultiHop } = checked(peer, place, profileName, context);
    const spec = {
      ...specOf(peer),
      ...timersOf(peer, place, context),
      ...(secret && { passwordSecret: secret.metadata }),
      ...(password && !isStored && { password }),
      ...(bfdProfile !== undefined && { bfdProfile }),
      ...(ebgpMultiHop !== undefined && { ebgpMultiHop }),
    };
    const own = {
      apiVersion: PEER_API_VERSION,
      kind: 'BGPPeer',
      metadata: { name, namespace },
      spec,
    };
    return secret === undefined ? [own] : [secret, own];
  });
}

/** An API server refuses a port that the programs can use. */
function canBeStored(
  { 'peer-port': port = 0 }: LegacyPeer,
  place: Place,
  { reader, report }: ConversionContext,
): boolean {
  if (reader === 'programs' || port <= MAX_STORED_PORT) return true;
  report(
    memberOf(place, 'peer-port'),
    port,
    `expected at most ${MAX_STORED_PORT}: no BGPPeer may have a higher one, so there is none for this peer. ` +
      'Let the router listen on a lower port too, or have the ConfigMap read as it stands (legacyConfigMap)',
  );
  return false;
}

function passwordSecret(peer: string, namespace: string, password: string): ConvertedObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `${peer}-password`, namespace },
    type: 'kubernetes.io/basic-auth',
    stringData: { password },
  };
}

function specOf(peer: LegacyPeer): Readonly<Record<string, unknown>> {
  const {
    'source-address': sourceAddress,
    'peer-port': peerPort,
    'router-id': routerID,
    'node-selectors': nodeSelectors = [],
  } = peer;
  return {
    myASN: peer['my-asn'],
    peerASN: peer['peer-asn'],
    peerAddress: peer['peer-address'],
    ...(sourceAddress !== undefined && { sourceAddress }),
    ...(peerPort !== undefined && peerPort > 0 && { peerPort }),
    ...(routerID !== undefined && { routerID }),
    ...(nodeSelectors.length > 0 && {
      nodeSelectors: nodeSelectors.map(({ matchLabels, matchExpressions }) => ({
        ...(Object.keys(matchLabels).length > 0 && { matchLabels }),
        ...(matchExpressions.length > 0 && {
          matchExpressions: matchExpressions.map(({ key, operator, values }) => ({
            key,
            operator,
            ...(values.length > 0 && { values }),
          })),
        }),
      })),
    }),
  };
}

function timersOf(
  peer: LegacyPeer,
  place: Place,
  { report }: ConversionContext,
): Readonly<Record<string, string>> {
  const { 'hold-time': holdSeconds = DEFAULT_HOLD_SECONDS, 'keepalive-time': keepalive } = peer;
  const holdTime = formatGoDuration(holdSeconds);
  if (keepalive === undefined) return { holdTime };
  const keepaliveTime = formatGoDuration(keepalive);
  if (keepalive <= holdSeconds) return { holdTime, keepaliveTime };
  const expected = `expected at most the hold time, ${holdTime}`;
  report(memberOf(place, 'keepalive-time'), keepaliveTime, expected);
  return { holdTime };
}

/** What a peer may say only together with something else. */
function checked(
  peer: LegacyPeer,
  place: Place,
  profileName: ProfileName,
  { report }: ConversionContext,
): { readonly bfdProfile: string | undefined; readonly ebgpMultiHop: boolean | undefined } {
  const { 'bfd-profile': written, 'ebgp-multihop': multiHop } = peer;
  const bfdProfile = written ? profileName(written) : undefined;
  if (written && bfdProfile === undefined) {
    report(memberOf(place, 'bfd-profile'), written, 'expected a name of bfd-profiles');
  }
  const isInternal = peer['my-asn'] === peer['peer-asn'];
  if (multiHop === true && isInternal) {
    const expected = 'expected false: my-asn and peer-asn are the same, this is no eBGP';
    report(memberOf(place, 'ebgp-multihop'), multiHop, expected);
  }
  return { bfdProfile, ebgpMultiHop: multiHop === true && !isInternal ? true : undefined };
}

/** A BFDProfile each. */
export function bfdProfileObjects(
  profiles: readonly (LegacyBfdProfile | undefined)[],
  context: ConversionContext,
): { readonly objects: readonly ConvertedObject[]; readonly nameOf: ProfileName } {
  const names = new Map<string, string>();
  const objects = profiles.flatMap((profile, index) => {
    if (profile === undefined) return [];
    const place = itemOf(memberOf(context.root, 'bfd-profiles'), index);
    const name = context.claimName('BFDProfile', profile.name, place);
    if (name === undefined) return [];
    names.set(profile.name, name);
    return [profileObject(name, profile, context.namespace)];
  });
  return { objects, nameOf: (written) => names.get(written) };
}

function profileObject(
  name: string,
  profile: LegacyBfdProfile,
  namespace: string,
): ConvertedObject {
  const spec = {
    receiveInterval: profile['receive-interval'],
    transmitInterval: profile['transmit-interval'],
    detectMultiplier: profile['detect-multiplier'],
    echoInterval: profile['echo-interval'],
    echoMode: profile['echo-mode'] ?? false,
    passiveMode: profile['passive-mode'] ?? false,
    minimumTtl: profile['minimum-ttl'],
  };
  return {
    apiVersion: METALLB_API_VERSION,
    kind: 'BFDProfile',
    metadata: { name, namespace },
    spec: Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined)),
  };
}

/** One Community with all aliases, in order of their names. */
export function communityObject(
  aliases: ReadonlyMap<string, string>,
  { namespace }: ConversionContext,
): ConvertedObject[] {
  if (aliases.size === 0) return [];
  const communities = [...aliases]
    .map(([name, value]) => ({ name, value }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return [
    {
      apiVersion: METALLB_API_VERSION,
      kind: 'Community',
      metadata: { name: 'communities', namespace },
      spec: { communities },
    },
  ];
}
