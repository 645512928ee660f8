import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseMetalLoadBalancerClass } from '../../modules/metallb/src/api/metal-load-balancer-class.ts';
import { describeProblem } from '../../modules/metallb/src/api/problem.ts';
import {
  chosenNodes,
  classAdvertisement,
  classRouteFaults,
} from '../../modules/metallb/src/bgp/class-routes.ts';
import { Hosts } from '../../modules/metallb/src/bgp/hosts.ts';
import { ip } from '../support/addresses.ts';
import { classOf } from '../support/cluster-objects.ts';
import { parsedValue } from '../support/parsed.ts';

const NOTHING = { communities: [], hosts: new Hosts([]) };
const routed = (spec: Record<string, unknown>) =>
  parsedValue(parseMetalLoadBalancerClass(classOf('edge', spec)));

test('a class says what its routes carry', () => {
  const bgp = {
    ...{ peers: ['tor'], communities: ['64500:100'], localPref: 200 },
    ...{ aggregationLength: 31, aggregationLengthV6: 64 },
    ...{ asPathPrepend: 2, med: 50, linkBandwidth: '10G' },
  };
  const said = {
    name: 'edge',
    aggregationLength: { IPv4: 31, IPv6: 64 },
    localPref: 200,
    communities: [{ kind: 'standard', value: 64_500 * 65_536 + 100 }],
    peers: new Set(['tor']),
    ...{ asPathPrepend: 2, med: 50, linkBandwidth: 10e9 },
  };
  for (const type of ['BGP', 'L2AndBGP']) {
    assert.equal(classAdvertisement(routed({ type, bgp }), NOTHING), said);
  }
  assert.is(classAdvertisement(routed({ type: 'L2', bgp }), NOTHING), undefined);
});

const WRONG: [string, Record<string, unknown>, string, string][] = [
  [
    'a community that nobody defines',
    { communities: ['64500:100', 'gone'] },
    'UnknownCommunity',
    'spec.bgp.communities[1] is "gone": expected a community such as 64500:100, or a name that a Community object defines',
  ],
  [
    'an aggregate wider than its pool',
    { aggregationLength: 24 },
    'AggregateTooWide',
    'spec.bgp.aggregationLength is 24: expected at least 30, the length of the widest prefix of spec.addressPool, or the aggregate would stand for addresses that are not in it',
  ],
];
for (const [name, bgp, reason, problem] of WRONG) {
  test(`a class with ${name} announces nothing and says why`, () => {
    const owner = routed({ type: 'BGP', addressPool: ['192.0.2.8/29', '192.0.2.64/30'], bgp });
    const found = classRouteFaults(owner, NOTHING).map((fault) => [
      fault.reason,
      describeProblem(fault.problem),
    ]);
    assert.equal(found, [[reason, problem]]);
    assert.is(classAdvertisement(owner, NOTHING), undefined);
  });
}

test('a class that says nothing of routes has each address announced by itself, to all peers', () => {
  assert.equal(classAdvertisement(routed({ type: 'BGP' }), NOTHING), {
    ...{ name: 'edge', aggregationLength: { IPv4: 32, IPv6: 128 }, localPref: undefined },
    ...{ communities: [], peers: undefined },
    ...{ asPathPrepend: undefined, med: undefined, linkBandwidth: undefined },
  });
});

const NODES = ['n1', 'n2', 'n3', 'n4', 'n5'];
const ADDRESSES = Array.from({ length: 50 }, (_, index) => ip(`192.0.2.${index}`));
const chosen = (maxNodes: number | undefined, nodes = NODES) =>
  ADDRESSES.map((address) => chosenNodes(routed({ bgp: { maxNodes } }).spec.bgp, address, nodes));

test('without a limit, or with one that is not reached, all nodes announce', () => {
  for (const maxNodes of [undefined, 5, 1_000]) {
    for (const nodes of chosen(maxNodes)) assert.equal(nodes, NODES);
  }
});

test('with a limit each IP has so many nodes, whatever order they come in, and every node has its share', () => {
  for (const maxNodes of [1, 2]) {
    const nodes = chosen(maxNodes);
    assert.ok(nodes.every(({ length }) => length === maxNodes));
    assert.equal(chosen(maxNodes, [...NODES].reverse()), nodes);
    assert.equal([...new Set(nodes.flat())].sort(), NODES);
  }
});

test('IPs that are announced as one prefix are left to the same nodes', () => {
  const { bgp } = routed({ bgp: { maxNodes: 1, aggregationLength: 28 } }).spec;
  const nodesOf = (address: string) => chosenNodes(bgp, ip(address), NODES);
  for (const first of ['192.0.2.0', '192.0.2.16', '192.0.2.32']) {
    const octet = Number(first.split('.')[3]);
    for (let last = octet + 1; last < octet + 16; last += 1) {
      assert.equal(nodesOf(`192.0.2.${last}`), nodesOf(first));
    }
  }
});

test('a node that goes is replaced where it announced, and nothing else changes', () => {
  const before = chosen(2);
  const after = chosen(2, NODES.slice(1));
  for (const [index, nodes] of before.entries()) {
    const stay = nodes.filter((node) => node !== 'n1');
    assert.ok(stay.every((node) => after[index]?.includes(node)));
    assert.is(after[index]?.length, 2);
    if (stay.length === 2) assert.equal(after[index], nodes);
  }
});

test.run();
