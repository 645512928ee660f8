import {
  absentAs,
  accept,
  type Field,
  flag,
  integer,
  ipAddress,
  oneOf,
  refine,
  refuse,
  text,
  word,
} from '../api/fields.ts';
import { parseGoDuration } from '../api/go-duration.ts';
import { type LabelSelector, labelSelector } from '../api/label-selector.ts';
import { familyOf, type IpAddress } from '../net/ip.ts';
import { type IpRange, parseRange } from '../net/range.ts';
import {
  items,
  members,
  namedValues,
  type TolerantField,
  whole,
  written,
} from './tolerant-fields.ts';

/**
 * What MetalLB up to 0.12 was told in its ConfigMap, under the names it has there. Items that could not be read keep
 * their places in lists, since objects are named after these.
 */
export interface LegacyConfig {
  readonly peers?: readonly (LegacyPeer | undefined)[];
  readonly 'address-pools'?: readonly (LegacyPool | undefined)[];
  readonly 'bfd-profiles'?: readonly (LegacyBfdProfile | undefined)[];
  /** Alias to value. */
  readonly 'bgp-communities'?: ReadonlyMap<string, string>;
}

export interface LegacyPeer {
  readonly 'my-asn': number;
  readonly 'peer-asn': number;
  readonly 'peer-address': IpAddress;
  readonly 'source-address'?: IpAddress;
  /** 0: the default. */
  readonly 'peer-port'?: number;
  /** Whole seconds. */
  readonly 'hold-time'?: number;
  readonly 'keepalive-time'?: number;
  readonly 'router-id'?: IpAddress;
  readonly 'node-selectors'?: readonly LabelSelector[];
  readonly password?: string;
  readonly 'bfd-profile'?: string;
  readonly 'ebgp-multihop'?: boolean;
}

export interface LegacyPool {
  readonly name: string;
  readonly addresses: readonly (LegacyRange | undefined)[];
  /** `unknown`: neither, so that nothing announces the pool. */
  readonly protocol: 'bgp' | 'layer2' | 'unknown';
  readonly 'auto-assign'?: boolean;
  readonly 'avoid-buggy-ips'?: boolean;
  readonly 'bgp-advertisements'?: readonly (LegacyAdvertisement | undefined)[];
}

export interface LegacyRange {
  readonly written: string;
  readonly range: IpRange;
}

export interface LegacyAdvertisement {
  readonly 'aggregation-length'?: number;
  readonly 'aggregation-length-v6'?: number;
  /** 0: none. */
  readonly localpref?: number;
  /** Aliases, or the values themselves. */
  readonly communities?: readonly (string | undefined)[];
}

export interface LegacyBfdProfile {
  readonly name: string;
  readonly 'receive-interval'?: number;
  readonly 'transmit-interval'?: number;
  readonly 'detect-multiplier'?: number;
  readonly 'echo-interval'?: number;
  readonly 'echo-mode'?: boolean;
  readonly 'passive-mode'?: boolean;
  readonly 'minimum-ttl'?: number;
}

const MAX_UINT32 = 4_294_967_295;
const MAX_UINT16 = 65_535;
const MIN_HOLD_SECONDS = 3;

const duration: Field<number> = (value, place) => {
  const seconds = typeof value === 'string' ? parseGoDuration(value) : undefined;
  return seconds === undefined
    ? refuse(place, value, 'expected a duration such as 90s or 1m30s')
    : accept(seconds);
};

const holdTime: Field<number> = refine(duration, (seconds, place) =>
  seconds === 0 || seconds >= MIN_HOLD_SECONDS
    ? accept(seconds)
    : refuse(place, `${seconds}s`, 'expected 0s or at least 3s'),
);

const routerId: Field<IpAddress> = refine(ipAddress, (ip, place) =>
  familyOf(ip) === 'IPv4' ? accept(ip) : refuse(place, ip, 'expected an IPv4 address'),
);

const selectorExpression = members(
  { key: written(word), operator: written(oneOf('In', 'NotIn', 'Exists', 'DoesNotExist')) },
  { values: items(written(absentAs('', text))) },
  ['values'],
);

/** With the names of a ConfigMap; what is wrong with one makes it select other nodes, so it is of no use. */
const nodeSelector: TolerantField<LabelSelector> = (value, place) => {
  const read = members(
    {},
    {
      'match-labels': namedValues(written(absentAs('', text))),
      'match-expressions': items(selectorExpression),
    },
    ['match-labels', 'match-expressions'],
  )(value, place);
  if (read.problems.length > 0 || read.value === undefined) {
    return { value: undefined, problems: read.problems };
  }
  const { 'match-labels': labels = [], 'match-expressions': matchExpressions } = read.value;
  const matchLabels = Object.fromEntries(labels);
  return whole(labelSelector)({ matchLabels, matchExpressions }, place);
};

const nodeSelectors: TolerantField<readonly LabelSelector[]> = (value, place) => {
  const read = items(nodeSelector)(value, place);
  const selectors = read.value?.filter((selector) => selector !== undefined);
  return { ...read, value: read.problems.length === 0 ? selectors : undefined };
};

const peer: TolerantField<LegacyPeer> = members(
  {
    'my-asn': whole(integer(1, MAX_UINT32)),
    'peer-asn': whole(integer(1, MAX_UINT32)),
    'peer-address': written(ipAddress),
  },
  {
    'source-address': written(ipAddress),
    'peer-port': whole(integer(0, MAX_UINT16)),
    'hold-time': written(holdTime),
    'keepalive-time': written(duration),
    'router-id': written(routerId),
    'node-selectors': nodeSelectors,
    password: written(text),
    'bfd-profile': written(text),
    'ebgp-multihop': whole(flag),
  },
  // Another port, more nodes or a session without its password are not what was asked for.
  ['peer-port', 'node-selectors', 'password', 'source-address'],
);

const addresses: TolerantField<LegacyRange> = written(
  refine(text, (address, place) => {
    const range = parseRange(address);
    return typeof range === 'string'
      ? refuse(place, address, range)
      : accept({ written: address, range });
  }),
);

const advertisement: TolerantField<LegacyAdvertisement> = members(
  {},
  {
    'aggregation-length': whole(integer(1, 32)),
    'aggregation-length-v6': whole(integer(1, 128)),
    localpref: whole(integer(0, MAX_UINT32)),
    communities: items(written(word)),
  },
);

const protocol: TolerantField<LegacyPool['protocol']> = (value, place) => {
  const read = written(oneOf('bgp', 'layer2'))(value, place);
  return { ...read, value: read.value ?? 'unknown' };
};

const pool: TolerantField<LegacyPool> = members(
  { name: written(word), addresses: items(addresses), protocol },
  {
    'auto-assign': whole(flag),
    'avoid-buggy-ips': whole(flag),
    'bgp-advertisements': items(advertisement),
  },
  // A pool that is open to everybody is not what was asked for.
  ['auto-assign'],
);

const milliseconds = whole(integer(10, 60_000));

const bfdProfile: TolerantField<LegacyBfdProfile> = members(
  { name: written(word) },
  {
    'receive-interval': milliseconds,
    'transmit-interval': milliseconds,
    'detect-multiplier': whole(integer(2, 255)),
    'echo-interval': milliseconds,
    'echo-mode': whole(flag),
    'passive-mode': whole(flag),
    'minimum-ttl': whole(integer(1, 254)),
  },
);

const communityValue: Field<string> = refine(text, (value, place) =>
  isCommunity(value)
    ? accept(value)
    : refuse(place, value, 'expected a community such as 65535:65281'),
);

/** The text under `config` of the ConfigMap, read as YAML in which scalars without quotes are `PlainScalar`s. */
export const legacyConfig: TolerantField<LegacyConfig> = members(
  {},
  {
    peers: items(peer),
    'address-pools': items(pool),
    'bfd-profiles': items(bfdProfile),
    'bgp-communities': namedValues(written(communityValue)),
  },
);

/** RFC 1997 `a:b`, or RFC 8092 `large:a:b:c`. */
export function isCommunity(value: string): boolean {
  const [first, ...rest] = value.split(':');
  const isLarge = first === 'large';
  const parts = isLarge ? rest : [first, ...rest];
  const limit = isLarge ? MAX_UINT32 : MAX_UINT16;
  return (
    parts.length === (isLarge ? 3 : 2) &&
    parts.every((part) => /^\d{1,10}$/.test(part ?? '') && Number(part) <= limit)
  );
}
