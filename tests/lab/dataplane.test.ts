import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dataplaneScript, type ServiceRoute } from '../../lab/dataplane.ts';

const ROUTE: ServiceRoute = {
  ips: ['192.0.2.10'],
  ports: [{ protocol: 'tcp', port: 8000, targetPort: 80 }],
  externalTrafficPolicy: 'Cluster',
  endpoints: [
    { ip: '10.244.0.211', node: 'n1' },
    { ip: '10.244.0.212', node: 'n2' },
    { ip: 'fd00:244::d3', node: 'n1' },
  ],
};

const CASES: readonly [string, ServiceRoute, string][] = [
  [
    'Cluster spreads over all pods of the family and rewrites the source',
    ROUTE,
    'ip daddr 192.0.2.10 tcp dport 8000 meta mark set 0x4000 dnat ip to numgen inc mod 2 map { 0 : 10.244.0.211, 1 : 10.244.0.212 }:80',
  ],
  [
    'Local goes to pods of this node and keeps the source',
    { ...ROUTE, externalTrafficPolicy: 'Local' },
    'ip daddr 192.0.2.10 tcp dport 8000 dnat ip to 10.244.0.211:80',
  ],
  [
    'an IPv6 address takes brackets',
    { ...ROUTE, ips: ['2001:db8:2::10'], externalTrafficPolicy: 'Local' },
    'ip6 daddr 2001:db8:2::10 tcp dport 8000 dnat ip6 to [fd00:244::d3]:80',
  ],
  [
    'without a pod the packet is dropped, not routed back',
    { ...ROUTE, endpoints: [] },
    'ip daddr 192.0.2.10 tcp dport 8000 drop',
  ],
];

for (const [name, route, rule] of CASES) {
  test(name, () => {
    const rules = dataplaneScript('n1', [route])
      .split('\n')
      .map((line) => line.trim());
    assert.ok(rules.includes(rule), rules.join('\n'));
  });
}

test.run();
