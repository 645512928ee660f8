import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import { parseIpAddressPool } from '../../modules/metallb/src/api/ip-address-pool.ts';
import { parseL2Advertisement } from '../../modules/metallb/src/api/l2-advertisement.ts';
import { parseMetalLoadBalancerBgpPeer } from '../../modules/metallb/src/api/metal-load-balancer-bgp-peer.ts';
import { parseMetalLoadBalancerConfiguration } from '../../modules/metallb/src/api/metal-load-balancer-configuration.ts';
import { parseMetalLoadBalancerPool } from '../../modules/metallb/src/api/metal-load-balancer-pool.ts';
import type { Parsed } from '../../modules/metallb/src/api/problem.ts';
import { parseServiceL2Status } from '../../modules/metallb/src/api/service-l2-status.ts';
import { parsedValue } from '../support/parsed.ts';
import { METALLB_ROWS, manifestOf } from './metallb-rows.ts';
import { POOL_ITEMS } from './rows.ts';
import { type Crd, nodeAt, readCrd, type Schema, walk, withDefaults } from './schema.ts';

const PARSERS: Readonly<Record<string, (object: unknown) => Parsed<unknown>>> = {
  IPAddressPool: parseIpAddressPool,
  L2Advertisement: parseL2Advertisement,
  MetalLoadBalancerPool: parseMetalLoadBalancerPool,
  MetalLoadBalancerBGPPeer: parseMetalLoadBalancerBgpPeer,
  MetalLoadBalancerConfiguration: parseMetalLoadBalancerConfiguration,
};

/** MetalLB's fields of `spec`, and its columns: what reads them by name goes on to. */
const METALLB: Readonly<Record<string, { fields: string; columns: readonly string[] }>> = {
  ipaddresspool: {
    fields: 'addresses autoAssign avoidBuggyIPs serviceAllocation',
    columns: ['Auto Assign', 'Avoid Buggy IPs', 'Addresses'],
  },
  l2advertisement: {
    fields:
      'interfaces ipAddressPoolSelectors ipAddressPools nodeSelectors preferredNodeSelectors serviceSelectors',
    columns: ['IPAddressPools', 'IPAddressPool Selectors', 'Interfaces', 'Node Selectors'],
  },
  bgpadvertisement: {
    fields:
      'aggregationLength aggregationLengthV6 communities ipAddressPoolSelectors ipAddressPools localPref nodeSelectors peers serviceSelectors',
    columns: ['IPAddressPools', 'IPAddressPool Selectors', 'Peers', 'Node Selectors'],
  },
  bgppeer: {
    fields:
      'bfdProfile connectTime disableMP dualStackAddressFamily dynamicASN ebgpMultiHop enableGracefulRestart holdTime interface keepaliveTime localASN myASN nodeSelectors password passwordSecret peerASN peerAddress peerPort routerID sourceAddress vrf',
    columns: ['Address', 'ASN', 'BFD Profile', 'Multi Hops'],
  },
  bfdprofile: {
    fields:
      'detectMultiplier echoInterval echoMode minimumTtl passiveMode receiveInterval transmitInterval',
    columns: ['Passive Mode', 'Transmit Interval', 'Receive Interval', 'Multiplier'],
  },
  community: { fields: 'communities', columns: [] },
  servicel2status: {
    fields: '',
    columns: ['Allocated Node', 'Service Name', 'Service Namespace'],
  },
  servicebgpstatus: { fields: '', columns: ['Node', 'Service Name', 'Service Namespace'] },
  configurationstate: { fields: '', columns: ['Result', 'ErrorSummary', 'Age'] },
};

function stored(crd: Crd) {
  const version = crd.spec.versions.find(({ storage }) => storage);
  assert.ok(version);
  return version;
}
const schemaOf = (kind: string): Schema =>
  stored(readCrd(`${kind.toLowerCase()}.yaml`)).schema.openAPIV3Schema;

for (const [file, { fields, columns }] of Object.entries(METALLB)) {
  const crd = readCrd(`${file}.yaml`);

  test(`${file}: of MetalLB's group, in a namespace, with its fields and no others`, () => {
    assert.is(crd.spec.group, 'metallb.io');
    assert.is(crd.spec.scope, 'Namespaced');
    const spec = nodeAt(stored(crd).schema.openAPIV3Schema, ['spec']);
    assert.is(
      Object.keys(spec?.properties ?? {})
        .sort()
        .join(' '),
      fields,
    );
  });

  test(`${file}: MetalLB's columns come first, in its order`, () => {
    const names = (stored(crd).additionalPrinterColumns ?? []).map(({ name }) => name);
    assert.equal(names.slice(0, columns.length), columns);
  });
}

test('a BGPPeer is stored as v1beta2, served as v1beta1 too, and users of that are told', () => {
  const { versions } = readCrd('bgppeer.yaml').spec;
  assert.equal(
    versions.map(({ name, served, storage, deprecated }) => [name, served, storage, deprecated]),
    [
      ['v1beta1', true, false, true],
      ['v1beta2', true, true, undefined],
    ],
  );
});

test('kinds of BGP say which editions have it, and whether they are in force there', () => {
  for (const kind of ['BGPAdvertisement', 'BGPPeer', 'BFDProfile', 'Community']) {
    for (const { schema } of readCrd(`${kind.toLowerCase()}.yaml`).spec.versions) {
      const { description = '', properties } = schema.openAPIV3Schema;
      assert.match(description, /It takes edition EE, FE or CSE-Pro\./);
      assert.ok(valueAt(properties, 'status', 'properties', 'conditions'), kind);
    }
  }
});

const DECKHOUSE = {
  MetalLoadBalancerPool: ['metalloadbalancerpools', 'mlbp'],
  MetalLoadBalancerBGPPeer: ['metalloadbalancerbgppeers', 'mlbbp'],
  MetalLoadBalancerConfiguration: ['metalloadbalancerconfigurations', 'mlbconfig'],
};
for (const [kind, [plural, shortName]] of Object.entries(DECKHOUSE)) {
  test(`${kind} is named and scoped as in Deckhouse`, () => {
    const { spec } = readCrd(`${kind.toLowerCase()}.yaml`);
    assert.is(spec.scope, 'Cluster');
    assert.is(spec.names['kind'], kind);
    assert.is(spec.names['plural'], plural);
    assert.equal(spec.names['shortNames'], [shortName]);
  });
}

for (const row of METALLB_ROWS) {
  const parse = PARSERS[row.kind];
  if (parse === undefined) continue;
  const verdict = row.byParser ?? row.refusal === undefined;
  test(`${row.kind} with ${row.name}: the parser says ${verdict}`, () => {
    assert.is(parse(manifestOf(row)).ok, verdict);
  });

  if (!verdict) continue;
  test(`${row.kind} with ${row.name}: the schema and the parser have the same defaults`, () => {
    const bare = manifestOf(row);
    const filled = withDefaults(schemaOf(row.kind), bare);
    assert.equal(parsedValue(parse(filled)), parsedValue(parse(bare)));
  });
}

test('defaults are MetalLB’s', () => {
  const addresses = ['192.0.2.1'];
  const filled = { addresses, autoAssign: true, avoidBuggyIPs: false };
  for (const kind of ['IPAddressPool', 'MetalLoadBalancerPool']) {
    assert.equal(withDefaults(schemaOf(kind), { spec: { addresses } }), { spec: filled });
  }
  assert.equal(withDefaults(schemaOf('BGPAdvertisement'), { spec: {} }), {
    spec: { aggregationLength: 32, aggregationLengthV6: 128 },
  });
  assert.equal(withDefaults(schemaOf('BGPPeer'), { spec: {} }), {
    spec: { peerPort: 179, disableMP: false, dualStackAddressFamily: false },
  });
});

for (const kind of ['IPAddressPool', 'MetalLoadBalancerPool']) {
  test(`${kind}: the pattern of addresses is never stricter than the parser`, () => {
    const pattern = new RegExp(
      nodeAt(schemaOf(kind), ['spec', 'addresses'])?.items?.pattern ?? '^$',
    );
    for (const [written, byPattern] of POOL_ITEMS) {
      assert.is(pattern.test(written), byPattern, written);
    }
  });
}

for (const kind of ['IPAddressPool', 'L2Advertisement', ...Object.keys(DECKHOUSE)]) {
  test(`${kind}: users find a description at every field`, () => {
    const spec = nodeAt(schemaOf(kind), ['spec']);
    assert.ok(spec);
    for (const [path, node] of walk(spec ?? {}, 'spec')) {
      assert.ok(/[\]}]$/.test(path) || node.description !== undefined, `${path}: no description`);
    }
  });
}

test('what speakers tell in a ServiceL2Status is kept, beside what MetalLB tells', () => {
  const status = nodeAt(schemaOf('ServiceL2Status'), ['status']);
  const { status: read } = parsedValue(
    parseServiceL2Status({
      apiVersion: 'metallb.io/v1beta1',
      kind: 'ServiceL2Status',
      metadata: { name: 'l2-1' },
    }),
  );
  assert.equal(Object.keys(status?.properties ?? {}).sort(), Object.keys(read).sort());
  const child = nodeAt(stored(readCrd('sdninternall2lbservice.yaml')).schema.openAPIV3Schema, [
    'status',
    'announcer',
  ]);
  const reasons = (node: Schema | undefined) => node?.properties?.['reason']?.enum;
  assert.ok(reasons(child));
  assert.equal(reasons(status?.properties?.['announcer']), reasons(child));
});

test('the announcer of an IP may change in its ServiceL2Status, its Service may not', () => {
  const status = nodeAt(schemaOf('ServiceL2Status'), ['status']);
  const rules = (name: string) => status?.properties?.[name]?.['x-kubernetes-validations'];
  assert.equal(rules('node'), undefined);
  for (const name of ['serviceName', 'serviceNamespace']) {
    assert.equal(
      rules(name)?.map(({ rule }) => rule),
      ['self == oldSelf'],
    );
  }
});

test.run();
