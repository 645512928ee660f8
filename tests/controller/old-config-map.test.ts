import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { listAt, valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import { node } from '../support/cluster-objects.ts';
import { ControllerBench } from '../support/controller-bench.ts';
import { EDITIONS } from '../support/editions.ts';

const REF = { namespace: 'metallb-system', name: 'config' };
const PEERS = `peers:
- {my-asn: 64500, peer-asn: 64501, peer-address: 172.16.1.1, bfd-profile: fast}
bfd-profiles: [{name: fast}]
bgp-communities: {vpn: '64500:100'}
`;
const POOLS = `address-pools:
- {name: near, protocol: layer2, addresses: [192.0.2.0/28]}
- {name: far, protocol: bgp, addresses: [198.51.100.0/28]}
`;

function configMap(config: string) {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: REF, data: { config } };
}

async function benchWith(edition: string, config: string): Promise<ControllerBench> {
  const objects = [node('n1'), configMap(config)];
  const bench = new ControllerBench(objects, 'controller', { edition, oldConfigMap: REF });
  await bench.settle();
  return bench;
}

function stateOf({ store }: ControllerBench) {
  const { status } =
    store.get({ kind: 'ConfigurationState', namespace: REF.namespace, name: 'controller' }) ?? {};
  const found = listAt(status, 'conditions').find((one) => valueAt(one, 'type') === 'Accepted');
  const of = (field: string) => valueAt(found, field);
  return {
    result: valueAt(status, 'result'),
    errorSummary: valueAt(status, 'errorSummary'),
    accepted: found && `${of('status')}/${of('reason')}: ${of('message')}`,
  };
}

const eventsOf = ({ events }: ControllerBench) =>
  events.filter((event) => event.startsWith('ConfigurationState/'));
const refusal = (edition: string, parts: string) =>
  `ConfigMap/metallb-system/config: ${parts}: BGP needs edition EE, FE or CSE-Pro, and this is ${edition}: they have no effect; ARP and NDP are as they were`;
const ALL_PARTS = 'peers, address-pools of protocol bgp, bgp-communities, bfd-profiles';

for (const [edition, hasBgp] of EDITIONS) {
  test(`edition ${edition} ${hasBgp ? 'takes' : 'refuses'} what an old ConfigMap says of BGP: condition, one Event, metric`, async () => {
    const bench = await benchWith(edition, PEERS + POOLS);
    const sentence = refusal(edition, ALL_PARTS);
    const accepted = hasBgp ? undefined : `False/EditionRequired: ${sentence}`;
    assert.equal(stateOf(bench), { result: 'Valid', errorSummary: '', accepted });
    assert.equal(
      eventsOf(bench),
      hasBgp ? [] : [`ConfigurationState/controller Warning EditionRequired: ${sentence}`],
    );
    const counted = (await bench.metrics())
      .split('\n')
      .filter((line) => line.startsWith('metallb_edition_required_objects{'))
      .sort();
    const kinds = ['BFDProfile', 'BGPAdvertisement', 'BGPPeer', 'Community'];
    assert.equal(
      counted,
      hasBgp ? [] : kinds.map((kind) => `metallb_edition_required_objects{kind="${kind}"} 1`),
    );
    const told = bench.events.length;
    await bench.restart();
    assert.is(bench.events.length, told, 'the next controller does not say it again');
  });
}

test('only what the ConfigMap has is named, and nothing once it has no more of BGP', async () => {
  const bench = await benchWith('CE', POOLS);
  assert.match(String(stateOf(bench).accepted), refusal('CE', 'address-pools of protocol bgp'));
  bench.store.put(configMap(POOLS.replace('protocol: bgp', 'protocol: layer2')));
  await bench.settle();
  assert.equal(stateOf(bench), { result: 'Valid', errorSummary: '', accepted: undefined });
});

test('what is wrong with it is in the ConfigurationState, though nothing else changes, until it is mended', async () => {
  const bench = await benchWith('EE', PEERS + POOLS);
  bench.store.put(configMap(PEERS.replace('peer-asn: 64501', 'peer-asn: 0') + POOLS));
  await bench.settle();
  assert.match(
    String(stateOf(bench).errorSummary),
    /^ConfigMap\/metallb-system\/config: .*peers\[0\].*peer-asn.* is 0: expected/,
  );
  assert.is(stateOf(bench).result, 'Invalid');
  bench.store.put(configMap(PEERS + POOLS));
  await bench.settle();
  assert.equal(stateOf(bench), { result: 'Valid', errorSummary: '', accepted: undefined });
});

test('of a version that can’t be read, what is in force is told', async () => {
  const bench = await benchWith('CE', PEERS + POOLS);
  bench.store.put(configMap('address-pools: 7'));
  await bench.settle();
  assert.is(stateOf(bench).result, 'Invalid');
  assert.is(stateOf(bench).accepted, `False/EditionRequired: ${refusal('CE', ALL_PARTS)}`);
});

test.run();
