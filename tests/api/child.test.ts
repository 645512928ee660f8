import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseChild } from '../../modules/metallb/src/api/child.ts';
import { parsedValue, problemsOf } from '../support/parsed.ts';

const announcer = {
  node: 'n1',
  since: '2026-01-02T03:04:05Z',
  reason: 'Takeover',
  recentMoves: 2,
};

function childWith(more: { annotations?: object; spec?: unknown; status?: unknown }): unknown {
  return {
    apiVersion: 'internal.network.deckhouse.io/v1alpha1',
    kind: 'SDNInternalL2LBService',
    metadata: {
      name: 'nginx-ingress-0',
      namespace: 'web',
      annotations: more.annotations ?? { 'metallb.io/address-pool': 'ingress' },
    },
    spec: more.spec ?? { serviceRef: { name: 'nginx', namespace: 'web' } },
    status: more.status,
  };
}

test('reads a child as the controller writes it', () => {
  const child = parsedValue(
    parseChild(
      childWith({
        annotations: {
          'metallb.io/address-pool': 'ingress',
          'metallb.io/preferredL2SpeakerNode': 'n1',
          'metallb.io/loadBalancerIPs': '192.0.2.10',
          'metallb.io/allow-shared-ip': 'dns',
          'network.deckhouse.io/force-address': 'true',
        },
        spec: {
          serviceRef: { name: 'nginx', namespace: 'web' },
          externalTrafficPolicy: 'Local',
          ports: [{ port: 80 }],
          selector: { app: 'nginx' },
          ipFamilies: ['IPv4'],
        },
        status: { loadBalancer: { ingress: [{ ip: '192.0.2.10' }] }, announcer },
      }),
    ),
  );
  const { metadata, ...rest } = child;
  assert.is(metadata.name, 'nginx-ingress-0');
  assert.equal(rest, {
    className: 'ingress',
    preferredNode: 'n1',
    requestedIp: '192.0.2.10',
    sharedIpKey: 'dns',
    forceAddress: true,
    serviceRef: { namespace: 'web', name: 'nginx' },
    externalTrafficPolicy: 'Local',
    ports: [{ protocol: 'TCP', port: 80 }],
    selector: { app: 'nginx' },
    ipFamilies: ['IPv4'],
    status: { ip: '192.0.2.10', announcer, conditions: [] },
  });
});

test('reads a fresh child: no IP, no announcer, the Service beside it', () => {
  const child = parsedValue(parseChild(childWith({ spec: { serviceRef: { name: 'nginx' } } })));
  assert.equal(child.serviceRef, { namespace: 'web', name: 'nginx' });
  assert.equal(child.status, { ip: undefined, announcer: undefined, conditions: [] });
  assert.is(child.preferredNode, undefined);
  assert.is(child.forceAddress, false);
});

test('takes the first of several ingress IPs', () => {
  const loadBalancer = { ingress: [{ ip: '192.0.2.11' }, { ip: '192.0.2.10' }] };
  assert.is(
    parsedValue(parseChild(childWith({ status: { loadBalancer } }))).status.ip,
    '192.0.2.11',
  );
});

test('refuses a child without class or parent, and a status that nobody wrote', () => {
  const parsed = parseChild(
    childWith({
      annotations: { 'metallb.io/loadBalancerIPs': 'x' },
      spec: {},
      status: { announcer: { ...announcer, reason: 'Boredom' } },
    }),
  );
  const where = 'SDNInternalL2LBService/web/nginx-ingress-0:';
  assert.equal(problemsOf(parsed), [
    `${where} metadata.annotations[metallb.io/address-pool] is missing: expected a string that is not empty`,
    `${where} metadata.annotations[metallb.io/loadBalancerIPs] is "x": expected an IP address such as 192.0.2.10 or 2001:db8::10`,
    `${where} spec.serviceRef is missing: expected an object`,
    `${where} status.announcer.reason is "Boredom": expected one of Assigned, Takeover, Handover, Failback, EndpointsMoved, Dispute`,
  ]);
});

test.run();
