import { test } from 'uvu';
import { type Convergence, DUAL, PUBLIC, playConvergence, wanted } from '../support/convergence.ts';
import {
  dualStack,
  ipAddressPool,
  l2Advertisement,
  plainService,
} from '../support/metallb-objects.ts';

const LOCAL = 'Local';
interface Terms {
  readonly key?: string;
  readonly port?: number;
  readonly protocol?: string;
  readonly policy?: string;
  readonly app?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly prefix?: string;
}

/** A Service that offers to share an IP on these terms. */
function sharer(name: string, terms: Terms = {}) {
  const { key = 'key', port = 80, protocol = 'TCP', policy, app = 'dns', labels } = terms;
  return plainService(name, {
    annotations: { [`${terms.prefix ?? 'metallb.io'}/allow-shared-ip`]: key },
    ...(labels && { labels }),
    spec: {
      ports: [{ port, protocol }],
      selector: { app },
      ...(policy && { externalTrafficPolicy: policy }),
    },
  });
}

const SHARED = ['192.0.2.10'];
const OWN = ['192.0.2.11'];
const terms = (name: string, first: Terms, second: Terms, ips: readonly string[]): Convergence => ({
  name,
  before: [PUBLIC, sharer('a', first), sharer('web', second)],
  ips,
  from: 'public',
});

const rows: readonly Convergence[] = [
  terms('equal keys and different ports share an IP', { port: 53 }, { port: 54 }, SHARED),
  terms(
    'the same port of another protocol, too',
    { port: 53 },
    { port: 53, protocol: 'UDP' },
    SHARED,
  ),
  terms(
    'the deprecated key counts',
    { port: 53 },
    { port: 54, prefix: 'metallb.universe.tf' },
    SHARED,
  ),
  terms('other keys do not share', { port: 53 }, { port: 54, key: 'other' }, OWN),
  terms('an empty key shares with nobody', { port: 53, key: '' }, { port: 54, key: '' }, OWN),
  terms('the same port does not', { port: 53 }, { port: 53 }, OWN),
  terms('Local and Cluster do not', { port: 53 }, { port: 54, policy: LOCAL }, OWN),
  terms(
    'Local with the same pods does',
    { port: 53, policy: LOCAL },
    { port: 54, policy: LOCAL },
    SHARED,
  ),
  terms(
    'Local with other pods does not',
    { port: 53, policy: LOCAL },
    { port: 54, policy: LOCAL, app: 'web' },
    OWN,
  ),
  {
    name: 'a sole user changes its key and its ports in place',
    before: [PUBLIC, sharer('web')],
    change: [sharer('web', { key: 'other', port: 443 })],
    ips: SHARED,
    from: 'public',
  },
  {
    name: 'a requested IP whose user does not share it is refused, and its user named',
    before: [PUBLIC, plainService('a'), plainService('web', { annotations: wanted('192.0.2.10') })],
    ips: [],
    says: 'requested address 192.0.2.10 is used by Service/default/a, which does not share it',
  },
  {
    name: 'sharers that an advertisement tells apart are announced by nobody, and told so',
    before: [
      PUBLIC,
      l2Advertisement('front', {
        spec: { serviceSelectors: [{ matchLabels: { tier: 'front' } }] },
      }),
      sharer('a', { port: 53 }),
      sharer('web', { port: 54, labels: { tier: 'front' } }),
    ],
    ips: SHARED,
    from: 'public',
    says: 'ips-announceable=False: the IP is shared with default/a, for which other L2Advertisements are: give both the labels that spec.serviceSelectors of all, front name, or none',
  },
  {
    name: 'it ends with the other’s labels',
    before: [
      PUBLIC,
      l2Advertisement('front', {
        spec: { serviceSelectors: [{ matchLabels: { tier: 'front' } }] },
      }),
      sharer('a', { port: 53 }),
      sharer('web', { port: 54, labels: { tier: 'front' } }),
    ],
    change: [sharer('a', { port: 53, labels: { tier: 'front' } })],
    ips: SHARED,
    from: 'public',
    silent: 'ips-announceable',
  },
  {
    name: 'it ends with the other’s going',
    before: [
      PUBLIC,
      l2Advertisement('front', {
        spec: { serviceSelectors: [{ matchLabels: { tier: 'front' } }] },
      }),
      sharer('a', { port: 53 }),
      sharer('web', { port: 54, labels: { tier: 'front' } }),
    ],
    removed: [sharer('a')],
    ips: SHARED,
    from: 'public',
    silent: 'ips-announceable',
  },
  // Families (3.6).
  {
    name: 'a Service of one family gets that one',
    before: [DUAL, plainService('web')],
    ips: ['198.51.100.1'],
    from: 'dual',
  },
  {
    name: 'both families that are required come from one pool',
    before: [
      ipAddressPool('a4', ['203.0.113.1']),
      ipAddressPool('a6', ['2001:db8:6::1']),
      DUAL,
      plainService('web', { spec: dualStack('RequireDualStack', ['IPv6', 'IPv4']) }),
    ],
    ips: ['198.51.100.1', '2001:db8::1'],
    from: 'dual',
  },
  {
    name: 'or there are none',
    before: [
      ipAddressPool('a4', ['203.0.113.1']),
      ipAddressPool('a6', ['2001:db8:6::1']),
      plainService('web', { spec: dualStack('RequireDualStack') }),
    ],
    ips: [],
    says: 'ip-address-pool=False: no pool of IPAddressPool/metallb-system/a4, IPAddressPool/metallb-system/a6 has IPv4 and IPv6 addresses',
  },
  {
    name: 'who prefers both takes a pool that has both over an earlier one',
    before: [
      ipAddressPool('a4', ['203.0.113.1']),
      DUAL,
      plainService('web', { spec: dualStack('PreferDualStack') }),
    ],
    ips: ['198.51.100.1', '2001:db8::1'],
    from: 'dual',
  },
  {
    name: 'where one family is exhausted, it gets the other',
    before: [
      DUAL,
      plainService('a', { annotations: wanted('198.51.100.1') }),
      plainService('web', { spec: dualStack('PreferDualStack') }),
    ],
    ips: ['2001:db8::1'],
    from: 'dual',
    says: 'the pool has no IPv4 address for it, which it prefers to have too',
  },
  {
    name: 'and the first one as soon as it is given back',
    before: [
      DUAL,
      plainService('a', { annotations: wanted('198.51.100.1') }),
      plainService('web', { spec: dualStack('PreferDualStack') }),
    ],
    removed: [plainService('a')],
    ips: ['198.51.100.1', '2001:db8::1'],
    from: 'dual',
  },
  {
    name: 'requested IPs of both families must be of one pool',
    before: [
      PUBLIC,
      DUAL,
      plainService('web', {
        annotations: wanted('192.0.2.10,2001:db8::1'),
        spec: dualStack('RequireDualStack'),
      }),
    ],
    ips: [],
    says: 'both come from one pool',
  },
];

for (const row of rows) test(row.name, () => playConvergence(row));

test.run();
