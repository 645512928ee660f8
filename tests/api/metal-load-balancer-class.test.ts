import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseMetalLoadBalancerClass } from '../../modules/metallb/src/api/metal-load-balancer-class.ts';
import { formatRange } from '../../modules/metallb/src/net/range.ts';
import { parsedValue, problemsOf } from '../support/parsed.ts';

const NAME = 'MetalLoadBalancerClass/ingress';
const noLabelValue = 'expected a string of at most 63 characters, such as "" or "true"';

function classWith(spec: unknown, more: object = {}): unknown {
  return {
    apiVersion: 'network.deckhouse.io/v1alpha1',
    kind: 'MetalLoadBalancerClass',
    metadata: { name: 'ingress', ...more },
    spec,
  };
}

test('fills in every default of an empty class', () => {
  for (const spec of [undefined, null, {}, { l2: null, addressPool: null }]) {
    const { spec: read, status } = parsedValue(parseMetalLoadBalancerClass(classWith(spec)));
    assert.equal(read, {
      isDefault: false,
      type: 'L2',
      addressPool: [],
      whenOutOfPool: 'Keep',
      nodeSelector: {},
      l2: { interfaces: [], failback: { mode: 'auto' }, ignoreExcludeLabel: false },
      bgp: {
        ...{ aggregationLength: 32, aggregationLengthV6: 128, localPref: undefined },
        ...{ communities: [], peers: [] },
      },
    });
    assert.equal(status, {
      conditions: [],
      nodes: [],
      nodeCount: 0,
      addresses: { total: '0', used: '0', summary: '0/0' },
    });
  }
});

test('reads what the user wrote', () => {
  const { spec } = parsedValue(
    parseMetalLoadBalancerClass(
      classWith({
        isDefault: true,
        type: 'L2AndBGP',
        addressPool: ['192.0.2.10-192.0.2.19', ' 2001:DB8::/64 ', '198.51.100.7'],
        nodeSelector: { 'node-role.kubernetes.io/loadbalancer': '' },
        l2: { interfaces: ['eth1'], failback: { mode: 'never' }, ignoreExcludeLabel: true },
      }),
    ),
  );
  assert.is(spec.isDefault, true);
  assert.is(spec.type, 'L2AndBGP');
  assert.equal(spec.addressPool.map(formatRange), [
    '192.0.2.10-192.0.2.19',
    '2001:db8::-2001:db8::ffff:ffff:ffff:ffff',
    '198.51.100.7',
  ]);
  assert.equal(spec.nodeSelector, { 'node-role.kubernetes.io/loadbalancer': '' });
  assert.equal(spec.l2, {
    interfaces: ['eth1'],
    failback: { mode: 'never' },
    ignoreExcludeLabel: true,
  });
});

test('tells all problems at once, each with object, field, value and what would be right', () => {
  const problems = problemsOf(
    parseMetalLoadBalancerClass(
      classWith({
        isDefault: 'yes',
        type: 'l2',
        addressPool: ['192.0.2.0/024', '192.0.2.9-192.0.2.1', 7],
        nodeSelector: { zone: true },
        l2: { interfaces: 'eth1', ignoreExcludeLabel: 1 },
      }),
    ),
  );
  assert.equal(problems, [
    `${NAME}: spec.isDefault is "yes": expected true or false`,
    `${NAME}: spec.type is "l2": expected one of L2, BGP, L2AndBGP`,
    `${NAME}: spec.addressPool[0] is "192.0.2.0/024": expected a prefix length from 0 to 32`,
    `${NAME}: spec.addressPool[1] is "192.0.2.9-192.0.2.1": expected the lower address first`,
    `${NAME}: spec.addressPool[2] is 7: expected a string`,
    `${NAME}: spec.nodeSelector.zone is true: ${noLabelValue}`,
    `${NAME}: spec.l2.interfaces is "eth1": expected a list`,
    `${NAME}: spec.l2.ignoreExcludeLabel is 1: expected true or false`,
  ]);
});

test('names the earlier range that a later one overlaps', () => {
  const pool = ['192.0.2.0/28', '2001:db8::/120', '192.0.2.15-192.0.2.20', '2001:db8::ff'];
  assert.equal(problemsOf(parseMetalLoadBalancerClass(classWith({ addressPool: pool }))), [
    `${NAME}: spec.addressPool[2] is "192.0.2.15-192.0.2.20": expected no overlap with spec.addressPool[0] (192.0.2.0/28)`,
    `${NAME}: spec.addressPool[3] is "2001:db8::ff": expected no overlap with spec.addressPool[1] (2001:db8::/120)`,
  ]);
});

function numbered(count: number, write: (index: number) => string): string[] {
  return Array.from({ length: count }, (_, index) => write(index));
}

function labels(count: number): Record<string, string> {
  return Object.fromEntries(numbered(count, (index) => `zone-${index}`).map((name) => [name, '']));
}

const mapped = 'expected no IPv4-mapped address: write the IPv4 address itself';
const limits: [name: string, spec: object, problems: readonly (string | RegExp)[]][] = [
  ['256 ranges', { addressPool: numbered(256, (index) => `10.0.0.${index}`) }, []],
  [
    '257 ranges',
    { addressPool: numbered(257, (index) => `10.0.${index >> 8}.${index & 255}`) },
    [/spec\.addressPool is \["10\.0\.0\.0",.*…: expected at most 256 items$/],
  ],
  [
    'too many ranges and a wrong one',
    { addressPool: [...numbered(256, (index) => `10.0.0.${index}`), 'x'] },
    [/spec\.addressPool is .*: expected at most 256 items$/, /spec\.addressPool\[256] is "x"/],
  ],
  [
    'an IPv4-mapped address',
    { addressPool: ['::ffff:192.0.2.1', '::ffff:c000:200/120'] },
    [
      `${NAME}: spec.addressPool[0] is "::ffff:192.0.2.1": ${mapped}`,
      `${NAME}: spec.addressPool[1] is "::ffff:c000:200/120": ${mapped}`,
    ],
  ],
  ['an interface name of 15 characters', { l2: { interfaces: ['abcdefghijklmno'] } }, []],
  [
    'an interface name that no interface can have',
    { l2: { interfaces: ['abcdefghijklmnop', ''] } },
    [
      `${NAME}: spec.l2.interfaces[0] is "abcdefghijklmnop": expected an interface name of 1 to 15 characters`,
      `${NAME}: spec.l2.interfaces[1] is "": expected an interface name of 1 to 15 characters`,
    ],
  ],
  [
    '65 interfaces',
    { l2: { interfaces: numbered(65, (index) => `eth${index}`) } },
    [/spec\.l2\.interfaces is .*: expected at most 64 items$/],
  ],
  ['64 labels', { nodeSelector: labels(64) }, []],
  [
    '65 labels',
    { nodeSelector: labels(65) },
    [/spec\.nodeSelector is .*: expected at most 64 items$/],
  ],
  [
    'label values that no node can have, and one left out',
    { nodeSelector: { a: 'x'.repeat(64), b: null } },
    [
      `${NAME}: spec.nodeSelector.a is "${'x'.repeat(64)}": ${noLabelValue}`,
      `${NAME}: spec.nodeSelector.b is missing: ${noLabelValue}`,
    ],
  ],
];
for (const [name, spec, expected] of limits) {
  test(`limits as in the CRD: ${name}`, () => {
    const problems = problemsOf(parseMetalLoadBalancerClass(classWith(spec)));
    assert.is(problems.length, expected.length, problems.join());
    for (const [index, problem] of expected.entries()) assert.match(problems[index] ?? '', problem);
  });
}

const failbacks: [written: object, read: object | string][] = [
  [{}, { mode: 'auto' }],
  [{ mode: 'auto' }, { mode: 'auto' }],
  [{ mode: 'never' }, { mode: 'never' }],
  [
    { mode: 'window', window: '22:00-04:30' },
    { mode: 'window', startMinute: 1320, endMinute: 270 },
  ],
  [
    { mode: 'window', window: '00:00-23:59' },
    { mode: 'window', startMinute: 0, endMinute: 1439 },
  ],
  [{ mode: 'window' }, 'window is missing: expected two different UTC times such as 22:00-04:00'],
  [
    { mode: 'window', window: '22:00-22:00' },
    'window is "22:00-22:00": expected two different UTC times such as 22:00-04:00',
  ],
  [
    { mode: 'window', window: '24:00-04:00' },
    'window is "24:00-04:00": expected two different UTC times such as 22:00-04:00',
  ],
  [
    { mode: 'auto', window: '22:00-04:00' },
    'window is "22:00-04:00": expected no window unless the mode is window',
  ],
  [{ mode: 'often' }, 'mode is "often": expected one of auto, window, never'],
];
for (const [written, read] of failbacks) {
  test(`failback ${JSON.stringify(written)}`, () => {
    const parsed = parseMetalLoadBalancerClass(classWith({ l2: { failback: written } }));
    if (typeof read === 'string') {
      assert.equal(problemsOf(parsed), [`${NAME}: spec.l2.failback.${read}`]);
    } else {
      assert.equal(parsedValue(parsed).spec.l2.failback, read);
    }
  });
}

const reachabilities: [written: object, read: object | readonly string[]][] = [
  [
    { targets: ['gateway'] },
    {
      ...{ targets: ['gateway'], quorum: 1, periodSeconds: 1 },
      ...{ failureThreshold: 3, successThreshold: 3 },
    },
  ],
  [
    {
      ...{ targets: ['192.0.2.1', '2001:DB8::1'], quorum: 2, periodSeconds: 5 },
      ...{ failureThreshold: 4, successThreshold: 10 },
    },
    {
      ...{ targets: ['192.0.2.1', '2001:db8::1'], quorum: 2, periodSeconds: 5 },
      ...{ failureThreshold: 4, successThreshold: 10 },
    },
  ],
  [{}, ['targets is missing: expected a list']],
  [{ targets: [] }, ['targets is []: expected at least one target such as gateway or 192.0.2.1']],
  [
    { targets: ['router', '224.0.0.1', 'ff02::1', '::'], failureThreshold: 1 },
    [
      'targets[0] is "router": expected gateway or the IP address of a host',
      'targets[1] is "224.0.0.1": expected gateway or the IP address of a host',
      'targets[2] is "ff02::1": expected gateway or the IP address of a host',
      'targets[3] is "::": expected gateway or the IP address of a host',
      'failureThreshold is 1: expected an integer from 3 to 60',
    ],
  ],
  [
    { targets: ['2001:db8::1', '2001:DB8:0::1'] },
    ['targets[1] is "2001:db8::1": expected each target once'],
  ],
  [
    { targets: ['gateway'], quorum: 2 },
    ['quorum is 2: expected at most 1, as many as there are targets'],
  ],
];
for (const [written, read] of reachabilities) {
  test(`reachability ${JSON.stringify(written)}`, () => {
    const parsed = parseMetalLoadBalancerClass(classWith({ l2: { reachability: written } }));
    if (!Array.isArray(read)) {
      assert.equal(parsedValue(parsed).spec.l2.reachability, read);
      return;
    }
    const problems = read.map((problem) => `${NAME}: spec.l2.reachability.${problem}`);
    assert.equal(problemsOf(parsed), problems);
  });
}

const migrated = { labels: { 'auto-generated-by': 'd8-migration-hook' } };
const excludeLabels: [name: string, l2: object, metadata: object, ignored: boolean][] = [
  ['a class of one’s own minds the exclude label', {}, {}, false],
  ['a migrated class ignores the exclude label', {}, migrated, true],
  ['what a migrated class says comes first', { ignoreExcludeLabel: false }, migrated, false],
  [
    'somebody else’s generated class minds it',
    {},
    { labels: { 'auto-generated-by': 'helm' } },
    false,
  ],
];
for (const [name, l2, metadata, ignored] of excludeLabels) {
  test(name, () => {
    const { spec } = parsedValue(parseMetalLoadBalancerClass(classWith({ l2 }, metadata)));
    assert.is(spec.l2.ignoreExcludeLabel, ignored);
  });
}

test('refuses another kind and another version', () => {
  assert.equal(
    problemsOf(parseMetalLoadBalancerClass({ apiVersion: 'v1', kind: 'Service', metadata: {} })),
    [
      'MetalLoadBalancerClass/(unnamed): apiVersion is "v1": expected network.deckhouse.io/v1alpha1',
      'MetalLoadBalancerClass/(unnamed): kind is "Service": expected MetalLoadBalancerClass',
      'MetalLoadBalancerClass/(unnamed): metadata.name is missing: expected a string that is not empty',
    ],
  );
});

test.run();
