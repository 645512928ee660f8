import {
  absentAs,
  type Field,
  fields,
  flag,
  integer,
  into,
  listOf,
  oneOf,
  optional,
  text,
  textMap,
  word,
} from '../api/fields.ts';
import { type LabelSelector, labelSelector } from '../api/label-selector.ts';
import { metadata, parseAs } from '../api/object.ts';
import type { Parsed } from '../api/problem.ts';

/** What the settings of Deckhouse's module said of pools and routers in their versions 1 and 2. */
export interface ModuleSettings {
  /** Of the settings' schema. */
  readonly version: number;
  readonly pools: readonly SettingsPool[];
  readonly peers: readonly SettingsPeer[];
  /** Names of communities to `a:b`. */
  readonly communities: Readonly<Record<string, string>>;
  readonly speakerNodeSelector: Readonly<Record<string, string>>;
}

export interface SettingsPool {
  readonly name: string | undefined;
  readonly protocol: 'bgp' | 'layer2';
  readonly addresses: readonly string[];
  readonly autoAssign: boolean | undefined;
  readonly avoidBuggyIps: boolean | undefined;
  readonly bgpAdvertisements: readonly SettingsAdvertisement[];
}

export interface SettingsAdvertisement {
  readonly aggregationLength: number | undefined;
  readonly localPref: number | undefined;
  /** Names of `communities`, or the values themselves. */
  readonly communities: readonly string[];
}

export interface SettingsPeer {
  readonly peerAddress: string;
  readonly peerAsn: number;
  readonly myAsn: number;
  readonly peerPort: number | undefined;
  readonly sourceAddress: string | undefined;
  readonly routerId: string | undefined;
  /** As written: `90`, `90s`, `1m30s`. */
  readonly holdTime: string | undefined;
  readonly password: string | undefined;
  readonly nodeSelector: LabelSelector | undefined;
}

const MAX_ASN = 4_294_967_295;

const advertisement: Field<SettingsAdvertisement> = into(
  fields({
    'aggregation-length': optional(integer(0, 128)),
    localpref: optional(integer(0, MAX_ASN)),
    communities: absentAs([], listOf(word)),
  }),
  (read) => ({
    aggregationLength: read['aggregation-length'],
    localPref: read.localpref,
    communities: read.communities,
  }),
);

const pool: Field<SettingsPool> = into(
  fields({
    name: optional(word),
    protocol: oneOf('bgp', 'layer2'),
    addresses: absentAs([], listOf(word)),
    'auto-assign': optional(flag),
    'avoid-buggy-ips': optional(flag),
    'bgp-advertisements': absentAs([], listOf(advertisement)),
  }),
  (read) => ({
    name: read.name,
    protocol: read.protocol,
    addresses: read.addresses,
    autoAssign: read['auto-assign'],
    avoidBuggyIps: read['avoid-buggy-ips'],
    bgpAdvertisements: read['bgp-advertisements'],
  }),
);

/** A bare number is seconds. */
const holdTime: Field<string> = (value, place) =>
  text(typeof value === 'number' ? String(value) : value, place);

const peer: Field<SettingsPeer> = into(
  fields({
    'peer-address': word,
    'peer-asn': integer(0, MAX_ASN),
    'my-asn': integer(0, MAX_ASN),
    'peer-port': optional(integer(0, 65_535)),
    'source-address': optional(word),
    'router-id': optional(word),
    'hold-time': optional(holdTime),
    password: optional(text),
    'node-selector': optional(labelSelector),
  }),
  (read) => ({
    peerAddress: read['peer-address'],
    peerAsn: read['peer-asn'],
    myAsn: read['my-asn'],
    peerPort: read['peer-port'],
    sourceAddress: read['source-address'],
    routerId: read['router-id'],
    holdTime: read['hold-time'],
    password: read.password || undefined,
    nodeSelector: read['node-selector'],
  }),
);

const settings = fields({
  addressPools: absentAs([], listOf(pool)),
  bgpPeers: absentAs([], listOf(peer)),
  bgpCommunities: absentAs({}, textMap),
  speaker: absentAs({}, fields({ nodeSelector: absentAs({}, textMap) })),
});

const moduleConfig: Field<ModuleSettings> = into(
  fields({
    apiVersion: oneOf('deckhouse.io/v1alpha1'),
    kind: oneOf('ModuleConfig'),
    metadata,
    spec: fields({
      version: absentAs(1, integer(1, 1_000)),
      settings: absentAs({}, settings),
    }),
  }),
  ({ spec: { version, settings: read } }) => ({
    version,
    pools: read.addressPools,
    peers: read.bgpPeers,
    communities: read.bgpCommunities,
    speakerNodeSelector: read.speaker.nodeSelector,
  }),
);

/** Reads a ModuleConfig of the module. */
export function parseModuleConfig(object: unknown): Parsed<ModuleSettings> {
  return parseAs('ModuleConfig', moduleConfig, object);
}
