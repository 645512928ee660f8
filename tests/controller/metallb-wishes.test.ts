import { test } from 'uvu';
import { type Convergence, PUBLIC, playConvergence } from '../support/convergence.ts';
import { dualStack, ipAddressPool, plainService } from '../support/metallb-objects.ts';

/** Whoever asks for none gets the first. */
const POOLS = [
  ipAddressPool('a', ['192.0.2.1']),
  ipAddressPool('b', ['192.0.2.2']),
  ipAddressPool('c', ['192.0.2.3']),
];
const POOL_KEYS = [
  'network.deckhouse.io/load-balancer-pool',
  'metallb.io/address-pool',
  'metallb.universe.tf/address-pool',
];
const IP_KEYS = [
  'network.deckhouse.io/load-balancer-ips',
  'metallb.io/loadBalancerIPs',
  'metallb.universe.tf/loadBalancerIPs',
];
const LARGE = ipAddressPool('large', ['192.0.2.10-192.0.2.13', '2001:db8::10-2001:db8::13']);

/** Each two of them, the stronger one first: the keys are in their order. */
function pairsOf(keys: readonly string[]): [string, string][] {
  return keys.flatMap((strong, index) =>
    keys.slice(index + 1).map((weak): [string, string] => [strong, weak]),
  );
}

const asks = (annotations: Readonly<Record<string, string>>) =>
  plainService('web', { annotations });

/** By which annotations a Service asks MetalLB's API for a pool and for IPs, and which of them wins. */
const rows: readonly Convergence[] = [
  {
    name: 'a Service that asks for no pool gets an IP of the first',
    before: [...POOLS, plainService('web')],
    ips: ['192.0.2.1'],
    from: 'a',
  },
  ...POOL_KEYS.map((key) => ({
    name: `a pool is asked for by ${key}`,
    before: [...POOLS, asks({ [key]: 'b' })],
    ips: ['192.0.2.2'],
    from: 'b',
  })),
  ...POOL_KEYS.map((key) => ({
    name: `another pool is asked for by ${key}: the IP moves there`,
    before: [...POOLS, plainService('web')],
    change: [asks({ [key]: 'c' })],
    ips: ['192.0.2.3'],
    from: 'c',
  })),
  ...pairsOf(POOL_KEYS).map(([strong, weak]) => ({
    name: `two pools are asked for: ${strong} comes before ${weak}`,
    before: [...POOLS, asks({ [weak]: 'b', [strong]: 'c' })],
    ips: ['192.0.2.3'],
    from: 'c',
  })),
  ...pairsOf(POOL_KEYS).map(([strong, weak]) => ({
    name: `${strong} that says nothing leaves the pool to ${weak}`,
    before: [...POOLS, asks({ [strong]: ' ', [weak]: 'b' })],
    ips: ['192.0.2.2'],
    from: 'b',
  })),
  ...IP_KEYS.map((key) => ({
    name: `an IP is requested by ${key}`,
    before: [LARGE, asks({ [key]: '192.0.2.12' })],
    ips: ['192.0.2.12'],
    from: 'large',
  })),
  ...pairsOf(IP_KEYS).map(([strong, weak]) => ({
    name: `two IPs are requested: ${strong} comes before ${weak}`,
    before: [LARGE, asks({ [weak]: '192.0.2.12', [strong]: '192.0.2.13' })],
    ips: ['192.0.2.13'],
    from: 'large',
  })),
  ...IP_KEYS.map((key) => ({
    name: `an IP of each family is requested by ${key}`,
    before: [
      LARGE,
      plainService('web', {
        annotations: { [key]: '192.0.2.12, 2001:db8::13' },
        spec: dualStack('RequireDualStack'),
      }),
    ],
    ips: ['192.0.2.12', '2001:db8::13'],
    from: 'large',
  })),
  {
    name: 'an IP that another Service has is requested by network.deckhouse.io/load-balancer-ips: nothing is given, and it is told whose it is',
    before: [
      PUBLIC,
      plainService('other', { ingress: ['192.0.2.10'] }),
      asks({ 'network.deckhouse.io/load-balancer-ips': '192.0.2.10' }),
    ],
    ips: [],
    says: 'requested address 192.0.2.10 is used by Service/default/other',
  },
  {
    name: 'what network.deckhouse.io/load-balancer-ips says can’t be read: the present IP stays, and it is told which annotation is wrong',
    before: [PUBLIC, plainService('web')],
    change: [asks({ 'network.deckhouse.io/load-balancer-ips': '192.0.2' })],
    ips: ['192.0.2.10'],
    from: 'public',
    says: 'load-balancer-ips] is "192.0.2": expected IP addresses separated by commas',
  },
  {
    name: 'the lowest free IP of a pool is given, whichever range stands first',
    before: [
      ipAddressPool('public', ['192.0.2.20/30', '192.0.2.7', '192.0.2.9']),
      plainService('web'),
    ],
    ips: ['192.0.2.7'],
    from: 'public',
  },
];

for (const row of rows) test(row.name, () => playConvergence(row));

test.run();
