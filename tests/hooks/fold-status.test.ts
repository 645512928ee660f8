import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hook } from '../../modules/metallb/hooks/fold-status.ts';
import { listAt, valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import {
  boundTo,
  child,
  conditionsAfter,
  contextsOf,
  patched,
  service,
} from '../support/cluster-objects.ts';

const NOW = Date.UTC(2026, 0, 2);

function run(of: KubernetesObject, children: readonly KubernetesObject[]) {
  return hook.handle(contextsOf({ services: [of], children }), NOW);
}

function ipsAfter(of: KubernetesObject, children: readonly KubernetesObject[]): unknown {
  return valueAt(patched(of, run(of, children)).status, 'loadBalancer', 'ingress');
}

const held = (name: string, ...ips: string[]) =>
  child(name, { service: 'nginx', className: 'c', ips });
const refusal = (type: string, message: string) => ({
  conditions: [{ type, status: 'False', reason: 'PoolExhausted', message }],
});

test('IPs stand in numeric order: 10 after 2, the secondary family beside its number', () => {
  const children = ['nginx-c-10', 'nginx-c-2', 'nginx-c-0-ipv6', 'nginx-c-0'].map((name, index) =>
    held(name, `192.0.2.${index}`),
  );
  assert.equal(ipsAfter(service('nginx'), children), [
    { ip: '192.0.2.3' },
    { ip: '192.0.2.2' },
    { ip: '192.0.2.1' },
    { ip: '192.0.2.0' },
  ]);
});

test('entries that the API server completed are left alone', () => {
  const status = {
    loadBalancer: { ingress: [{ ip: '192.0.2.1', ipMode: 'VIP' }] },
    conditions: [
      {
        type: 'AllPublicIPsAssigned',
        status: 'True',
        reason: 'AllIPsAssigned',
        message: '1 of 1 public IPs were assigned',
        lastTransitionTime: null,
      },
    ],
  };
  assert.equal(run(service('nginx', { status }), [held('nginx-c-0', '192.0.2.1')]), []);
});

test('when all children of a bound Service vanish, so do IPs and what was said of them', () => {
  const children = [held('nginx-c-0', '192.0.2.1')];
  const bound = service('nginx', boundTo('c'));
  const full = patched(bound, run(bound, children));
  const empty = patched(full, run(full, []));
  assert.is(valueAt(empty.status, 'loadBalancer', 'ingress'), undefined);
  assert.equal(conditionsAfter(empty, []), conditionsAfter(bound, []));
});

test('IPs vanish with the children also where the class was missing before', () => {
  const children = [held('nginx-c-0', '192.0.2.1')];
  const lost = service('nginx', {
    status: {
      conditions: [
        {
          type: 'network.deckhouse.io/load-balancer-class',
          status: 'False',
          reason: 'ClassNotFound',
          message: 'MetalLoadBalancerClass "c" does not exist: the public IPs stay as they are',
        },
      ],
    },
  });
  const full = patched(lost, run(lost, children));
  const empty = patched(full, run(full, []));
  assert.is(valueAt(empty.status, 'loadBalancer', 'ingress'), undefined);
  assert.equal(conditionsAfter(empty, []), conditionsAfter(lost, []));
});

test('a Service that is no LoadBalancer any more keeps no complaint, though it never had an IP', () => {
  const spec = { type: 'ClusterIP' };
  const type = 'network.deckhouse.io/balancer-nodes-available';
  const conditions = [
    { type, status: 'False', reason: 'NoBalancerNodes', message: 'no node' },
    { type: 'example.com/other', status: 'True', reason: 'r', message: 'm' },
  ];
  const nginx = service('nginx', { spec, status: { conditions } });
  assert.equal(conditionsAfter(nginx, run(nginx, [])), ['example.com/other=True/r/m']);
});

test('why an IP is missing is said on the Service, and no longer when it is there', () => {
  const nginx = service('nginx');
  const of = { service: 'nginx', className: 'c' };
  const poor = child('nginx-c-1', of, refusal('Assigned', 'no free address'));
  const before = patched(nginx, run(nginx, [held('nginx-c-0', '192.0.2.1'), poor]));
  const complaint =
    'network.deckhouse.io/ips-assignable=False/PoolExhausted/nginx-c-1: no free address';
  assert.is(conditionsAfter(before, []).at(-1), complaint);
  const rich = [held('nginx-c-0', '192.0.2.1'), held('nginx-c-1', '192.0.2.2')];
  assert.equal(conditionsAfter(before, run(before, rich)), [
    'AllPublicIPsAssigned=True/AllIPsAssigned/2 of 2 public IPs were assigned',
  ]);
});

test('the transition time moves with the status, not with the message', () => {
  const at = (object: KubernetesObject) =>
    valueAt(listAt(object.status, 'conditions')[0], 'lastTransitionTime');
  const later = (of: KubernetesObject, children: KubernetesObject[]) =>
    patched(of, hook.handle(contextsOf({ services: [of], children }), NOW + 60_000));
  const nginx = service('nginx');
  const one = patched(nginx, run(nginx, [held('nginx-c-0', '192.0.2.1')]));
  assert.is(at(one), '2026-01-02T00:00:00Z');
  const two = [held('nginx-c-0', '192.0.2.1'), held('nginx-c-1', '192.0.2.2')];
  assert.is(at(later(one, two)), '2026-01-02T00:00:00Z');
  assert.is(at(later(one, [held('nginx-c-0')])), '2026-01-02T00:01:00Z');
});

test('a patch names the version and the conditions that it was made for', () => {
  const bound = service('nginx', boundTo('c'));
  const [operation] = run(bound, [held('nginx-c-0', '192.0.2.1')]);
  assert.equal(operation?.do === 'patch' && operation.patch[0], {
    op: 'test',
    path: '/metadata/resourceVersion',
    value: '1',
  });
});

test.run();
