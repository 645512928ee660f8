import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { bgpPeer, community } from '../support/bgp-objects.ts';
import { classOf, node, service } from '../support/cluster-objects.ts';
import { ControllerBench } from '../support/controller-bench.ts';
import { countedCalls } from '../support/counted-calls.ts';
import { EDITIONS } from '../support/editions.ts';

async function benchWith(edition: string, ...objects: KubernetesObject[]) {
  const bench = new ControllerBench([node('n1'), ...objects], 'controller', { edition });
  await bench.settle();
  return bench;
}

const routed = (bgp: object = {}, type = 'BGP') => classOf('edge', { type, bgp });
const PORTS = { ports: [{ port: 80, protocol: 'TCP' }] };
const nodeAt = (name: string, address: string) => ({
  ...node(name),
  status: { addresses: [{ type: 'InternalIP', address }] },
});
const NO_PEER = 'no BGPPeer of it is for a node of the class: nobody is told of its IPs by BGP';
const accepted = (bench: ControllerBench) =>
  String(bench.classConditions('edge').find((condition) => condition.startsWith('Accepted=')));
const eventsOf = (bench: ControllerBench) =>
  bench.events.filter((event) => event.startsWith('MetalLoadBalancerClass/edge Warning'));

const CONSEQUENCES = {
  BGP: 'nobody announces its IPs, which Services keep; type L2 announces them by ARP and NDP',
  L2AndBGP: 'its IPs are announced by ARP and NDP alone',
};
for (const [edition, hasBgp] of EDITIONS) {
  for (const [type, consequence] of Object.entries(CONSEQUENCES)) {
    test(`edition ${edition} ${hasBgp ? 'takes' : 'refuses'} a class of type ${type}: condition, one Event, metrics`, async () => {
      const bench = await benchWith(edition, routed({}, type), bgpPeer('tor'));
      const refusal = `BGP needs edition EE, FE or CSE-Pro, and this is ${edition}: ${consequence}`;
      assert.is(accepted(bench), hasBgp ? 'Accepted=True: in force' : `Accepted=False: ${refusal}`);
      assert.equal(
        eventsOf(bench),
        hasBgp ? [] : [`MetalLoadBalancerClass/edge Warning EditionRequired: ${refusal}`],
      );
      const line = 'metallb_edition_required_objects{kind="MetalLoadBalancerClass"} 1\n';
      assert.is((await bench.metrics()).includes(line), !hasBgp);
      assert.is(bench.isAccepted('edge'), hasBgp);
      const told = bench.events.length;
      await bench.restart();
      assert.is(bench.events.length, told, 'the next controller does not say it again');
    });
  }

  test(`edition ${edition} says nothing of BGP of a class of type L2`, async () => {
    const bench = await benchWith(edition, routed({ communities: ['gone'] }, 'L2'));
    assert.is(accepted(bench), 'Accepted=True: in force');
    assert.not((await bench.metrics()).includes('metallb_edition_required_objects{'));
  });
}

test('a class whose nodes have no router says so, until one of those that it may use is for one of them', async () => {
  const bench = await benchWith('EE', routed({ peers: ['tor'] }));
  const missing = `Accepted=True: in force, but there is no BGPPeer tor; ${NO_PEER}`;
  assert.is(accepted(bench), missing);
  const ofRack = (name: string, rack: string) =>
    bgpPeer(name, { nodeSelectors: [{ matchLabels: { rack } }] });
  bench.store.put(bgpPeer('spine'));
  await bench.settle();
  assert.is(accepted(bench), missing, 'another one is no use');
  bench.store.put(ofRack('tor', 'a'));
  await bench.settle();
  assert.is(accepted(bench), `Accepted=True: in force, but ${NO_PEER}`);
  bench.store.put(node('n1', { rack: 'a' }));
  await bench.settle();
  assert.is(accepted(bench), 'Accepted=True: in force');
  bench.store.put(routed());
  bench.store.put(node('n1'));
  await bench.settle();
  assert.is(accepted(bench), 'Accepted=True: in force', 'spine is for every node');
});

test('a class that an edition refuses gives IPs all the same, so that none is lost', async () => {
  const bench = await benchWith('CE', routed(), service('web', { classAnnotation: 'edge' }));
  assert.equal(bench.ips('web'), ['192.0.2.10']);
});

const UNKNOWN =
  'spec.bgp.communities[1] is "gone": expected a community such as 64500:100, or a name that a Community object defines';
const WIDE =
  'spec.bgp.aggregationLength is 16: expected at least 30, the length of the widest prefix of spec.addressPool, or the aggregate would stand for addresses that are not in it';
const EDGE = 'MetalLoadBalancerClass/edge: ';
const ROWS: readonly [
  name: string,
  owner: KubernetesObject,
  status: string,
  reason: string,
  message: string,
][] = [
  [
    'a community that nobody defines',
    routed({ communities: ['64500:100', 'gone'] }),
    'False',
    'UnknownCommunity',
    `${EDGE}${UNKNOWN}; nobody announces its IPs until that is mended`,
  ],
  [
    'an aggregate wider than its pool',
    routed({ aggregationLength: 16 }),
    'False',
    'AggregateTooWide',
    `${EDGE}${WIDE}; nobody announces its IPs until that is mended`,
  ],
  [
    'both, and a router that does not exist; its L2 part goes on',
    routed(
      { communities: ['64500:100', 'gone'], aggregationLength: 16, peers: ['tor', 'spine'] },
      'L2AndBGP',
    ),
    'False',
    'UnknownCommunity',
    `${EDGE}${UNKNOWN}; ${EDGE}${WIDE}; its IPs are announced by ARP and NDP alone until that is mended; there is no BGPPeer spine`,
  ],
  [
    'an aggregate that covers a node',
    routed({ aggregationLength: 30 }),
    'False',
    'AggregateCoversHost',
    `${EDGE}spec.bgp.aggregationLength is 30: expected at least 31, as the aggregate 192.0.2.8/30 of spec.addressPool covers 192.0.2.9, InternalIP of Node n9, which routers would no longer find; nobody announces its IPs until that is mended`,
  ],
  [
    'a router that does not exist',
    routed({ peers: ['tor', 'spine'] }),
    'True',
    'UnknownPeer',
    'in force, but there is no BGPPeer spine',
  ],
];
for (const [name, owner, status, reason, message] of ROWS) {
  test(`with BGP, a class with ${name}`, async () => {
    const bench = await benchWith('EE', owner, bgpPeer('tor'), nodeAt('n9', '192.0.2.9'));
    assert.is(accepted(bench), `Accepted=${status}: ${message}`);
    assert.equal(eventsOf(bench), [`MetalLoadBalancerClass/edge Warning ${reason}: ${message}`]);
  });
}

test('what is wrong with its pool is said beside it', async () => {
  const other = classOf('another');
  const bench = await benchWith('CE', other, routed());
  assert.match(accepted(bench), /^Accepted=False: .*spec.addressPool.*; BGP needs edition EE/);
});

test('a class is judged anew when a node or a router gets another address', async () => {
  const owner = routed({ aggregationLength: 30 });
  const bench = await benchWith('EE', owner, nodeAt('n9', '192.0.2.30'), bgpPeer('spine'));
  const move = async (address: string) => {
    const { status } = nodeAt('n9', address);
    // With the label that it has got.
    bench.store.put({
      ...nodeAt('n9', address),
      ...bench.store.get({ kind: 'Node', name: 'n9' }),
      status,
    });
    await bench.settle();
  };
  assert.is(accepted(bench), 'Accepted=True: in force');
  await move('192.0.2.9');
  assert.match(accepted(bench), 'covers 192.0.2.9, InternalIP of Node n9');
  await move('192.0.2.30');
  assert.is(accepted(bench), 'Accepted=True: in force');
  bench.store.put(bgpPeer('tor', { peerAddress: '192.0.2.8' }));
  await bench.settle();
  assert.match(accepted(bench), 'covers 192.0.2.8, address of BGPPeer metallb-system/tor');
});

const LOCAL = { externalTrafficPolicy: 'Local' };
const IN_AGGREGATES = routed({ aggregationLength: 30 });
const LEFT_OUT =
  'MetalLoadBalancerClass edge: spec.bgp.aggregationLength is 30: expected 32 under externalTrafficPolicy Local, where only nodes with an endpoint announce and an aggregate stands for the IPs of all; 192.0.2.10 is not announced by it';
const LOCALS: [string, string, KubernetesObject, object, string | undefined][] = [
  ['of policy Local', 'EE', IN_AGGREGATES, LOCAL, LEFT_OUT],
  ['of policy Cluster', 'EE', IN_AGGREGATES, {}, undefined],
  ['of policy Local, in an edition without BGP', 'CE', IN_AGGREGATES, LOCAL, undefined],
  ['of policy Local, each IP by itself', 'EE', routed(), LOCAL, undefined],
  ['of policy Local, by ARP', 'EE', routed({ aggregationLength: 30 }, 'L2'), LOCAL, undefined],
];
for (const [name, edition, owner, spec, expected] of LOCALS) {
  test(`a class whose IPs are announced in aggregates, or not, and a Service ${name}`, async () => {
    const wish = { classAnnotation: 'edge', spec: { type: 'LoadBalancer', ...PORTS, ...spec } };
    const bench = await benchWith(edition, owner, service('web', wish));
    const said = bench.conditions('web').find((one) => one.includes('ips-announceable'));
    assert.is(said?.replace(/^.*?False: [^ ]+: /, ''), expected);
    const told = bench.events.filter((event) => event.includes('AggregateUnderLocal'));
    assert.is(told.length, expected === undefined ? 0 : 2, 'of the Service and its child');
  });
}

test('a class is judged anew when names for communities come and go', async () => {
  const bench = await benchWith('EE', routed({ communities: ['vpn'] }), bgpPeer('tor'));
  assert.match(accepted(bench), /"vpn"/);
  bench.store.put(community('names', 'vpn'));
  await bench.settle();
  assert.is(accepted(bench), 'Accepted=True: in force');
  assert.ok(bench.events.includes('MetalLoadBalancerClass/edge Normal Accepted: in force'));
  bench.store.remove({ kind: 'Community', namespace: 'metallb-system', name: 'names' });
  await bench.settle();
  assert.match(accepted(bench), /"vpn"/);
});

test('a name for a community costs as much beside 200 Services as beside ten', async () => {
  const cost = async (count: number) => {
    const services = Array.from({ length: count }, (_, index) => service(`web${index}`));
    const bench = await benchWith(
      'EE',
      routed({ communities: ['vpn'] }),
      bgpPeer('tor'),
      ...services,
    );
    const [calls = 0] = await countedCalls([
      async () => {
        bench.store.put(community('names', 'vpn'));
        await bench.settle();
      },
    ]);
    assert.is(accepted(bench), 'Accepted=True: in force');
    return calls;
  };
  // V8 loses counts when it collects garbage, and adds none.
  const most = async (count: number) =>
    Math.max(await cost(count), await cost(count), await cost(count));
  const [few, many] = [await most(10), await most(200)];
  assert.ok(few > 0 && many < few * 1.2, `${few} calls, then ${many}`);
});

test.run();
