import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatChecks } from '../../modules/metallb/src/cli/doctor.ts';
import { ok, unknown, wrong } from '../../modules/metallb/src/cli/doctor-check.ts';
import { checkCluster } from '../../modules/metallb/src/cli/doctor-cluster.ts';
import { checkNode, type NodeFacts } from '../../modules/metallb/src/cli/doctor-node.ts';
import { plain } from '../../modules/metallb/src/cli/paint.ts';
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
    served: [{ interface: 'eth0', pools: [] }],
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

const QUIET: StatusReport = { classes: [], services: [], nodes: [], unreadable: [], problems: [] };
const CLASS = {
  ...{ name: 'ingress', type: 'L2', isDefault: true, nodes: ['n1'], problems: [] },
  ...{ ipsUsed: '1', ipsTotal: '10' },
};
const announcer = { node: 'n1', since: '', reason: 'Assigned', recentMoves: 0 } as const;
const served = {
  ...{ child: 'web-0', ip: ip('192.0.2.1'), preferredNode: 'n1', announcer, problems: [] },
};
const service = { service: 'default/web', className: 'ingress', ips: [served], problems: [] };

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
    ['unknown classes: there is no MetalLoadBalancerClass: nothing is announced'],
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
    const told = checkCluster({ ...QUIET, ...report });
    assert.equal(
      told.map((check) => `${check.verdict} ${check.name}: ${check.message}`),
      expected,
    );
  });
}

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

test.run();
