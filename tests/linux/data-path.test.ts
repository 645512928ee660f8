import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type InterfaceFacts, judgeDataPath } from '../../modules/metallb/src/linux/data-path.ts';
import type { RouteAnswer } from '../../modules/metallb/src/linux/routes.ts';
import { ip } from '../support/addresses.ts';

const out = (name: string): RouteAnswer => ({ kind: 'out', interface: name });
const REFUSED: RouteAnswer = { kind: 'refused', reason: 'No route to host' };
const QUIET = {
  rpFilter: 0,
  srcValidMark: false,
  arpIgnore: 1,
  arpAnnounce: 2,
  forwardsIpv6: true,
};
const HEALTHY: InterfaceFacts = {
  name: 'eth0',
  protocol: 'layer2',
  sysctls: QUIET,
  poolRoutes: [{ pool: '192.0.2.0/24', answer: REFUSED }],
  returnRoutes: [{ family: 'IPv4', answer: out('eth0') }],
  markedReturn: [],
};
const TWO_HOMED = { returnRoutes: [{ family: 'IPv4', answer: out('mgmt0') }] } as const;
const strict = { ...QUIET, rpFilter: 1 };
const HELD = [ip('192.0.2.7')];

const cases: [
  name: string,
  facts: Partial<InterfaceFacts>,
  found: string[],
  held?: ReturnType<typeof ip>[],
][] = [
  ['a node with one network and a guard', {}, []],
  [
    'a pool that is sent back',
    { poolRoutes: [{ pool: '192.0.2.0/24', answer: out('eth0') }] },
    ['ForwardingLoop'],
  ],
  [
    'two pools that are sent back: told once',
    {
      poolRoutes: [
        { pool: '192.0.2.0/24', answer: out('eth0') },
        { pool: '192.0.2.0/24', answer: out('eth0') },
        { pool: '198.51.100.0/24', answer: out('eth0') },
      ],
    },
    ['ForwardingLoop'],
  ],
  [
    'a pool that leads into another network',
    { poolRoutes: [{ pool: '192.0.2.0/24', answer: out('mgmt0') }] },
    [],
  ],
  ['a pool held by the host', { poolRoutes: [{ pool: 'p', answer: { kind: 'local' } }] }, []],
  ['clients of the segment alone', { returnRoutes: [{ family: 'IPv4', answer: REFUSED }] }, []],
  ['a default route on management', TWO_HOMED, ['ReturnRouteElsewhere']],
  [
    'the same with a strict filter',
    { ...TWO_HOMED, sysctls: strict },
    ['ReversePathFilter', 'ReturnRouteElsewhere'],
  ],
  [
    'the same with a loose filter',
    { ...TWO_HOMED, sysctls: { ...QUIET, rpFilter: 2 } },
    ['ReturnRouteElsewhere'],
  ],
  ['the recipe', { ...TWO_HOMED, markedReturn: ['IPv4'] }, []],
  [
    'the recipe with a strict filter that does not see marks',
    { ...TWO_HOMED, markedReturn: ['IPv4'], sysctls: strict },
    ['ReversePathFilter'],
  ],
  [
    'the recipe with a strict filter that sees marks',
    { ...TWO_HOMED, markedReturn: ['IPv4'], sysctls: { ...strict, srcValidMark: true } },
    [],
  ],
  [
    'IPv6, which has no such filter',
    { returnRoutes: [{ family: 'IPv6', answer: out('mgmt0') }], sysctls: strict },
    ['ReturnRouteElsewhere'],
  ],
  [
    'a recipe for the other family',
    { ...TWO_HOMED, markedReturn: ['IPv6'] },
    ['ReturnRouteElsewhere'],
  ],
  [
    'what routers send, which may be answered by another way',
    {
      ...TWO_HOMED,
      ...{ protocol: 'bgp', sysctls: { ...strict, arpIgnore: 0 } },
      poolRoutes: [{ pool: '192.0.2.0/24', answer: out('eth0') }],
    },
    ['ForwardingLoop'],
    HELD,
  ],
  ['a strict filter alone', { sysctls: strict }, []],
  ['IPs on an interface, the kernel silent', {}, [], HELD],
  [
    'IPs on an interface, the kernel answering',
    { sysctls: { ...QUIET, arpIgnore: 0 } },
    ['KernelAnswers'],
    HELD,
  ],
  [
    'IPs on an interface, the kernel announcing',
    { sysctls: { ...QUIET, arpAnnounce: 1 } },
    ['KernelAnswers'],
    HELD,
  ],
  ['no IP on an interface', { sysctls: { ...QUIET, arpIgnore: 0 } }, []],
  [
    'an IPv6 address on an interface',
    { sysctls: { ...QUIET, arpIgnore: 0 } },
    [],
    [ip('2001:db8::7')],
  ],
];
for (const [name, facts, found, heldIps = []] of cases) {
  test(`${found.length === 0 ? 'nothing is wrong' : found.join(' and ')} with ${name}`, () => {
    const findings = judgeDataPath({ interfaces: [{ ...HEALTHY, ...facts }], heldIps });
    assert.equal(
      findings.map(({ check }) => check),
      found,
    );
    for (const finding of findings) {
      assert.is(finding.interface, 'eth0');
      assert.match(finding.message, 'docs/network-requirements.md');
    }
  });
}

test('people read which pools go round, and where', () => {
  const poolRoutes = ['192.0.2.0/24', '198.51.100.0/24'].map((pool) => ({
    pool,
    answer: out('eth0'),
  }));
  const [finding] = judgeDataPath({ interfaces: [{ ...HEALTHY, poolRoutes }], heldIps: [] });
  assert.match(finding?.message ?? '', /192\.0\.2\.0\/24, 198\.51\.100\.0\/24 .* out of eth0/);
});

test.run();
