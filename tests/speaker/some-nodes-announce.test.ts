import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { balancerNode } from '../support/cluster.ts';
import {
  bgp,
  bgpClass,
  child,
  RoutesFixture as Fixture,
  IP,
  onN2,
  published,
  served,
} from '../support/routes-fixture.ts';

/** A class leaves an IP to some of its nodes (`spec.bgp.maxNodes`). */
const DRAIN = 'network.deckhouse.io/drain-balancer';
const TOR = {
  ...bgp('BGPPeer', 'tor', { myASN: 64_500, peerASN: 64_501, peerAddress: '172.16.1.1' }),
  apiVersion: 'metallb.io/v1beta2',
};
const LATE = { ready: { status: 'Unknown', since: '2026-01-01T00:00:00Z' } };

test('a class may leave an IP to some of its nodes: when one goes, another one announces', async () => {
  const oneOf = bgpClass({ bgp: { maxNodes: 1 } });
  const fixture = await Fixture.of(child(), published(), served(onN2), oneOf, TOR);
  assert.equal(fixture.take(), { [IP]: ['ingress'] }, 'nobody else is there');
  // By sha256('node#203.0.113.1') it is n2, then n3, then n1.
  await fixture.change(balancerNode('n2'));
  await fixture.change(balancerNode('n3'));
  assert.equal(fixture.take(), { [IP]: [] });
  await fixture.change(
    balancerNode('n2', { ready: { status: 'Unknown', since: '2026-01-01T00:00:00Z' } }),
  );
  assert.equal(fixture.take(), {}, 'n3 is next');
  await fixture.change(balancerNode('n3', { annotations: { [DRAIN]: '' } }));
  assert.equal(fixture.take(), { [IP]: ['ingress'] });
  await fixture.change(balancerNode('n2'));
  assert.equal(fixture.take(), { [IP]: [] });
});

test('of nodes that the API has not heard of a minority does not announce, and a majority is not counted', async () => {
  const oneOf = bgpClass({ bgp: { maxNodes: 1 } });
  const nodes = [balancerNode('n2'), balancerNode('n3')];
  const fixture = await Fixture.of(child(), published(), served(onN2), oneOf, TOR, ...nodes);
  // By sha256('node#203.0.113.1') it is n2, then n3, then n1.
  await fixture.change(balancerNode('n1', LATE));
  await fixture.change(balancerNode('n3', { annotations: { [DRAIN]: '' } }));
  assert.equal(fixture.take(), {});
  await fixture.change(balancerNode('n2', { annotations: { [DRAIN]: '' } }));
  assert.equal(fixture.take(), { [IP]: ['ingress'] }, 'all that stay are late');
  await fixture.change(balancerNode('n2', LATE));
  assert.equal(fixture.take(), { [IP]: [] }, 'and n2 among them');
  await fixture.change(balancerNode('n2', { annotations: { [DRAIN]: '' } }));
  assert.equal(fixture.take(), { [IP]: ['ingress'] });
  await fixture.change(balancerNode('n3'));
  assert.equal(fixture.take(), { [IP]: [] }, 'one that is not late is there');
});

test('a node without a router that is told of the class is none of those that a class leaves an IP to', async () => {
  const ofRack = (rack: string) => ({ labels: { role: 'ingress', rack } });
  const nodes = [balancerNode('n1', ofRack('a')), balancerNode('n2', ofRack('b'))];
  const onRack = (name: string, rack: string) => ({
    ...TOR,
    metadata: { ...TOR.metadata, name },
    spec: { ...TOR.spec, nodeSelectors: [{ matchLabels: { rack } }] },
  });
  const oneOf = (bgp = {}) => bgpClass({ bgp: { maxNodes: 1, ...bgp } });
  const objects = [child(), published(), served(onN2), ...nodes];
  const fixture = await Fixture.of(...objects, oneOf(), onRack('tor', 'a'));
  assert.equal(fixture.take(), { [IP]: ['ingress'] });
  await fixture.change(onRack('tor-b', 'b'));
  assert.equal(fixture.take(), { [IP]: [] }, 'n2 comes first');
  await fixture.change(oneOf({ peers: ['tor'] }));
  assert.equal(fixture.take(), { [IP]: ['ingress'] });
});

test.run();
