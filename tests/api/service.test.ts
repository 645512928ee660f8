import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatProblem } from '../../modules/metallb/src/api/problem.ts';
import { parseService, type Service } from '../../modules/metallb/src/api/service.ts';
import { parsedValue, problemsOf } from '../support/parsed.ts';

const COUNT = 'network.deckhouse.io/l2-load-balancer-external-ips-count';
const IPS = 'network.deckhouse.io/load-balancer-ips';
const FORCE = 'network.deckhouse.io/force-address';

function serviceWith(more: { annotations?: unknown; spec?: unknown; status?: unknown }): unknown {
  const { annotations, ...rest } = more;
  const metadata = { name: 'nginx', namespace: 'web', annotations };
  return { apiVersion: 'v1', kind: 'Service', metadata, ...rest };
}

function read(more: Parameters<typeof serviceWith>[0]): Service {
  return parsedValue(parseService(serviceWith(more)));
}

const counts: [written: string | undefined, count: Service['count'], isProblem: boolean][] = [
  [undefined, 1, false],
  ['1', 1, false],
  ['3', 3, false],
  [' 3 ', 3, false],
  ['1000', 1000, false],
  ['auto', 'auto', false],
  ['0', undefined, true],
  ['-2', undefined, true],
  ['abc', undefined, true],
  ['1.5', undefined, true],
  ['1e3', undefined, true],
  ['', undefined, true],
  ['Auto', undefined, true],
  ['1001', undefined, true],
  ['99999999999999999999', undefined, true],
];
for (const [written, count, isProblem] of counts) {
  test(`count ${written === undefined ? 'absent' : `"${written}"`} is ${count}`, () => {
    const service = read({ annotations: written === undefined ? {} : { [COUNT]: written } });
    assert.is(service.count, count);
    const expected = `Service/web/nginx: metadata.annotations[${COUNT}] is ${JSON.stringify(written)}: expected an integer from 1 to 1000, or auto; a Service keeps as many as it has, a new one gets 1`;
    assert.equal(service.problems.map(formatProblem), isProblem ? [expected] : []);
  });
}

const requests: [
  written: string,
  ips: readonly (string | undefined)[],
  refused: readonly string[],
][] = [
  ['192.0.2.1', ['192.0.2.1'], []],
  ['192.0.2.1, 192.0.2.2 ,192.0.2.3', ['192.0.2.1', '192.0.2.2', '192.0.2.3'], []],
  ['2001:DB8::0001', ['2001:db8::1'], []],
  ['', [], []],
  ['  ', [], []],
  [',192.0.2.2', [undefined, '192.0.2.2'], []],
  ['192.0.2.1,nonsense,192.0.2.3', ['192.0.2.1', undefined, '192.0.2.3'], ['nonsense']],
  [
    '192.0.2.0/24,192.0.2.1-192.0.2.2',
    [undefined, undefined],
    ['192.0.2.0/24', '192.0.2.1-192.0.2.2'],
  ],
  ['192.0.2.1,192.0.2.1', ['192.0.2.1', undefined], ['192.0.2.1']],
  [
    '2001:db8::1,2001:db8:0::1,192.0.2.1',
    ['2001:db8::1', undefined, '192.0.2.1'],
    ['2001:db8:0::1'],
  ],
];
for (const [written, ips, refused] of requests) {
  test(`requested IPs "${written}": address i stays with child i`, () => {
    const service = read({ annotations: { [IPS]: written } });
    assert.equal(service.requestedIps, ips);
    assert.equal(
      service.problems.map(({ value }) => value),
      refused,
    );
  });
}

test('asks for no more addresses than a Service can have', () => {
  const addresses = (count: number) =>
    Array.from({ length: count }, (_, index) => `10.0.${index >> 8}.${index & 255}`).join();
  const most = read({ annotations: { [IPS]: addresses(1_000) } });
  assert.equal([most.requestedIps.length, most.problems], [1_000, []]);
  const more = read({ annotations: { [IPS]: `${addresses(1_000)},${'x,'.repeat(100_000)}` } });
  assert.equal(more.requestedIps, most.requestedIps);
  assert.is(more.problems.length, 1);
  assert.match(
    more.problems.map(formatProblem).join(),
    /load-balancer-ips] is "10\.0\.0\.0,.*…: expected at most 1000 addresses; the others are skipped$/,
  );
});

test('reads the other annotations trimmed, and empty ones as absent', () => {
  const said = read({
    annotations: {
      'network.deckhouse.io/metal-load-balancer-class': ' edge ',
      'network.deckhouse.io/load-balancer-shared-ip-key': 'dns',
    },
  });
  assert.is(said.classAnnotation, 'edge');
  assert.is(said.sharedIpKey, 'dns');
  const empty = read({
    annotations: {
      'network.deckhouse.io/metal-load-balancer-class': '',
      'network.deckhouse.io/load-balancer-shared-ip-key': ' ',
    },
    spec: { loadBalancerClass: '' },
  });
  assert.is(empty.classAnnotation, undefined);
  assert.is(empty.sharedIpKey, undefined);
  assert.is(empty.loadBalancerClass, undefined);
});

test('of several spellings of the sharing key the strongest counts', () => {
  const strongestFirst = [
    'network.deckhouse.io/load-balancer-shared-ip-key',
    'network.deckhouse.io/load-balancer-allow-shared-ip',
    'network.deckhouse.io/allow-shared-ip',
    'metallb.io/allow-shared-ip',
    'metallb.universe.tf/allow-shared-ip',
  ];
  for (const [index, strongest] of strongestFirst.entries()) {
    const present = strongestFirst.slice(index).map((key) => [key, key] as const);
    const stronger = strongestFirst.slice(0, index).map((key) => [key, ' '] as const);
    const annotations = Object.fromEntries([...present, ...stronger]);
    assert.is(read({ annotations }).sharedIpKey, strongest);
  }
});

const forces: [written: string | undefined, forced: boolean, isProblem: boolean][] = [
  [undefined, false, false],
  ['true', true, false],
  ['false', false, false],
  ['yes', false, true],
  ['True', false, true],
  ['', false, true],
];
for (const [written, forced, isProblem] of forces) {
  test(`force-address ${written === undefined ? 'absent' : `"${written}"`} is ${forced}`, () => {
    const service = read({ annotations: written === undefined ? {} : { [FORCE]: written } });
    assert.is(service.forceAddress, forced);
    const expected = `Service/web/nginx: metadata.annotations[${FORCE}] is ${JSON.stringify(written)}: expected true or false; false is used`;
    assert.equal(service.problems.map(formatProblem), isProblem ? [expected] : []);
  });
}

const stacks: [spec: object, families: string, policy: string][] = [
  [{}, 'IPv4', 'SingleStack'],
  [{ ipFamilies: ['IPv6'] }, 'IPv6', 'SingleStack'],
  [{ ipFamilyPolicy: 'PreferDualStack' }, 'IPv4,IPv6', 'PreferDualStack'],
  [{ ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv4'] }, 'IPv4', 'PreferDualStack'],
  [{ ipFamilies: ['IPv6', 'IPv4'] }, 'IPv6,IPv4', 'RequireDualStack'],
];
for (const [spec, families, policy] of stacks) {
  test(`families of ${JSON.stringify(spec)} are ${families}, ${policy}`, () => {
    const service = read({ spec });
    assert.is(service.ipFamilies.join(), families);
    assert.is(service.ipFamilyPolicy, policy);
  });
}

test('reads ports as the API server would default them, and nothing of them that it does not use', () => {
  const spec = {
    ports: [{ port: 53, protocol: 'UDP', name: 'dns', targetPort: 'dns' }, { port: 7474 }],
    selector: { app: null },
  };
  assert.equal(read({ spec }).ports, [
    { protocol: 'UDP', port: 53 },
    { protocol: 'TCP', port: 7474 },
  ]);
  assert.equal(read({ spec }).selector, { app: '' });
});

test('keeps the whole spec as stored', () => {
  const spec = { type: 'LoadBalancer', sessionAffinity: 'ClientIP', futureField: { a: [1] } };
  assert.equal(read({ spec }).spec, spec);
});

const bindings: [message: string | null, bound: string | undefined][] = [
  ['ingress', 'ingress'],
  ['status_mlbc', 'status_mlbc'],
  ['', undefined],
  [null, undefined],
  ['class ingress was not found', undefined],
];
for (const [message, bound] of bindings) {
  test(`a class condition with message ${JSON.stringify(message)} binds to ${bound}`, () => {
    const conditions = [
      { type: 'AllPublicIPsAssigned', status: 'True', message: 'other', lastTransitionTime: null },
      { type: 'network.deckhouse.io/load-balancer-class', status: 'True', message },
    ];
    assert.is(read({ status: { conditions } }).boundClass, bound);
  });
}

test('reads ingress IPs and passes over host names', () => {
  const loadBalancer = { ingress: [{ ip: '192.0.2.10' }, { hostname: 'x.test' }, { ip: '::1' }] };
  assert.equal(read({ status: { loadBalancer } }).status.ingress, ['192.0.2.10', '::1']);
});

test('refuses a spec of the wrong shape, all of it at once', () => {
  const spec = { ports: [{ port: 0 }, { port: '80' }], externalTrafficPolicy: 'local' };
  assert.equal(problemsOf(parseService(serviceWith({ spec, annotations: { a: 1 } }))), [
    'Service/web/nginx: metadata.annotations.a is 1: expected a string',
    'Service/web/nginx: spec.ports[0].port is 0: expected an integer from 1 to 65535',
    'Service/web/nginx: spec.ports[1].port is "80": expected an integer from 1 to 65535',
    'Service/web/nginx: spec.externalTrafficPolicy is "local": expected one of Cluster, Local',
  ]);
});

test.run();
