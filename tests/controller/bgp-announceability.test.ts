import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { listAt, valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import {
  bgpAdvertisement,
  bgpPeer,
  community,
  configuration,
  router,
} from '../support/bgp-objects.ts';
import { node } from '../support/cluster-objects.ts';
import { ControllerBench } from '../support/controller-bench.ts';
import { ipAddressPool, l2Advertisement, plainService } from '../support/metallb-objects.ts';

const POOL = ipAddressPool('public', ['192.0.2.0/24']);
const NOWHERE = { nodeSelectors: [{ matchLabels: { role: 'edge' } }] };
const FOR_WEB = { serviceSelectors: [{ matchLabels: { app: 'web' } }] };

const AGGREGATE = { aggregationLength: 24 };
const UNDER_LOCAL =
  'BGPAdvertisement metallb-system/wide: spec.aggregationLength is 24: expected 32 under externalTrafficPolicy Local, where only nodes with an endpoint announce and an aggregate stands for the IPs of all; 192.0.2.0 is not announced by it';

async function benchWith(edition: string, objects: readonly KubernetesObject[]) {
  const web = plainService('web', { labels: { app: 'web' } });
  const bench = new ControllerBench([node('n1'), POOL, web, ...objects], 'controller', { edition });
  await bench.settle();
  return bench;
}

/** What the Service says of who announces it, and the pool of who advertises it. */
function said(bench: ControllerBench) {
  const prefix = 'network.deckhouse.io/ips-announceable=False: ';
  const service = bench.conditions('web').find((condition) => condition.startsWith(prefix));
  const { namespace } = POOL.metadata;
  const { status } = bench.store.get({ kind: 'IPAddressPool', namespace, name: 'public' }) ?? {};
  const advertised = listAt(status, 'conditions').find(
    (one) => valueAt(one, 'type') === 'Advertised',
  );
  return [service?.slice(prefix.length), valueAt(advertised, 'message')];
}

const NOBODY = 'its addresses are given to Services, and nobody answers for them: ';
const ROWS: readonly [
  name: string,
  edition: string,
  objects: readonly KubernetesObject[],
  service: string | undefined,
  pool: string,
][] = [
  [
    'a pool that only BGP advertises is announced',
    'EE',
    [bgpAdvertisement('spine'), bgpPeer('tor')],
    undefined,
    'by BGPAdvertisement spine',
  ],
  [
    'so is one that a configuration advertises',
    'EE',
    [router('spine'), configuration('edge', ['spine'], [{ poolNames: ['public'] }])],
    undefined,
    'by BGPAdvertisement edge-adv-0',
  ],
  [
    'in an edition without BGP it is not',
    'CE',
    [bgpAdvertisement('spine'), bgpPeer('tor')],
    'nobody answers for an IP of pool public: no L2Advertisement names or selects it',
    `${NOBODY}no L2Advertisement names or selects the pool`,
  ],
  [
    'with BGP, what is missing may be either',
    'EE',
    [],
    'nobody answers for an IP of pool public: no L2Advertisement or BGPAdvertisement names or selects it',
    `${NOBODY}no L2Advertisement or BGPAdvertisement names or selects the pool`,
  ],
  [
    'both advertise it',
    'EE',
    [bgpAdvertisement('spine'), bgpPeer('tor'), l2Advertisement('all')],
    undefined,
    'by L2Advertisement all; by BGPAdvertisement spine',
  ],
  [
    'routes of a node that is not there',
    'EE',
    [bgpAdvertisement('spine', NOWHERE), bgpPeer('tor')],
    'spec.nodeSelectors of BGPAdvertisement spine select no node',
    'by BGPAdvertisement spine',
  ],
  [
    'routes to a router of other nodes',
    'EE',
    [bgpAdvertisement('spine'), bgpPeer('tor', NOWHERE)],
    'no BGPPeer of BGPAdvertisement spine is for a node that it selects',
    'by BGPAdvertisement spine',
  ],
  [
    'neither can: both are told',
    'EE',
    [bgpAdvertisement('spine'), l2Advertisement('one', { spec: NOWHERE })],
    'spec.nodeSelectors of L2Advertisement one select no node; no BGPPeer of BGPAdvertisement spine is for a node that it selects',
    'by L2Advertisement one; by BGPAdvertisement spine',
  ],
  [
    'one of both is enough',
    'EE',
    [bgpAdvertisement('spine'), bgpPeer('tor'), l2Advertisement('one', { spec: NOWHERE })],
    undefined,
    'by L2Advertisement one; by BGPAdvertisement spine',
  ],
  [
    'routes of other Services',
    'EE',
    [
      bgpAdvertisement('spine', { serviceSelectors: [{ matchLabels: { app: 'db' } }] }),
      bgpPeer('tor'),
    ],
    'nobody answers for an IP of pool public: spec.serviceSelectors of BGPAdvertisement spine do not select this Service',
    'by BGPAdvertisement spine',
  ],
  [
    'two advertisements that prefer this Service differently are told, although somebody answers',
    'EE',
    [
      bgpAdvertisement('one', { localPref: 100, ...FOR_WEB }),
      ...[bgpAdvertisement('two', { localPref: 200 }), bgpPeer('tor'), l2Advertisement('all')],
    ],
    'BGPAdvertisements metallb-system/one and metallb-system/two have another localPref (100, 200) for the same prefix and peer: not announced by BGP until they agree',
    'by L2Advertisement all; by BGPAdvertisement one, two',
  ],
];
for (const [name, edition, objects, service, pool] of ROWS) {
  test(name, async () => {
    assert.equal(said(await benchWith(edition, objects)), [service, pool]);
  });
}

const LOCAL: [string, KubernetesObject[], string | undefined][] = [
  ['of which only an aggregate is announced', [bgpAdvertisement('wide', AGGREGATE)], UNDER_LOCAL],
  [
    'that ARP and NDP announce, too',
    [bgpAdvertisement('wide', AGGREGATE), l2Advertisement('all')],
    UNDER_LOCAL,
  ],
  [
    'that is announced by itself to the same routers',
    [bgpAdvertisement('wide', { ...AGGREGATE, peers: ['tor'] }), bgpAdvertisement('whole')],
    undefined,
  ],
  [
    'that is announced by itself to other routers',
    [bgpAdvertisement('wide', AGGREGATE), bgpAdvertisement('whole', { peers: ['tor'] })],
    UNDER_LOCAL,
  ],
];
for (const [name, objects, expected] of LOCAL) {
  test(`a Service of policy Local ${name}`, async () => {
    const policy = { externalTrafficPolicy: 'Local' };
    const web = plainService('web', { spec: policy });
    const bench = await benchWith('EE', [bgpPeer('tor'), ...objects]);
    assert.is(said(bench)[0], undefined, 'of policy Cluster it says nothing');
    bench.change(web);
    await bench.settle();
    assert.is(said(bench)[0], expected);
  });
}

test('a Service follows a name for a community without which one of two that conflict is not announced', async () => {
  const bench = await benchWith('EE', [
    bgpAdvertisement('one', { localPref: 100, communities: ['vpn'] }),
    ...[bgpAdvertisement('two', { localPref: 200 }), bgpPeer('tor')],
  ]);
  assert.is(said(bench)[0], undefined);
  bench.store.put(community('names', 'vpn'));
  await bench.settle();
  assert.match(String(said(bench)[0]), 'metallb-system/one and metallb-system/two have another');
});

test.run();
