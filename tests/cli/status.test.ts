import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseChild } from '../../modules/metallb/src/api/child.ts';
import { parseMetalLoadBalancerClass } from '../../modules/metallb/src/api/metal-load-balancer-class.ts';
import { parseNode } from '../../modules/metallb/src/api/node.ts';
import { parseService } from '../../modules/metallb/src/api/service.ts';
import {
  type ClusterSnapshot,
  fetchSnapshot,
} from '../../modules/metallb/src/cli/cluster-snapshot.ts';
import { formatRecords, recordsOf } from '../../modules/metallb/src/cli/dns-records.ts';
import { CommandFailure } from '../../modules/metallb/src/cli/failure.ts';
import { coloured, plain } from '../../modules/metallb/src/cli/paint.ts';
import { findServices, servedServices } from '../../modules/metallb/src/cli/service-lookup.ts';
import { reportStatus } from '../../modules/metallb/src/cli/status-report.ts';
import { formatStatus } from '../../modules/metallb/src/cli/status-text.ts';
import { unreadable } from '../../modules/metallb/src/cli/unreadable.ts';
import { systemClock } from '../../modules/metallb/src/time/system-clock.ts';
import { boundTo, child, classOf, node, service } from '../support/cluster-objects.ts';
import { ManifestDirectory } from '../support/manifest-directory.ts';
import { parsedValue } from '../support/parsed.ts';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const SINCE = '2026-01-01T11:56:30.123Z';

const home = { node: 'n1', since: SINCE, reason: 'Assigned', recentMoves: 1 };
const moved = { node: 'n3', since: SINCE, reason: 'Takeover', recentMoves: 2 };

/** A child of `nginx` in class `ingress` as an announcing node leaves it. */
function childOf(number: number, wish: { ip?: string; announcer?: object; conditions?: object[] }) {
  const of = { service: 'nginx', className: 'ingress', node: `n${number}` };
  const object = child(`nginx-ingress-${number}`, of);
  const ingress = wish.ip === undefined ? [] : [{ ip: wish.ip }];
  const { announcer, conditions = [] } = wish;
  const status = { loadBalancer: { ingress }, conditions, ...(announcer && { announcer }) };
  return parsedValue(parseChild({ ...object, status }));
}

function conditionOf(type: string, status: string, reason: string, message: string) {
  return { type, status, reason, message, lastTransitionTime: SINCE };
}

/** Three IPs of which one moved, and everything else in order, unless wished otherwise. */
function cluster(more: Partial<ClusterSnapshot> = {}): ClusterSnapshot {
  const status = { nodes: ['n1', 'n2', 'n3'], addresses: { total: '10', used: '3' } };
  return {
    classes: [parsedValue(parseMetalLoadBalancerClass({ ...classOf('ingress'), status }))],
    services: [
      parsedValue(parseService(service('nginx', { spec: { loadBalancerClass: 'ingress' } }))),
    ],
    children: [
      childOf(2, { ip: '192.0.2.11', announcer: moved }),
      childOf(3, { ip: '192.0.2.9', announcer: { ...home, node: 'n3' } }),
      childOf(1, { ip: '192.0.2.10', announcer: home }),
    ],
    nodes: [parsedValue(parseNode(node('n1')))],
    metallb: {
      ...{ pools: [], advertisements: [], l2Statuses: [], configurationStates: [] },
      ...{ bgp: [], bgpStatuses: [] },
    },
    unreadable: [],
    problems: [],
    ...more,
  };
}

const textOf = (snapshot: ClusterSnapshot) =>
  formatStatus(reportStatus(snapshot), { paint: plain, nowEpochMs: NOW });

test('classes, then each IP in numeric order with who answers for it, since when and why', () => {
  assert.equal(textOf(cluster()), [
    'CLASS    TYPE  DEFAULT  NODES  IPS USED  PROBLEMS',
    'ingress  L2    no       3      3 of 10',
    '',
    'SERVICE        IP          PREFERRED NODE  ANNOUNCER  SINCE                             WHY',
    'default/nginx  192.0.2.9   n3              n3         3 min ago (2026-01-01T11:56:30Z)  Assigned: first assignment',
    '               192.0.2.10  n1              n1         3 min ago (2026-01-01T11:56:30Z)  Assigned: first assignment',
    '               192.0.2.11  n2              n3         3 min ago (2026-01-01T11:56:30Z)  Takeover: the node before failed, move 2 within 180 s',
  ]);
});

test('an IP that nobody has, and one that nobody answers for', () => {
  const lines = textOf(cluster({ children: [childOf(1, {}), childOf(2, { ip: '192.0.2.10' })] }));
  assert.equal(lines.slice(-2), [
    'default/nginx  192.0.2.10    n2              nobody     -      -',
    '               not assigned  n1              -          -      -',
  ]);
});

test('an empty cluster', () => {
  const nothing = { classes: [], services: [], children: [], nodes: [] };
  assert.equal(textOf(cluster(nothing)), [
    'no MetalLoadBalancerClass',
    '',
    'no Service asks for a public IP',
  ]);
});

test('what is wrong stands below in the words of its writer, what is in order does not', () => {
  const status = {
    conditions: [
      conditionOf('Accepted', 'True', 'Accepted', 'in force'),
      conditionOf('Default', 'False', 'AnotherDefault', 'one is older'),
    ],
  };
  const asIs = conditionOf('AllPublicIPsAssigned', 'False', 'NotAllIPsAssigned', '0 of 1 assigned');
  const conflict = conditionOf('AddressConflict', 'True', 'ForeignAnswer', 'n1 hears another host');
  const noConflict = conditionOf('AddressConflict', 'False', 'NoForeignAnswer', 'no other host');
  const deaf = conditionOf('network.deckhouse.io/Deaf', 'True', 'Deaf', 'eth0: hears nothing');
  const ready = conditionOf('Ready', 'False', 'KubeletNotReady', 'none of our business');
  const lines = textOf(
    cluster({
      classes: [parsedValue(parseMetalLoadBalancerClass({ ...classOf('ingress'), status }))],
      services: [parsedValue(parseService(service('nginx', { status: { conditions: [asIs] } })))],
      children: [
        childOf(1, { ip: '192.0.2.10', announcer: home, conditions: [conflict] }),
        childOf(2, { ip: '192.0.2.11', announcer: home, conditions: [noConflict] }),
      ],
      nodes: [parsedValue(parseNode({ ...node('n2'), status: { conditions: [ready, deaf] } }))],
      problems: ['a.yaml:3: kind is missing'],
    }),
  );
  assert.equal(lines.slice(lines.indexOf('PROBLEMS')), [
    'PROBLEMS',
    'a.yaml:3: kind is missing',
    'class ingress: AnotherDefault: one is older',
    'Service default/nginx: NotAllIPsAssigned: 0 of 1 assigned',
    '192.0.2.10: ForeignAnswer: n1 hears another host',
    'node n2: Deaf: eth0: hears nothing',
  ]);
});

const STORED = { uid: 'u', resourceVersion: '1', creationTimestamp: SINCE };
/** The Service of the cluster above, and one of its children, as wrong versions left them. */
const wrongService = unreadable(
  'Service',
  {
    ...{ apiVersion: 'v1', kind: 'Service' },
    metadata: { ...STORED, namespace: 'default', name: 'nginx' },
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.10' }, { ip: 'x' }, 7, { ip: '::1' }] } },
  },
  [
    { object: 'Service/default/nginx', field: 'spec', value: 1, expected: 'expected an object' },
    { object: 'Service/default/nginx', field: 'x', value: undefined, expected: 'expected y' },
  ],
);
const wrongChild = unreadable(
  'SDNInternalL2LBService',
  {
    ...{ apiVersion: 'v1', kind: 'SDNInternalL2LBService' },
    metadata: { ...STORED, namespace: 'default', name: 'nginx-2' },
    status: 'broken',
  },
  [{ object: 'x', field: 'status', value: 'broken', expected: 'expected an object' }],
);

test('an object that is wrong now is shown as far as it is known, with what is wrong beside it', () => {
  const children = [childOf(1, { ip: '192.0.2.10', announcer: home })];
  const wrong = { services: [], children, unreadable: [wrongService, wrongChild] };
  assert.equal(textOf(cluster(wrong)).slice(3), [
    'SERVICE        IP          PREFERRED NODE  ANNOUNCER  SINCE                             WHY',
    'default/nginx  192.0.2.10  n1              n1         3 min ago (2026-01-01T11:56:30Z)  Assigned: first assignment',
    '',
    'NOT UNDERSTOOD                          IPS             WHAT IS WRONG',
    'Service default/nginx                   192.0.2.10 ::1  spec is 1: expected an object',
    '                                                        x is missing: expected y',
    'SDNInternalL2LBService default/nginx-2  -               status is "broken": expected an object',
  ]);
});

test('what is there but wrong is not said to be missing', () => {
  const wrong = { services: [], children: [], unreadable: [wrongService] };
  assert.ok(textOf(cluster(wrong)).includes('no readable Service asks for a public IP'));
});

for (const subject of ['nginx', 'default/nginx', '192.0.2.10']) {
  test(`${subject} names a Service that is wrong now`, () => {
    const wrong = cluster({ services: [], children: [], unreadable: [wrongService, wrongChild] });
    const { services, unreadable: found } = reportStatus(wrong, subject);
    assert.equal(services, []);
    assert.equal(
      found.map(({ kind, name }) => `${kind} ${name}`),
      ['Service default/nginx'],
    );
  });
}

test('a Service that is wrong now has the records of its IPs', () => {
  const children = [childOf(1, { ip: '192.0.2.10', announcer: home })];
  assert.equal(
    records(cluster({ services: [], children, unreadable: [wrongService] }), { ttlSeconds: 60 }),
    ['nginx  60  IN  A  192.0.2.10'],
  );
});

test('colours change nothing but the colours', () => {
  const style = { paint: coloured, nowEpochMs: NOW };
  const painted = formatStatus(reportStatus(cluster()), style).join('\n');
  const control = String.fromCharCode(27);
  assert.ok(painted.includes(control));
  assert.is(
    painted.replaceAll(new RegExp(`${control}\\[\\d*m`, 'g'), ''),
    textOf(cluster()).join('\n'),
  );
});

for (const [subject, found] of [
  ['nginx', 'default/nginx'],
  ['default/nginx', 'default/nginx'],
  ['192.0.2.11', 'default/nginx'],
] as const) {
  test(`${subject} names ${found}`, () => {
    assert.equal(
      reportStatus(cluster(), subject).services.map((one) => one.service),
      [found],
    );
  });
}

for (const [subject, sentence] of [
  ['ngnix', 'there is no Service ngnix with public IPs; did you mean nginx?'],
  ['postgres', 'there is no Service postgres with public IPs; mlb status lists all'],
  ['192.0.2.99', '192.0.2.99 belongs to no Service; mlb status lists all'],
] as const) {
  test(`${subject}: ${sentence}`, () => {
    assert.throws(
      () => reportStatus(cluster(), subject),
      (error: unknown) => error instanceof CommandFailure && error.message === sentence,
    );
  });
}

const notServed: [string, ReturnType<typeof service>, string][] = [
  [
    'a class that is not there',
    service('a', { spec: { loadBalancerClass: 'ingres' } }),
    'Service default/a is not ours: its loadBalancerClass ingres is no MetalLoadBalancerClass; did you mean ingress?',
  ],
  [
    'no class and no default',
    service('a'),
    'Service default/a names no class, and no class is the default: annotate it with network.deckhouse.io/metal-load-balancer-class, or make an IPAddressPool',
  ],
  [
    'another type',
    service('a', { spec: { type: 'ClusterIP' } }),
    'Service default/a has the type ClusterIP: only those of type LoadBalancer get public IPs',
  ],
];
for (const [what, object, sentence] of notServed) {
  test(`a Service that is there, with ${what}: ${sentence}`, () => {
    const snapshot = cluster({ services: [parsedValue(parseService(object))], children: [] });
    assert.throws(
      () => findServices(snapshot, 'a'),
      (error: unknown) => error instanceof CommandFailure && error.message === sentence,
    );
  });
}

test('an answer about one Service does not say that there is nothing else', () => {
  const gone = conditionOf(
    'network.deckhouse.io/load-balancer-class',
    'False',
    'ClassNotFound',
    'x',
  );
  const object = service('lost', { classAnnotation: 'gone', status: { conditions: [gone] } });
  const services = [parsedValue(parseService(object))];
  const report = reportStatus(cluster({ services }), 'lost');
  assert.is(report.services[0]?.className, 'gone');
  assert.equal(formatStatus(report, { paint: plain, nowEpochMs: NOW }), [
    'SERVICE       IP    PREFERRED NODE  ANNOUNCER  SINCE  WHY',
    'default/lost  none  -               -          -      -',
    '',
    'PROBLEMS',
    'Service default/lost: ClassNotFound: x',
  ]);
});

const belonging: [string, ReturnType<typeof service>, boolean][] = [
  ['one with a class of ours', service('a', { spec: { loadBalancerClass: 'ingress' } }), true],
  ['one with a class by annotation', service('a', { classAnnotation: 'gone' }), true],
  ['one that is bound', service('a', boundTo('ingress')), true],
  ["another implementation's", service('a', { spec: { loadBalancerClass: 'cloud' } }), false],
  ['one without any class', service('a'), false],
  ['a ClusterIP', service('a', { ...boundTo('ingress'), spec: { type: 'ClusterIP' } }), false],
];
for (const [what, object, isShown] of belonging) {
  test(`${what} is ${isShown ? '' : 'not '}shown before it has children`, () => {
    const services = [parsedValue(parseService(object))];
    const { length } = servedServices(cluster({ services, children: [] }));
    assert.is(length, isShown ? 1 : 0);
  });
}

function records(snapshot: ClusterSnapshot, options: { name?: string; ttlSeconds: number }) {
  const [served] = findServices(snapshot, 'nginx');
  if (served === undefined) throw new Error('no Service');
  return formatRecords(recordsOf(served, options));
}

test('records are lines of a zone file in numeric order, IPv4 before IPv6', () => {
  const children = [childOf(4, { ip: '2001:db8::1', announcer: home }), ...cluster().children];
  assert.equal(records(cluster({ children }), { name: 'app.example.com', ttlSeconds: 60 }), [
    'app.example.com.  60  IN  A     192.0.2.9',
    'app.example.com.  60  IN  A     192.0.2.10',
    'app.example.com.  60  IN  A     192.0.2.11',
    'app.example.com.  60  IN  AAAA  2001:db8::1',
  ]);
});

test('records without a name are relative to the zone, and hints are comments', () => {
  const children = [childOf(1, { ip: '192.0.2.10' }), childOf(2, {})];
  assert.equal(records(cluster({ children }), { ttlSeconds: 300 }), [
    '; 1 of 2 public IPs are assigned: ask again before you publish these (mlb status default/nginx says why)',
    '; no node answers for 192.0.2.10 yet',
    'nginx  300  IN  A  192.0.2.10',
  ]);
});

test('a Service without any IP has no records', () => {
  assert.throws(
    () => records(cluster({ children: [childOf(1, {})] }), { ttlSeconds: 300 }),
    (error: unknown) =>
      error instanceof CommandFailure && error.message.includes('no public IP yet'),
  );
});

test('a directory of manifests is read as the controller published it', async () => {
  const directory = new ManifestDirectory();
  try {
    const { spec } = classOf('ingress');
    directory.write('class.yaml', {
      apiVersion: 'network.deckhouse.io/v1alpha1',
      kind: 'MetalLoadBalancerClass',
      metadata: { name: 'ingress' },
      spec,
    });
    directory.write('broken.yaml', 'kind: Service\n foo: [');
    directory.write('.swap.yaml', 'kind: [');
    directory.write('wrong.yaml', {
      apiVersion: 'network.deckhouse.io/v1alpha1',
      kind: 'MetalLoadBalancerClass',
      metadata: { name: 'wrong' },
      spec: { type: 'L3' },
    });
    const address = { kind: 'manifests', directory: directory.path } as const;
    const early = await fetchSnapshot(address, systemClock).catch((error: unknown) => error);
    assert.ok(early instanceof CommandFailure);
    assert.match(early.message, 'is the controller running?');
    await directory.controller();
    const { classes, unreadable: wrong, problems } = await fetchSnapshot(address, systemClock);
    assert.equal(
      classes.map(({ metadata }) => metadata.name),
      ['ingress'],
    );
    assert.equal(
      wrong.map((one) => [one.kind, one.metadata.name, one.ips]),
      [['MetalLoadBalancerClass', 'wrong', []]],
    );
    assert.match(wrong[0]?.problems.join() ?? '', /^spec\.type is "L3": expected/);
    assert.match(problems[0] ?? '', /^broken\.yaml:\d+: /);
    assert.ok(problems.every((problem) => problem.startsWith('broken.yaml:')));
  } finally {
    await directory.cleanup();
  }
});

test.run();
