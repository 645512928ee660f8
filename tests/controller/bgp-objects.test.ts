import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { listAt, valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import { LABEL } from '../../modules/metallb/src/api/names.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { isKind } from '../../modules/metallb/src/store/kinds.ts';
import {
  bgpAdvertisement as advertisement,
  community,
  configuration,
  ONE_OF_EACH,
  bgpPeer as peer,
  bfdProfile as profile,
  router,
  serviceBgpStatus,
} from '../support/bgp-objects.ts';
import { node } from '../support/cluster-objects.ts';
import { ControllerBench } from '../support/controller-bench.ts';
import { EDITIONS } from '../support/editions.ts';
import {
  ipAddressPool,
  metallbObject,
  nodeState,
  plainService,
} from '../support/metallb-objects.ts';

const NAMESPACE = 'metallb-system';
const POOL = ipAddressPool('public', ['192.0.2.0/24']);

async function benchWith(edition: string, ...objects: KubernetesObject[]) {
  const bench = new ControllerBench([node('n1'), POOL, ...objects], 'controller', { edition });
  await bench.settle();
  return bench;
}

/** Wider than the pool. */
const WIDE = { poolNames: ['public'], bgp: { aggregationLength: 16 } };
const NOT_HEARD = { type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown', message: '' };

/** `status/reason: message` of the condition Accepted. */
function accepted(bench: ControllerBench, { kind, metadata }: KubernetesObject): string {
  const object = isKind(kind) ? bench.store.get({ kind, ...metadata }) : undefined;
  const [found] = listAt(object?.status, 'conditions');
  const of = (field: string) => valueAt(found, field);
  return `${of('status')}/${of('reason')}: ${of('message')}`;
}

for (const [edition, hasBgp] of EDITIONS) {
  test(`edition ${edition} ${hasBgp ? 'takes' : 'refuses'} every object of BGP in its condition`, async () => {
    const bench = await benchWith(edition, ...ONE_OF_EACH);
    const said = ONE_OF_EACH.map((object) => accepted(bench, object));
    const refusal = `False/EditionRequired: BGP needs edition EE, FE or CSE-Pro, and this is ${edition}: it has no effect; ARP and NDP are as they were`;
    const expected = hasBgp ? 'True/Accepted: in force' : refusal;
    assert.equal(
      said,
      ONE_OF_EACH.map(() => expected),
    );
    const told = bench.events.filter((event) => event.includes('EditionRequired'));
    assert.is(told.length, hasBgp ? 0 : ONE_OF_EACH.length, 'one Event each');
    const counted = (await bench.metrics())
      .split('\n')
      .filter((line) => line.startsWith('metallb_edition_required_objects{'));
    assert.is(counted.length, hasBgp ? 0 : ONE_OF_EACH.length);
    await bench.restart();
    assert.is(
      bench.events.filter((event) => event.includes('EditionRequired')).length,
      told.length,
      'the next controller does not say it again',
    );
  });
}

test('without BGP, an object that can’t be read makes no configuration invalid, nor does one count elsewhere', async () => {
  const bad = peer('tor', { peerAddress: 'x' });
  const elsewhere = peer('tor2', {}, 'elsewhere');
  const bench = await benchWith('CE', bad, elsewhere);
  assert.match(accepted(bench, bad), /^False\/EditionRequired: /);
  assert.match(accepted(bench, elsewhere), /^False\/NotWatched: namespace elsewhere/);
  const own = { kind: 'ConfigurationState', namespace: NAMESPACE, name: 'controller' } as const;
  assert.is(valueAt(bench.store.get(own)?.status, 'result'), 'Valid');
  assert.match(await bench.metrics(), 'metallb_edition_required_objects{kind="BGPPeer"} 1\n');
});

const JUDGED: readonly [name: string, objects: KubernetesObject[], expected: string | RegExp][] = [
  [
    'a router that can’t be read says all that is wrong',
    [peer('tor', { peerAddress: 'x', holdTime: '1s' })],
    /^False\/Invalid: BGPPeer\/metallb-system\/tor: .*spec.peerAddress.*spec.holdTime/,
  ],
  [
    'a router whose BFD profile does not exist',
    [peer('tor', { bfdProfile: 'fast' })],
    'True/UnknownBFDProfile: in force, but there is no BFDProfile fast',
  ],
  [
    'a router whose BFD profile exists',
    [peer('tor', { bfdProfile: 'fast' }), profile('fast')],
    'True/Accepted: in force',
  ],
  [
    'a router that no node has a session with',
    [peer('tor', { nodeSelectors: [{ matchLabels: { role: 'edge' } }] })],
    'True/NoMatchingNode: in force, but spec.nodeSelectors select no node',
  ],
  [
    'an advertisement to a router that does not exist',
    [advertisement('one', { peers: ['tor', 'gone'] }), peer('tor')],
    'True/UnknownPeer: in force, but there is no BGPPeer gone',
  ],
  [
    'an advertisement to nobody',
    [advertisement('one')],
    'True/NoPeer: in force, but no BGPPeer of it is for a node that it selects',
  ],
  [
    'an advertisement of a pool that does not exist',
    [advertisement('one', { ipAddressPools: ['nowhere'] }), peer('tor')],
    'True/NoPool: in force, but there is no pool nowhere',
  ],
  [
    'an advertisement with a community that nobody defines, to a router that does not exist',
    [
      advertisement('one', { communities: ['vpn', 'gone'], peers: ['x'] }),
      community('names', 'vpn'),
      peer('tor'),
    ],
    'False/UnknownCommunity: no Community defines gone: nothing is announced by it, as routes without a community may go where they shall not; there is no BGPPeer x; no BGPPeer of it is for a node that it selects',
  ],
  [
    'an advertisement whose aggregate is wider than a pool',
    [advertisement('one', { aggregationLength: 16 }), peer('tor')],
    /^False\/AggregateTooWide: .*spec.aggregationLength is 16: expected at least 24, .* pool public/,
  ],
  [
    'an advertisement whose aggregate covers its router',
    [advertisement('one', { aggregationLength: 24 }), peer('tor', { peerAddress: '192.0.2.1' })],
    'False/AggregateCoversHost: BGPAdvertisement/metallb-system/one: spec.aggregationLength is 24: expected at least 32, as the aggregate 192.0.2.0/24 of pool public covers 192.0.2.1, address of BGPPeer metallb-system/tor, which routers would no longer find; addresses of that pool are not announced by it',
  ],
  [
    'two advertisements that prefer one prefix differently',
    [
      advertisement('one', { localPref: 100 }),
      advertisement('two', { localPref: 200 }),
      peer('tor'),
    ],
    'False/LocalPrefConflict: BGPAdvertisements metallb-system/one and metallb-system/two have another localPref (100, 200) for the same prefix and peer: addresses of pool public are not announced by BGP until they agree',
  ],
  [
    'two advertisements that prefer prefixes of two lengths differently',
    [
      advertisement('one', { localPref: 100 }),
      advertisement('two', { localPref: 200, aggregationLength: 24 }),
      peer('tor'),
    ],
    'True/Accepted: in force',
  ],
  [
    'two advertisements that prefer the same differently on other nodes',
    [
      advertisement('one', { localPref: 100, nodeSelectors: [{ matchLabels: { zone: 'a' } }] }),
      advertisement('two', { localPref: 200, nodeSelectors: [{ matchLabels: { zone: 'b' } }] }),
      peer('tor'),
      node('n2', { zone: 'a' }),
      node('n3', { zone: 'b' }),
    ],
    'True/Accepted: in force',
  ],
  [
    'a profile with echo packets',
    [profile('fast', { echoMode: true })],
    'True/EchoModeIgnored: in force, but spec.echoMode is without effect: no echo packets are sent',
  ],
  [
    'a name of a community that another object defines',
    [community('late', 'vpn'), community('early', 'vpn')],
    'True/NameTaken: in force, but vpn is what Community/metallb-system/early says it is, which comes first: give it another name here',
  ],
  [
    'a router of Deckhouse that no configuration names',
    [router('spine')],
    'True/NotNamed: in force, but no MetalLoadBalancerConfiguration names it in spec.bgp.peerNames',
  ],
  [
    'a configuration of a router that does not exist',
    [configuration('edge', ['gone'])],
    /^True\/UnknownPeer: in force, but MetalLoadBalancerConfiguration\/edge: spec.bgp.peerNames\[0\] is "gone"/,
  ],
  [
    'a configuration that announces a pool that does not exist',
    [configuration('edge', ['spine'], [{ poolNames: ['nowhere'] }]), router('spine')],
    'True/NoPool: in force, but there is no pool nowhere',
  ],
  [
    'a configuration of which one advertisement is about no pool',
    [
      configuration('edge', ['spine'], [{ poolNames: ['public'] }, { poolNames: ['nowhere'] }]),
      router('spine'),
    ],
    'True/UnknownPool: in force, but there is no pool nowhere',
  ],
  [
    'a configuration of which one advertisement is refused',
    [configuration('edge', ['spine'], [{ poolNames: ['public'] }, WIDE]), router('spine')],
    /^True\/AggregateTooWide: in force, but /,
  ],
  [
    'a configuration whose only advertisement is refused',
    [configuration('edge', ['spine'], [WIDE]), router('spine')],
    /^False\/AggregateTooWide: /,
  ],
];
test('what is the matter with an advertisement of a configuration takes no node from it, but a pool that is missing for all', async () => {
  const of = (...advertisements: object[]) => configuration('edge', ['spine'], advertisements);
  const bench = await benchWith('EE', of({ poolNames: ['public'] }), router('spine'));
  const isMember = () =>
    LABEL.member in (bench.store.get({ kind: 'Node', name: 'n1' })?.metadata.labels ?? {});
  assert.ok(isMember());
  const nowhere = { poolNames: ['nowhere'] };
  const rows: [object[], boolean][] = [
    [[{ poolNames: ['public'] }, nowhere], true],
    [[WIDE], true],
    [[nowhere], false],
    [[nowhere, WIDE], true],
  ];
  for (const [advertisements, expected] of rows) {
    bench.change(of(...advertisements));
    await bench.settle();
    assert.is(isMember(), expected, JSON.stringify(advertisements));
  }
});

for (const [name, objects, expected] of JUDGED) {
  test(`with BGP: ${name}`, async () => {
    const bench = await benchWith('EE', ...objects);
    const [first] = objects;
    assert.ok(first);
    const found = accepted(bench, first);
    if (typeof expected === 'string') assert.is(found, expected);
    else assert.match(found, expected);
  });
}

test('of two routers of one name that of the first namespace counts', async () => {
  const [one, other] = [peer('tor'), { ...peer('tor', {}, 'network') }];
  const second = { ...other, metadata: { ...other.metadata, uid: 'uid-second' } };
  const options = { edition: 'EE', metallbNamespaces: [NAMESPACE, 'network'] } as const;
  const bench = new ControllerBench([node('n1'), one, second], 'controller', options);
  await bench.settle();
  assert.is(accepted(bench, one), 'True/Accepted: in force');
  assert.match(
    accepted(bench, second),
    /^False\/NameTaken: BGPPeer\/metallb-system\/tor has the same name/,
  );
});

test('what is said follows what others become, and a refusal that ends is told', async () => {
  const one = advertisement('one', { communities: ['vpn'], peers: ['tor'] });
  const bench = await benchWith('EE', one, peer('tor'));
  assert.match(accepted(bench, one), /^False\/UnknownCommunity/);
  bench.store.put(community('names', 'vpn'));
  await bench.settle();
  assert.is(accepted(bench, one), 'True/Accepted: in force');
  assert.ok(bench.events.includes('BGPAdvertisement/one Normal Accepted: in force'));
  bench.store.remove({ kind: 'BGPPeer', namespace: NAMESPACE, name: 'tor' });
  await bench.settle();
  assert.match(accepted(bench, one), /^True\/UnknownPeer: in force, but there is no BGPPeer tor/);
});

test('what a node told of a Service is deleted once that Service or the node is gone, or BGP is', async () => {
  const [here, elsewhere] = [serviceBgpStatus('web', 'n1'), serviceBgpStatus('web', 'n2')];
  const foreign = {
    ...serviceBgpStatus('gone', 'n1'),
    metadata: { ...here.metadata, name: 'bgp-x7k2p' },
  };
  const objects = [
    node('n2'),
    plainService('web'),
    here,
    elsewhere,
    serviceBgpStatus('gone', 'n1'),
    foreign,
  ];
  const left = (bench: ControllerBench) =>
    bench.store
      .list('ServiceBGPStatus')
      .map(({ metadata }) => metadata.name)
      .sort();
  const bench = await benchWith('EE', ...objects);
  assert.equal(left(bench), [here, elsewhere, foreign].map(({ metadata }) => metadata.name).sort());
  bench.store.remove({ kind: 'Node', name: 'n2' });
  await bench.settle();
  assert.equal(left(bench), [here, foreign].map(({ metadata }) => metadata.name).sort());
  bench.store.remove({ kind: 'Service', namespace: 'default', name: 'web' });
  await bench.settle();
  assert.equal(left(bench), ['bgp-x7k2p'], 'MetalLB’s own are its speakers’');
  const without = await benchWith('CE', ...objects);
  assert.equal(left(without), ['bgp-x7k2p']);
});

test('what a speaker told of its sessions is deleted with its node', async () => {
  const [here, gone] = [nodeState('n1'), nodeState('n2')];
  const unlabelled = metallbObject('ConfigurationState', 'speaker-blue', {});
  const labels = { 'metallb.io/node-name': 'n2' };
  const another = metallbObject('ConfigurationState', 'exporter-n2', { labels });
  const beside = nodeState('n2', [], { namespace: 'elsewhere' });
  const bench = await benchWith('EE', node('n2'), here, gone, unlabelled, another, beside);
  const left = () =>
    bench.store
      .list('ConfigurationState')
      .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
      .sort();
  const others = [
    'elsewhere/speaker-n2',
    ...['controller', 'exporter-n2', 'speaker-blue', 'speaker-n1'].map(
      (name) => `${NAMESPACE}/${name}`,
    ),
  ];
  const all = [...others, `${NAMESPACE}/speaker-n2`];
  assert.equal(left(), all);
  bench.change({ ...node('n2'), status: { conditions: [NOT_HEARD] } });
  await bench.settle();
  assert.equal(left(), all, 'a node that is not heard of may come back');
  bench.store.remove({ kind: 'Node', name: 'n2' });
  await bench.settle();
  assert.equal(left(), others);
  bench.store.put(gone);
  await bench.settle();
  assert.equal(left(), others, 'its last word may come later');
  const later = await benchWith('EE', here, gone);
  assert.not.ok(
    later.store.list('ConfigurationState').some(({ metadata: { name } }) => name === 'speaker-n2'),
    'a node that went while no controller ran',
  );
});

test('what a node that is gone has told is no reason for the controller to tell anything', async () => {
  const bench = new ControllerBench([node('n1'), nodeState('gone')]);
  await bench.settle();
  assert.equal(bench.store.list('ConfigurationState'), []);
});

const ANNOTATED: readonly [
  name: string,
  object: KubernetesObject,
  annotation: string,
  expected: string,
][] = [
  [
    'a router',
    peer('tor'),
    'bgp-ttl-security-hop',
    'bgp-ttl-security-hops, network.deckhouse.io/bgp-passive, network.deckhouse.io/bgp-long-lived-stale-time',
  ],
  [
    'an advertisement',
    advertisement('one'),
    'bgp-metric',
    'bgp-as-path-prepend, network.deckhouse.io/bgp-med, network.deckhouse.io/bgp-link-bandwidth',
  ],
];
for (const [name, object, annotation, names] of ANNOTATED) {
  test(`${name} that gets an annotation of no such name says so, and stays in force as it was`, async () => {
    const bench = await benchWith('EE', object);
    const annotations = { [`network.deckhouse.io/${annotation}`]: '1' };
    bench.change({ ...object, metadata: { ...object.metadata, annotations } });
    await bench.settle();
    const problem = `${object.kind}/${NAMESPACE}/${object.metadata.name}: metadata.annotations[network.deckhouse.io/${annotation}] is "1": expected another name: one of network.deckhouse.io/${names}`;
    assert.is(
      accepted(bench, object),
      `False/Invalid: ${problem}; the last good version stays in force`,
    );
    const own = { kind: 'ConfigurationState', namespace: NAMESPACE, name: 'controller' } as const;
    assert.is(valueAt(bench.store.get(own)?.status, 'errorSummary'), problem);
    bench.change(object);
    await bench.settle();
    assert.match(accepted(bench, object), /^True\//);
  });
}

test.run();
