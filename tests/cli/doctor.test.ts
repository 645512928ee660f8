import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatChecks } from '../../modules/metallb/src/cli/doctor.ts';
import { ok, unknown, wrong } from '../../modules/metallb/src/cli/doctor-check.ts';
import { checkCluster } from '../../modules/metallb/src/cli/doctor-cluster.ts';
import { checkNode, type NodeFacts } from '../../modules/metallb/src/cli/doctor-node.ts';
import { plain } from '../../modules/metallb/src/cli/paint.ts';
import { podsIn } from '../../modules/metallb/src/cli/pods.ts';
import { parseSpeakerStatus } from '../../modules/metallb/src/cli/speaker-status.ts';
import type { StatusReport } from '../../modules/metallb/src/cli/status-report.ts';
import type { DataPathFinding } from '../../modules/metallb/src/linux/data-path.ts';
import { ip } from '../support/addresses.ts';

const BOOT = 1_000_000;
const NOW = 2_000_000;
const synced = (syncedEpochMs: number, queuedEpochMs: number) =>
  ({ kind: 'times', times: [{ family: undefined, syncedEpochMs, queuedEpochMs }] }) as const;
const HEALTHY: NodeFacts = {
  status: {
    node: 'n1',
    storeConnected: true,
    wireConnected: true,
    ips: new Set(),
    served: [{ interface: 'eth0', protocol: 'layer2', pools: [] }],
    conditions: [],
  },
  kubeProxy: synced(NOW - 5_000, NOW - 6_000),
  bootEpochMs: BOOT,
  dataPath: [],
  nowEpochMs: NOW,
};
const status = (part: Partial<NodeFacts['status']>) => ({ status: { ...HEALTHY.status, ...part } });
const finding: DataPathFinding = {
  check: 'ReversePathFilter',
  interface: 'eth0',
  message: 'rp_filter is 1 on eth0; set it to 2',
};
const condition = (name: string) => ({
  type: `network.deckhouse.io/${name}`,
  message: 'eth0: bad',
});

/** What is not ok, as verdict and name. */
function notOk(facts: Partial<NodeFacts>): string[] {
  return checkNode({ ...HEALTHY, ...facts })
    .filter(({ verdict }) => verdict !== 'ok')
    .map(({ verdict, name }) => `${verdict} ${name}`);
}

const nodes: [name: string, facts: Partial<NodeFacts>, expected: string[]][] = [
  ['all is well', {}, []],
  ['the wire is away', status({ wireConnected: false }), ['wrong node program']],
  ['the API server is away', status({ storeConnected: false }), ['wrong cluster state']],
  ['a segment complains', status({ conditions: [condition('Deaf')] }), ['wrong Deaf']],
  [
    'an older look at the kernel complained and this one does not',
    status({ conditions: [condition('ForwardingLoop'), condition('DataplaneNotSynced')] }),
    [],
  ],
  ['the kernel complains', { dataPath: [finding] }, ['wrong rp_filter']],
  ['the kernel can not be asked', { dataPath: 'ip does not start' }, ['unknown routes']],
  ['nothing is announced here', status({ served: [] }), ['unknown routes']],
  ['there is no kube-proxy', { kubeProxy: undefined }, ['unknown kube-proxy']],
  [
    'its metrics are away',
    { kubeProxy: { kind: 'unreadable', reason: 'ECONNREFUSED' } },
    ['unknown kube-proxy'],
  ],
  ['it has not synced', { kubeProxy: { kind: 'times', times: [] } }, ['wrong kube-proxy']],
  ['it synced before the boot', { kubeProxy: synced(BOOT - 1, 0) }, ['wrong kube-proxy']],
  ['it is behind', { kubeProxy: synced(NOW - 60_000, NOW - 30_000) }, ['wrong kube-proxy']],
  ['it is about to sync', { kubeProxy: synced(NOW - 1_000, NOW - 500) }, []],
];
for (const [name, facts, expected] of nodes) {
  test(`of a node: ${name}`, () => assert.equal(notOk(facts), expected));
}

test('on interfaces that routers alone send to, only loops are looked for', () => {
  const pools = { pools: [] };
  const checks = checkNode({
    ...HEALTHY,
    ...status({
      served: [
        { interface: 'eth0', protocol: 'layer2', ...pools },
        { interface: 'eth0', protocol: 'bgp', ...pools },
        { interface: 'eth1', protocol: 'bgp', ...pools },
      ],
    }),
  });
  const where = (name: string) => checks.find((one) => one.name === name)?.message ?? '';
  assert.match(where('forwarding loop'), /\(eth0, eth1\)$/);
  assert.match(where('return route'), /\(eth0\)$/);
  const routed = status({ served: [{ interface: 'eth1', protocol: 'bgp', ...pools }] });
  const names = checkNode({ ...HEALTHY, ...routed }).map(({ name }) => name);
  assert.equal(names.slice(-1), ['forwarding loop']);
});

const QUIET: StatusReport = {
  ...{ classes: [], pools: [], metallb: [], services: [], sessions: [] },
  ...{ nodes: [], unreadable: [], problems: [] },
};
const CLASS = {
  ...{ name: 'ingress', type: 'L2', isDefault: true, nodes: ['n1'], problems: [] },
  ...{ ipsUsed: '1', ipsTotal: '10' },
};
const announcer = { node: 'n1', since: '', reason: 'Assigned', recentMoves: 0 } as const;
const served = {
  ...{ child: 'web-0', ip: ip('192.0.2.1'), preferredNode: 'n1', announcer, problems: [] },
};
const service = {
  ...({
    service: 'default/web',
    servedBy: 'class',
    className: 'ingress',
    pool: undefined,
    routes: [],
  } as const),
  ...{ ips: [served], problems: [] },
};
const POOL = {
  ...{ kind: 'IPAddressPool', pool: 'metallb-system/public', isAccepted: true, autoAssign: true },
  ...{ ipv4: { used: 1, total: 4 }, ipv6: { used: 0, total: 0 }, problems: [] },
};
const OF_POOL = {
  ...service,
  ...({ servedBy: 'metallb', className: undefined, pool: 'public' } as const),
  ips: [{ ...served, child: undefined, preferredNode: undefined }],
};
const MUTE = { ...served, child: undefined, preferredNode: undefined, announcer: undefined };

const ROUTE = { node: 'n1', peers: ['tor'], isSilent: false };
const SESSION = { peer: 'tor', neighbor: '172.16.1.1', node: 'n1', why: '', since: '' };

const clusters: [name: string, report: Partial<StatusReport>, expected: string[]][] = [
  [
    'all is well',
    { classes: [CLASS], services: [service, { ...service, service: 'default/api' }] },
    [
      'ok class ingress: nodes: n1; 1 of 10 IPs used',
      'ok Services: 2 Services with 2 announced IPs',
    ],
  ],
  [
    'nobody made a class',
    {},
    [
      'unknown classes: there is no MetalLoadBalancerClass, and no IPAddressPool: nothing is announced',
    ],
  ],
  [
    "MetalLB's API alone, and an IP of it that nobody announces",
    { pools: [POOL], services: [{ ...OF_POOL, ips: [MUTE] }] },
    [
      'ok pool metallb-system/public: 1 of 4 IPv4 addresses used',
      'wrong Service default/web: 192.0.2.1 is announced by nobody: run mlb doctor on the nodes that the L2Advertisements of its pool select',
    ],
  ],
  [
    'an IP of it that nobody answers for, and that a node announces by BGP',
    {
      pools: [POOL],
      services: [{ ...OF_POOL, ips: [MUTE], routes: [ROUTE, { ...ROUTE, isSilent: true }] }],
    },
    [
      'ok pool metallb-system/public: 1 of 4 IPv4 addresses used',
      'ok Services: 1 Service with 1 announced IP',
    ],
  ],
  [
    'an IP of it that nodes announced by BGP that may be gone',
    {
      pools: [POOL],
      services: [{ ...OF_POOL, ips: [MUTE], routes: [{ ...ROUTE, isSilent: true }] }],
    },
    [
      'ok pool metallb-system/public: 1 of 4 IPv4 addresses used',
      'unknown Service default/web: 192.0.2.1 was announced by BGP by n1: not heard of, or with speakers that are not ready, so maybe nobody announces it',
    ],
  ],
  [
    'complaints of a pool and of an advertisement',
    {
      pools: [{ ...POOL, problems: ['NoAdvertisement: nobody'] }],
      metallb: [{ object: 'L2Advertisement metallb-system/all', problems: ['a'] }],
      services: [OF_POOL],
    },
    [
      'wrong pool metallb-system/public: NoAdvertisement: nobody',
      'wrong L2Advertisement metallb-system/all: a',
      'ok Services: 1 Service with 1 announced IP',
    ],
  ],
  [
    'sessions with routers, of a node that is gone, too',
    {
      pools: [POOL],
      sessions: [
        { ...SESSION, state: 'up' },
        { ...SESSION, node: 'n2', state: 'unknown' },
        { ...SESSION, node: 'n3', state: 'down' },
      ],
    },
    [
      'ok pool metallb-system/public: 1 of 4 IPv4 addresses used',
      'ok BGP sessions: 1 of 3 are up',
      'unknown BGP sessions: tor on n2: the node is not heard of, or its speaker is not ready: what it told may be over',
    ],
  ],
  [
    'a class has no node',
    { classes: [{ ...CLASS, nodes: [] }] },
    ['wrong class ingress: no node matches spec.nodeSelector: label at least one'],
  ],
  [
    'an IP that nobody announces',
    {
      classes: [CLASS],
      services: [service, { ...service, ips: [{ ...served, announcer: undefined }] }],
    },
    [
      'ok class ingress: nodes: n1; 1 of 10 IPs used',
      'ok Services: 1 Service with 1 announced IP',
      'wrong Service default/web: 192.0.2.1 is announced by nobody: run mlb doctor on node n1',
    ],
  ],
  [
    'complaints of a class, a Service, its IP, a node, an object and a file',
    {
      classes: [{ ...CLASS, problems: ['c'] }],
      services: [{ ...service, problems: ['s'], ips: [{ ...served, problems: ['i'] }] }],
      nodes: [{ name: 'n1', problems: ['n'] }],
      unreadable: [{ kind: 'Service', name: 'default/x', ips: [], problems: ['u'] }],
      problems: ['f'],
    },
    [
      'wrong manifests: f',
      'wrong Service default/x: u',
      'wrong class ingress: c',
      'wrong Service default/web: s',
      'wrong Service default/web: 192.0.2.1: i',
      'wrong node n1: n',
    ],
  ],
];
for (const [name, report, expected] of clusters) {
  test(`of a cluster: ${name}`, () => {
    const told = checkCluster({ ...QUIET, ...report }, []);
    assert.equal(
      told.map((check) => `${check.verdict} ${check.name}: ${check.message}`),
      expected,
    );
  });
}

const PODS = ['speaker-b', 'controller-a'].map((name) => ({
  ...{ namespace: 'metallb-system', name, node: 'n1', isReady: true },
}));
const live: [
  name: string,
  pools: StatusReport['pools'],
  pods: typeof PODS | string,
  told: string,
][] = [
  [
    'whose pools are served here, too',
    [POOL],
    PODS,
    'wrong MetalLB: it runs in namespace metallb-system (controller-a, speaker-b), whose pools this module serves, too: two would answer for their IPs; stop one of both',
  ],
  [
    'whose pools do not count here',
    [{ ...POOL, isAccepted: false }],
    PODS,
    'ok MetalLB: it runs in namespace metallb-system (controller-a, speaker-b), none of whose pools this module serves',
  ],
  [
    'of another namespace that begins alike',
    [{ ...POOL, pool: 'metallb-system-2/public' }],
    PODS,
    'ok MetalLB: it runs in namespace metallb-system (controller-a, speaker-b), none of whose pools this module serves',
  ],
  ['that may not be looked for', [POOL], 'forbidden', 'unknown MetalLB: forbidden'],
  ['that is not there', [POOL], [], ''],
];
for (const [name, pools, pods, expected] of live) {
  test(`a MetalLB ${name}`, () => {
    const told = checkCluster({ ...QUIET, pools }, pods).filter(
      (check) => check.name === 'MetalLB',
    );
    assert.is(
      told.map((check) => `${check.verdict} ${check.name}: ${check.message}`).join(),
      expected,
    );
  });
}

test('a pool that does not count is no fault of this module', () => {
  const pools = [{ ...POOL, isAccepted: false, problems: ['NotWatched: elsewhere'] }];
  const [check] = checkCluster({ ...QUIET, pools }, []);
  assert.equal(check, unknown('pool metallb-system/public', 'NotWatched: elsewhere'));
});

test('Pods of MetalLB are those that are not over', () => {
  const pod = (name: string, phase: string) => ({
    metadata: { namespace: 'm', name },
    status: { phase },
  });
  const items = [
    pod('a', 'Running'),
    pod('b', 'Failed'),
    pod('c', 'Pending'),
    pod('d', 'Succeeded'),
  ];
  assert.equal(
    podsIn({ items }).map(({ name }) => name),
    ['a', 'c'],
  );
  assert.equal([podsIn({ items: null }), podsIn('none'), podsIn({ items: [{}] })].flat(), []);
});

test('each check is one line, and the last line says how bad it is', () => {
  const checks = [ok('a', 'fine'), wrong('rule b', 'broken; mend it'), unknown('c', 'who knows')];
  assert.equal(formatChecks(checks, plain), [
    'ok       a       fine',
    'wrong    rule b  broken; mend it',
    'unknown  c       who knows',
    '',
    'wrong: 1 of 3',
  ]);
  assert.is(formatChecks([ok('a', 'fine')], plain).at(-1), 'nothing is wrong');
});

test("a speaker's status is read as far as it can be understood", () => {
  const read = parseSpeakerStatus({
    node: 'n1',
    storeConnected: true,
    wireConnected: false,
    duties: [{ ip: '192.0.2.1' }, { ip: 'nonsense' }, 'nonsense'],
    served: [{ interface: 'eth0', pools: ['192.0.2.0-192.0.2.9', 'nonsense'] }],
    conditions: [condition('Deaf')],
  });
  assert.equal([...(read?.ips ?? [])], ['192.0.2.1']);
  assert.equal([read?.storeConnected, read?.wireConnected], [true, false]);
  assert.is(read?.served[0]?.pools.length, 1);
  assert.equal(read?.conditions, [condition('Deaf')]);
  for (const other of [null, [], 'up', {}, { node: 7 }]) {
    assert.is(parseSpeakerStatus(other), undefined);
  }
});

test('a Pod is ready as its condition says, on the node that it has', () => {
  const pod = (status: string | undefined, nodeName?: string) => ({
    ...{ metadata: { namespace: 'm', name: 'speaker' }, spec: { nodeName } },
    status: {
      phase: 'Running',
      conditions: status && [
        { type: 'Other', status: 'True' },
        { type: 'Ready', status },
      ],
    },
  });
  const items = [pod('True', 'n1'), pod('False', 'n2'), pod(undefined)];
  assert.equal(
    podsIn({ items }).map(({ node, isReady }) => [node, isReady]),
    [
      ['n1', true],
      ['n2', false],
      [undefined, false],
    ],
  );
});

test.run();
