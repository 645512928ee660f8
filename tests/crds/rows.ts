/** Verdicts on classes. Unit tests ask the parser for its own, a cluster scenario the API server for those of the schema. */

/** Items of `spec.addressPool`. `byParser` is also what pattern and CEL rules say together. */
export const POOL_ITEMS: readonly [written: string, byPattern: boolean, byParser: boolean][] = [
  ['192.0.2.0/24', true, true],
  ['192.0.2.10-192.0.2.19', true, true],
  [' 192.0.2.10 - 192.0.2.19 ', true, true],
  ['192.0.2.10', true, true],
  ['192.0.2.7/24', true, true],
  ['2001:DB8::/64', true, true],
  ['fc00:f853:0ccd:e799::/124', true, true],
  ['2001:db8::1-2001:db8::ff', true, true],
  ['64:ff9b::192.0.2.33', true, true],
  ['::/0', true, true],
  ['192.0.2.1\t-\n192.0.2.9', true, true],
  ['9.255.255.255-10.0.0.0', true, true],
  ['64:ff9b::1.2.3.4-64:ff9b::1.2.3.5', true, true],
  ['::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', true, true],
  // What a pattern can't see is left to the CEL rules and the parser.
  ['192.0.2.0/33', true, false],
  ['2001:db8::/129', true, false],
  ['192.0.2.256', true, false],
  ['192.0.2.19-192.0.2.10', true, false],
  ['2001:db8::ff-2001:db8::1', true, false],
  ['abcd::-b::', true, false],
  ['2001:db8:0:0:1::-2001:db8:0:0:0:ffff::', true, false],
  ['64:ff9b::1.2.3.5-64:ff9b::1.2.3.4', true, false],
  ['192.0.2.1-2001:db8::1', true, false],
  ['::ffff:192.0.2.1', true, false],
  ['a.b.c.d-e.f.a.b', true, false],
  ['1.2.3.99999999999999999999-1.2.3.4', true, false],
  ['192.0.02.1', true, false],
  ['', false, false],
  ['192.0.2.0/', false, false],
  ['192.0.2.0/24-192.0.2.9', false, false],
  ['192.0.2.1-192.0.2.2-192.0.2.3', false, false],
  ['192.0.2.1,192.0.2.2', false, false],
  ['192.0.2.1 192.0.2.2', false, false],
  ['example.org', false, false],
  ['fe80::1%eth0', false, false],
];

export interface SpecRow {
  readonly name: string;
  readonly spec: unknown;
  /** Of the API server. */
  readonly bySchema: boolean;
  readonly byParser: boolean;
}

function numbered(count: number, write: (index: number) => string): string[] {
  return Array.from({ length: count }, (_, index) => write(index));
}

function labels(count: number): Record<string, string> {
  return Object.fromEntries(numbered(count, (index) => `zone-${index}`).map((name) => [name, '']));
}

const ranges = (count: number) => numbered(count, (index) => `10.0.${index >> 8}.${index & 255}`);
const interfaces = (...names: string[]) => ({ l2: { interfaces: names } });
const failback = (mode: unknown, window?: string) => ({
  l2: { failback: { mode, ...(window !== undefined && { window }) } },
});

const reachability = (...targets: unknown[]) => ({ l2: { reachability: { targets } } });
const probing = (more: object) => ({ l2: { reachability: { targets: ['gateway'], ...more } } });

const selecting = (interfaceSelection: unknown) => ({ l2: { interfaceSelection } });

const routed = (bgp: object) => ({ type: 'BGP', bgp });

const ALIKE: readonly [name: string, spec: unknown, verdict: boolean][] = [
  ['nothing in it', {}, true],
  ['whenOutOfPool Reassign', { whenOutOfPool: 'Reassign' }, true],
  ['another whenOutOfPool', { whenOutOfPool: 'Clear' }, false],
  ['256 ranges', { addressPool: ranges(256) }, true],
  ['257 ranges', { addressPool: ranges(257) }, false],
  ['an interface name of 15 characters', interfaces('abcdefghijklmno'), true],
  ['an interface name of 16 characters', interfaces('abcdefghijklmnop'), false],
  ['an empty interface name', interfaces(''), false],
  ['64 interfaces', interfaces(...numbered(64, (index) => `eth${index}`)), true],
  ['65 interfaces', interfaces(...numbered(65, (index) => `eth${index}`)), false],
  ['64 labels', { nodeSelector: labels(64) }, true],
  ['65 labels', { nodeSelector: labels(65) }, false],
  ['a label of 63 characters', { nodeSelector: { zone: 'x'.repeat(63) } }, true],
  ['a label of 64 characters', { nodeSelector: { zone: 'x'.repeat(64) } }, false],
  ['an empty label', { nodeSelector: { zone: '' } }, true],
  ['a label whose value was left out', { nodeSelector: { zone: null } }, false],
  ['an unknown type', { type: 'l2' }, false],
  ['a default that is no boolean', { isDefault: 'yes' }, false],
  ['failback never', failback('never'), true],
  ['failback in a window', failback('window', '22:00-04:30'), true],
  ['failback in a window that is not given', failback('window'), false],
  ['failback in a window without length', failback('window', '22:00-22:00'), false],
  ['failback in a window at no time of day', failback('window', '24:00-04:00'), false],
  ['a window without need', failback('auto', '22:00-04:00'), false],
  ['an unknown failback', failback('often'), false],
  ['all interfaces', selecting('All'), true],
  ['interfaces by subnet', selecting('BySubnet'), true],
  ['interfaces by chance', selecting('ByChance'), false],
  ['a gateway to reach', reachability('gateway'), true],
  ['hosts to reach', reachability('gateway', '192.0.2.1', '2001:db8::1', 'fe80::1'), true],
  ['nothing to reach', reachability(), false],
  ['targets left out', { l2: { reachability: { quorum: 1 } } }, false],
  ['the same to reach twice', reachability('192.0.2.1', '192.0.2.1'), false],
  ['a name to reach', reachability('router.example.org'), false],
  ['a CIDR to reach', reachability('192.0.2.0/24'), false],
  ['an interface with an address to reach', reachability('fe80::1%eth0'), false],
  ['nowhere to reach', reachability('0.0.0.0'), false],
  ['nine hosts to reach', reachability(...numbered(9, (index) => `10.0.0.${index}`)), false],
  ['a quorum of all', probing({ targets: ['gateway', '10.0.0.1'], quorum: 2 }), true],
  ['a quorum of more than there are', probing({ quorum: 2 }), false],
  ['a quorum of none', probing({ quorum: 0 }), false],
  ['a period of a minute', probing({ periodSeconds: 60 }), true],
  ['a period of half a second', probing({ periodSeconds: 0.5 }), false],
  ['patience', probing({ failureThreshold: 60, successThreshold: 60 }), true],
  ['a threshold of two failures', probing({ failureThreshold: 2 }), false],
  ['a threshold of two successes', probing({ successThreshold: 2 }), false],
  ['routes of both', { type: 'L2AndBGP', bgp: {} }, true],
  ['a way that is longer and costs', routed({ asPathPrepend: 10, med: 4_294_967_295 }), true],
  ['a way that is no longer', routed({ asPathPrepend: 0 }), false],
  ['a way that is eleven times longer', routed({ asPathPrepend: 11 }), false],
  ['a metric of less than nothing', routed({ med: -1 }), false],
  ['a metric of more than there is', routed({ med: 4_294_967_296 }), false],
  ['a bandwidth', routed({ linkBandwidth: '2500M' }), true],
  ['the highest bandwidth', routed({ linkBandwidth: '999999T' }), true],
  ['a bandwidth of nothing', routed({ linkBandwidth: '0G' }), false],
  ['a bandwidth with a fraction', routed({ linkBandwidth: '1.5G' }), false],
  ['a bandwidth in powers of two', routed({ linkBandwidth: '1Gi' }), false],
  ['a bandwidth that is a number', routed({ linkBandwidth: 1000 }), false],
  [
    'routes with all there is',
    routed({
      ...{ peers: ['tor'], communities: ['64500:100', 'vpn'], localPref: 4_294_967_295 },
      ...{ aggregationLength: 24, aggregationLengthV6: 64, maxNodes: 1 },
    }),
    true,
  ],
  ['routes from no node', routed({ maxNodes: 0 }), false],
  ['routes from too many nodes', routed({ maxNodes: 1_001 }), false],
  ['routes to half an address', routed({ aggregationLength: 33 }), false],
  ['routes to everything', routed({ aggregationLengthV6: 0 }), false],
  ['a peer without name', routed({ peers: [''] }), false],
  ['a community in place of a list', routed({ communities: '64500:100' }), false],
  ['a preference below none', routed({ localPref: -1 }), false],
];

/** Whole specs. */
export const SPECS: readonly SpecRow[] = [
  ...ALIKE.map(([name, spec, verdict]) => ({ name, spec, bySchema: verdict, byParser: verdict })),
  {
    name: 'ranges that overlap, which takes a rule too costly for the API server',
    spec: { addressPool: ['192.0.2.0/28', '192.0.2.15-192.0.2.20'] },
    bySchema: true,
    byParser: false,
  },
];
