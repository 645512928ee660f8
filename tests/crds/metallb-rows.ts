/**
 * Verdicts on objects of MetalLB's API: what MetalLB accepts is accepted here. Unit tests ask the parsers, a cluster
 * scenario asks the API server.
 */
export interface MetallbRow {
  readonly kind: string;
  readonly apiVersion?: string;
  readonly name: string;
  readonly spec: unknown;
  /** What the API server's refusal names; undefined: it accepts. */
  readonly refusal?: RegExp;
  /** Where the parser says something else than the API server. */
  readonly byParser?: boolean;
}

const SELECTOR = {
  matchLabels: { 'kubernetes.io/hostname': 'n1' },
  matchExpressions: [
    { key: 'zone', operator: 'In', values: ['a', 'b'] },
    { key: 'rack', operator: 'NotIn', values: ['7'] },
    { key: 'edge', operator: 'Exists' },
    { key: 'drained', operator: 'DoesNotExist', values: [] },
  ],
};
const ADVERTISED = {
  ipAddressPools: ['first', 'second'],
  ipAddressPoolSelectors: [SELECTOR, { matchLabels: { zone: 'a' } }],
  nodeSelectors: [SELECTOR, {}],
  serviceSelectors: [{ matchLabels: { app: 'web' } }],
};
const PEER = { myASN: 64_500, peerASN: 4_294_967_295, peerAddress: '192.0.2.1' };

const pool = (name: string, spec: object, more: Partial<MetallbRow> = {}): MetallbRow => ({
  kind: 'IPAddressPool',
  name,
  spec: { addresses: ['192.0.2.0/24'], ...spec },
  ...more,
});
const advertisement = (name: string, spec: object, refusal?: RegExp): MetallbRow => ({
  kind: 'L2Advertisement',
  name,
  spec,
  ...(refusal && { refusal }),
});
const overBgp = (name: string, spec: object, refusal?: RegExp): MetallbRow => ({
  ...advertisement(name, spec, refusal),
  kind: 'BGPAdvertisement',
});
const peer = (name: string, spec: object, refusal?: RegExp): MetallbRow => ({
  kind: 'BGPPeer',
  apiVersion: 'metallb.io/v1beta2',
  name,
  spec,
  ...(refusal && { refusal }),
});

const deckhouses = (
  kind: string,
  name: string,
  spec: object,
  more: Partial<MetallbRow> = {},
): MetallbRow => ({ kind, apiVersion: 'network.deckhouse.io/v1alpha1', name, spec, ...more });
const router = (name: string, spec: object, more: Partial<MetallbRow> = {}) =>
  deckhouses('MetalLoadBalancerBGPPeer', name, { ...PEER, ...spec }, more);
const configuration = (name: string, spec: object, more: Partial<MetallbRow> = {}) =>
  deckhouses('MetalLoadBalancerConfiguration', name, { mode: 'BGP', ...spec }, more);
const announcing = (bgp: object) => ({ advertisements: [{ poolNames: ['prod-ips'], bgp }] });

export const METALLB_ROWS: readonly MetallbRow[] = [
  pool('a range with blanks, and IPv6', {
    addresses: [
      ...['192.0.2.0/24', '198.51.100.7/25', '203.0.113.1 - 203.0.113.9'],
      ...['2001:DB8::/64', 'fc00:f853:0ccd:e799::/124', '2001:db8:1::1-2001:db8:1::ff'],
    ],
  }),
  pool('every field', {
    autoAssign: false,
    avoidBuggyIPs: true,
    serviceAllocation: {
      priority: -3,
      namespaces: ['a', 'b'],
      namespaceSelectors: [SELECTOR, { matchLabels: {} }],
      serviceSelectors: [SELECTOR],
    },
  }),
  pool('an allocation to everybody', { serviceAllocation: {} }),
  pool('no addresses', { addresses: [] }, { refusal: /spec\.addresses.*at least 1/ }),
  pool('addresses left out', { addresses: undefined }, { refusal: /spec\.addresses: Required/ }),
  pool('one address in place of a list', { addresses: '192.0.2.1' }, { refusal: /array/ }),
  pool('a mask that is none', { addresses: ['192.0.2.0/33'] }, { refusal: /neither a CIDR/ }),
  pool('a host name', { addresses: ['example.org'] }, { refusal: /spec\.addresses\[0\]/ }),
  pool(
    'ends of two families',
    { addresses: ['192.0.2.1-2001:db8::1'] },
    { refusal: /two address families/ },
  ),
  pool(
    'a range that begins with its higher end: too costly a rule for so many ranges',
    { addresses: ['192.0.2.9-192.0.2.1'] },
    { byParser: false },
  ),
  pool(
    'ranges that overlap: too costly a rule',
    { addresses: ['192.0.2.0/24', '192.0.2.7'] },
    { byParser: false },
  ),
  pool('autoAssign in words', { autoAssign: 'no' }, { refusal: /spec\.autoAssign.*boolean/ }),
  pool(
    'a namespace twice',
    { serviceAllocation: { namespaces: ['a', 'a'] } },
    { refusal: /namespaces\[1\]: Duplicate/, byParser: true },
  ),
  pool('a selector twice, which does no harm', {
    serviceAllocation: { serviceSelectors: [SELECTOR, SELECTOR] },
  }),
  pool(
    'an operator of another language',
    {
      serviceAllocation: {
        serviceSelectors: [{ matchExpressions: [{ key: 'a', operator: 'Gt', values: ['1'] }] }],
      },
    },
    { refusal: /operator: Unsupported value: "Gt"/ },
  ),

  advertisement('nothing in it', {}),
  { kind: 'L2Advertisement', name: 'no spec', spec: undefined },
  advertisement('every field', {
    ...ADVERTISED,
    interfaces: ['eth0', 'br-lan'],
    preferredNodeSelectors: [{ weight: 100, preference: SELECTOR }],
  }),
  advertisement(
    'a name in place of a list',
    { ipAddressPools: '-bgp-pool' },
    /spec\.ipAddressPools.*array/,
  ),
  {
    ...advertisement(
      'a pool twice',
      { ipAddressPools: ['a', 'a'] },
      /ipAddressPools\[1\]: Duplicate/,
    ),
    byParser: true,
  },
  advertisement('a selector twice, which does no harm', { nodeSelectors: [{}, {}] }),
  advertisement(
    'a weight of nothing',
    { preferredNodeSelectors: [{ weight: 0, preference: {} }] },
    /weight.*greater than or equal to 1/,
  ),
  advertisement(
    'a weight without nodes',
    { preferredNodeSelectors: [{ weight: 1 }] },
    /preference: Required/,
  ),

  overBgp('nothing in it', {}),
  overBgp('every field', {
    ...ADVERTISED,
    ...{ aggregationLength: 32, aggregationLengthV6: 128, localPref: 4_294_967_295 },
    ...{ communities: ['64500:100', 'large:64500:1:1', 'vpn'], peers: ['spine'] },
  }),
  overBgp('wider routes for all', { aggregationLength: 24, aggregationLengthV6: 64 }),
  overBgp(
    'wider routes for some',
    { aggregationLength: 24, serviceSelectors: ADVERTISED.serviceSelectors },
    /serviceSelectors need aggregationLength 32/,
  ),
  overBgp('a route to half an address', { aggregationLength: 33 }, /less than or equal to 32/),
  overBgp('a peer twice', { peers: ['a', 'a'] }, /peers\[1\]: Duplicate/),
  overBgp(
    'a name in place of a list',
    { ipAddressPools: '-bgp-pool' },
    /spec\.ipAddressPools.*array/,
  ),

  peer('the least', PEER),
  peer('every field', {
    ...{ myASN: 64_500, peerASN: 64_501, localASN: 64_502, peerAddress: '2001:db8::1' },
    ...{ sourceAddress: '2001:db8::2', peerPort: 16_384, holdTime: '90s', keepaliveTime: '30s' },
    ...{ connectTime: '65535s', routerID: '192.0.2.2', nodeSelectors: [SELECTOR, SELECTOR] },
    passwordSecret: { name: 'spine', namespace: 'metallb-system' },
    ...{ bfdProfile: 'fast', enableGracefulRestart: true, ebgpMultiHop: true, vrf: 'red' },
    ...{ disableMP: true, dualStackAddressFamily: true },
  }),
  peer('an unnumbered one', { myASN: 64_500, dynamicASN: 'external', interface: 'eth1' }),
  peer('no number of its own', { peerASN: 64_501 }, /spec\.myASN: Required/),
  peer('port 0', { ...PEER, peerPort: 0 }, /peerPort.*greater than or equal to 1/),
  peer('half a second', { ...PEER, connectTime: '500ms' }, /connectTime must be from 1s/),
  peer('a second and a half', { ...PEER, connectTime: '1.5s' }, /whole number of seconds/),
  peer('some other router', { ...PEER, dynamicASN: 'any' }, /dynamicASN: Unsupported/),
  {
    ...peer('an old one', {
      ...{ ...PEER, sourceAddress: '192.0.2.2', peerPort: 0, holdTime: '90s' },
      ...{ keepaliveTime: '30s', routerID: '192.0.2.2', password: 'secret', bfdProfile: 'fast' },
      nodeSelectors: [
        {
          matchLabels: { zone: 'a' },
          matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }],
        },
      ],
      ebgpMultiHop: true,
    }),
    apiVersion: 'metallb.io/v1beta1',
  },
  {
    ...peer('an old one without an address', { myASN: 1, peerASN: 2 }, /peerAddress: Required/),
    apiVersion: 'metallb.io/v1beta1',
  },

  {
    kind: 'BFDProfile',
    name: 'every field',
    spec: {
      ...{ receiveInterval: 10, transmitInterval: 60_000, echoInterval: 50, detectMultiplier: 255 },
      ...{ minimumTtl: 254, echoMode: true, passiveMode: true },
    },
  },
  {
    kind: 'BFDProfile',
    name: 'too fast',
    spec: { receiveInterval: 9 },
    refusal: /receiveInterval.*greater than or equal to 10/,
  },
  {
    kind: 'Community',
    name: 'every field',
    spec: { communities: [{ name: 'vpn', value: 'large:64500:1:1' }] },
  },

  deckhouses('MetalLoadBalancerPool', 'every field', {
    ...{ addresses: ['192.0.2.0/24', '198.51.100.1-198.51.100.9', '2001:db8::/64'] },
    ...{ autoAssign: false, avoidBuggyIPs: true },
  }),
  deckhouses('MetalLoadBalancerPool', 'no addresses', { addresses: [] }, { refusal: /at least 1/ }),

  router('the least', {}),
  router('every field', {
    ...{ peerPort: 65_535, routerID: '192.0.2.2', holdTime: '1m30s' },
    passwordSecretRef: { name: 'tor', namespace: 'd8-metallb' },
    sourceAddresses: [
      { nodeName: 'n1', address: '192.0.2.11' },
      { nodeName: 'n2', address: '192.0.2.12' },
    ],
    bfd: {
      ...{ receiveInterval: 300, transmitInterval: 300, echoInterval: 50, detectMultiplier: 3 },
      ...{ minimumTTL: 254, echoMode: true, passiveMode: false },
    },
  }),
  router('an IPv6 one', { peerAddress: '2001:db8::1' }),
  router('a name in place of an address', { peerAddress: 'tor' }, { refusal: /is not an IP/ }),
  router('no number', { peerASN: 0 }, { refusal: /peerASN.*greater than or equal to 1/ }),
  router('a hold time in days', { holdTime: '1d' }, { refusal: /holdTime/ }),
  router(
    'too short a hold time, which only the parser sees',
    { holdTime: '1s' },
    { byParser: false },
  ),
  router(
    'a Secret of nowhere',
    { passwordSecretRef: { name: 'tor' } },
    { refusal: /passwordSecretRef\.namespace: Required/ },
  ),
  router(
    'two addresses of one node',
    {
      sourceAddresses: [
        { nodeName: 'n1', address: '192.0.2.11' },
        { nodeName: 'n1', address: '192.0.2.12' },
      ],
    },
    { refusal: /sourceAddresses\[1\]: Duplicate/ },
  ),

  configuration('nothing but its mode', {}),
  configuration('every field', {
    nodeSelector: { 'node-role.deckhouse.io/frontend': '' },
    bgp: { peerNames: ['tor-router-1', 'tor-router-2'] },
    ...announcing({ communities: ['42:300', 'none'], localPref: 111, aggregationLength: 24 }),
  }),
  configuration('nothing of what routes carry', { advertisements: [{ poolNames: ['a'] }] }),
  configuration('another mode', { mode: 'L2' }, { refusal: /mode: Unsupported value/ }),
  configuration('no pools', { advertisements: [{}] }, { refusal: /poolNames: Required/ }),
  configuration(
    'a label without value',
    { nodeSelector: { frontend: null } },
    { refusal: /"frontend" has no value/, byParser: true },
  ),
  configuration('a large community', announcing({ communities: ['large:1:2:3'] }), {
    refusal: /communities\[0\]/,
    byParser: true,
  }),
];

/** The object of a row, as a user would apply it. */
export function manifestOf({ kind, apiVersion = 'metallb.io/v1beta1', spec }: MetallbRow) {
  return { apiVersion, kind, metadata: { name: 'row' }, ...(spec !== undefined && { spec }) };
}
