import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseNode } from '../../modules/metallb/src/api/node.ts';
import { parsedValue, problemsOf } from '../support/parsed.ts';

const EXCLUDE = 'node.kubernetes.io/exclude-from-external-load-balancers';
const DRAIN = 'network.deckhouse.io/drain-balancer';

function nodeWith(metadata: object, status?: object): unknown {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', ...metadata }, status };
}

const drains: [annotations: object, draining: boolean][] = [
  [{}, false],
  [{ [DRAIN]: 'false' }, false],
  [{ [DRAIN]: 'true' }, true],
  [{ [DRAIN]: '' }, true],
  [{ [DRAIN]: 'maintenance of rack 4' }, true],
];
for (const [annotations, draining] of drains) {
  test(`${JSON.stringify(annotations)} ${draining ? 'drains' : 'does not drain'}`, () => {
    assert.is(parsedValue(parseNode(nodeWith({ annotations }))).draining, draining);
  });
}

test('its internal addresses are those that are addresses', () => {
  const addresses = [
    { type: 'Hostname', address: 'n1' },
    { type: 'InternalIP', address: '10.0.0.1' },
    { type: 'InternalIP', address: 'fd00::0001' },
    { type: 'InternalIP', address: 'n1.example.com' },
    { type: 'ExternalIP', address: '203.0.113.1' },
  ];
  const node = parsedValue(parseNode(nodeWith({}, { addresses })));
  assert.equal(node.internalIps, ['10.0.0.1', 'fd00::1']);
});

const exclusions: [labels: object | null | undefined, excluded: boolean][] = [
  [undefined, false],
  [null, false],
  [{ zone: 'a' }, false],
  [{ [EXCLUDE]: '' }, true],
  [{ [EXCLUDE]: 'false' }, true],
];
for (const [labels, excluded] of exclusions) {
  test(`labels ${JSON.stringify(labels)} ${excluded ? 'exclude' : 'do not exclude'}`, () => {
    const node = parsedValue(parseNode(nodeWith({ labels })));
    assert.is(node.excluded, excluded);
    assert.equal(node.labels, labels ?? {});
  });
}

test('knows since when the node is ready, not when it last said so', () => {
  const conditions = [
    { type: 'MemoryPressure', status: 'False', lastTransitionTime: '2026-01-01T00:00:00Z' },
    {
      type: 'Ready',
      status: 'Unknown',
      lastHeartbeatTime: '2026-01-03T00:00:00Z',
      lastTransitionTime: '2026-01-02T00:00:00Z',
    },
  ];
  const node = parsedValue(parseNode(nodeWith({}, { conditions })));
  assert.equal(node.ready, { status: 'Unknown', since: '2026-01-02T00:00:00Z' });
  assert.is(node.conditions.length, 2);
});

test('a node of which the API says nothing has no readiness', () => {
  assert.is(parsedValue(parseNode(nodeWith({}))).ready, undefined);
});

test('refuses a condition whose status is a boolean', () => {
  const status = { conditions: [{ type: 'Ready', status: true }] };
  assert.equal(problemsOf(parseNode(nodeWith({}, status))), [
    'Node/n1: status.conditions[0].status is true: expected one of True, False, Unknown',
  ]);
});

test.run();
