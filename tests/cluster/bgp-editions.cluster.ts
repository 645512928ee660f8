import * as assert from 'uvu/assert';
import { until } from '../../lab/exec.ts';
import { collectionPath, objectPath } from '../../lab/kubernetes/kinds.ts';
import { listAt, valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { bgpPeer, ONE_OF_EACH } from '../support/bgp-objects.ts';
import { classOf } from '../support/cluster-objects.ts';
import { EDITIONS } from '../support/editions.ts';
import { ipAddressPool } from '../support/metallb-objects.ts';
import { type AdmissionBench, withAdmission } from './admission-bench.ts';
import type { ClusterScenario } from './cluster-scenario.ts';

const refusalOf = (edition: string, consequence: string) =>
  `BGP needs edition EE, FE or CSE-Pro, and this is ${edition}: ${consequence}`;
const REFUSAL = refusalOf('CE', 'it has no effect; ARP and NDP are as they were');
const ONLY_BGP =
  'nobody announces its IPs, which Services keep; type L2 announces them by ARP and NDP';
const OF_BOTH = refusalOf('CE', 'its IPs are announced by ARP and NDP alone');
const CLASS = classOf('edge', { type: 'L2AndBGP', addressPool: ['198.51.100.0/28'] });
const ANOTHER_CLASS = classOf('another', { type: 'L2AndBGP', addressPool: ['203.0.113.0/28'] });
const NEW_CLASS = classOf('new', { type: 'BGP', addressPool: ['203.0.113.0/28'] });
const POOL = ipAddressPool('public', ['192.0.2.0/28']);
const NAMES = ONE_OF_EACH.map(({ kind }) => kind);

/** Objects of BGP under the controller with the chart's rights and webhook, on a real API server. */
export const scenarios: readonly ClusterScenario[] = [
  {
    name: 'bgp-editions/objects are in force with BGP, say that they need another edition without, and new ones are refused there',
    deadlineMs: 180_000,
    play: (cluster) =>
      withAdmission(cluster, async (bench) => {
        try {
          await playEditions(bench);
        } finally {
          for (const object of [...ONE_OF_EACH, CLASS, POOL]) {
            await bench.api.ask('DELETE', pathOf(object));
          }
        }
      }),
  },
  {
    name: 'bgp-editions/each of the eight says of a class of BGP what it has, and lets new ones in or not',
    isLong: true,
    deadlineMs: 240_000,
    play: (cluster) => withAdmission(cluster, playClasses),
  },
];

async function playClasses(bench: AdmissionBench): Promise<void> {
  const owner = classOf('edge', { type: 'BGP' });
  for (const [edition, hasBgp] of EDITIONS) {
    // Before anybody judges: as if from an edition that has BGP.
    await bench.api.send('POST', collectionPath(owner.kind), manifestOf(owner));
    const controller = bench.startController(undefined, [`--edition=${edition}`]);
    await bench.judging();
    const said = await bench.apply(['--dry-run=server'], manifestOf(NEW_CLASS));
    const refusal = refusalOf(edition, ONLY_BGP);
    assert.is(said.accepted, hasBgp, edition);
    assert.is(said.refusal?.endsWith(refusal) ?? true, true, said.refusal);
    await allSay(bench, hasBgp ? 'True/Accepted: in force' : `False/EditionRequired: ${refusal}`, [
      owner,
    ]);
    await bench.api.send('DELETE', pathOf(owner));
    await controller.killTree();
  }
}

async function playEditions(bench: AdmissionBench): Promise<void> {
  await bench.api.send('POST', '/api/v1/nodes', NODE);
  const withBgp = bench.startController(undefined, ['--edition=EE']);
  await bench.judging();
  for (const object of [POOL, CLASS, ...ONE_OF_EACH]) {
    assert.equal(await bench.apply([], manifestOf(object)), {
      ...{ accepted: true, warnings: [], refusal: undefined },
    });
  }
  await allSay(bench, 'True/Accepted: in force', [...ONE_OF_EACH, CLASS]);
  assert.is(await advertised(bench), 'by BGPAdvertisement all');
  const tor = manifestOf(bgpPeer('tor')) as { metadata: object };
  const annotations = { 'network.deckhouse.io/bgp-ttl-security-hop': '1' };
  const misspelt = await bench.apply([], { ...tor, metadata: { ...tor.metadata, annotations } });
  assert.match(
    misspelt.refusal ?? '',
    'admission webhook "bgp.metallb.deckhouse.io" denied the request: BGPPeer/metallb-system/tor: metadata.annotations[network.deckhouse.io/bgp-ttl-security-hop] is "1": expected another name: one of network.deckhouse.io/bgp-ttl-security-hops, ',
  );
  await withBgp.killTree();

  bench.startController(undefined, ['--edition=CE']);
  await bench.judging();
  await allSay(bench, `False/EditionRequired: ${REFUSAL}`, ONE_OF_EACH);
  await allSay(bench, `False/EditionRequired: ${OF_BOTH}`, [CLASS]);
  await until({ what: 'an Event of each', deadlineMs: 10_000 }, async () => {
    const told = (await events(bench)).filter(({ reason }) => reason === 'EditionRequired');
    return (
      told
        .map(({ involvedObject }) => involvedObject.kind)
        .sort()
        .join() === [...NAMES, CLASS.kind].sort().join()
    );
  });
  await until({ what: 'the pool says that nobody advertises it', deadlineMs: 10_000 }, async () => {
    return (await advertised(bench)).includes('no L2Advertisement names or selects the pool');
  });

  const another = await bench.apply([], manifestOf(bgpPeer('another')));
  assert.is(another.accepted, false);
  assert.match(
    another.refusal ?? '',
    `admission webhook "bgp.metallb.deckhouse.io" denied the request: ${REFUSAL}`,
  );
  const anotherClass = await bench.apply([], manifestOf(ANOTHER_CLASS));
  assert.match(
    anotherClass.refusal ?? '',
    `admission webhook "classes.metallb.deckhouse.io" denied the request: ${OF_BOTH}`,
  );
  const elsewhere = await bench.apply([], manifestOf(bgpPeer('another', {}, 'default')));
  assert.is(elsewhere.accepted, true, 'it may be another MetalLB’s');
  await bench.api.send('DELETE', objectPath('BGPPeer', 'another', 'default'));
  const changed = await bench.apply([], manifestOf(bgpPeer('tor', { myASN: 64_999 })));
  assert.equal([changed.accepted, changed.warnings], [true, [REFUSAL]]);
}

const NODE = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } };

/** As a user writes it. */
function manifestOf({ apiVersion, kind, metadata, ...rest }: KubernetesObject): object {
  const { name, namespace } = metadata;
  return { apiVersion, kind, metadata: { name, ...(namespace && { namespace }) }, ...rest };
}

function pathOf({ kind, metadata: { name, namespace } }: KubernetesObject): string {
  return objectPath(kind, name, namespace);
}

async function allSay(
  bench: AdmissionBench,
  expected: string,
  objects: readonly KubernetesObject[],
): Promise<void> {
  let said: string[] = [];
  const what = () => `each says ${expected}: ${said.join(' | ')}`;
  await until({ what, deadlineMs: 20_000 }, async () => {
    said = await Promise.all(objects.map((object) => conditionOf(bench, object, 'Accepted')));
    return said.every((one) => one === expected);
  });
}

async function advertised(bench: AdmissionBench): Promise<string> {
  return (await conditionOf(bench, POOL, 'Advertised')).replace(/^.*?: /, '');
}

/** `status/reason: message` */
async function conditionOf(bench: AdmissionBench, object: KubernetesObject, type: string) {
  const { status } = (await bench.api.get(pathOf(object))) as KubernetesObject;
  const found = listAt(status, 'conditions').find((one) => valueAt(one, 'type') === type);
  const of = (field: string) => valueAt(found, field);
  return `${of('status')}/${of('reason')}: ${of('message')}`;
}

interface ToldEvent {
  readonly reason: string;
  readonly involvedObject: { readonly kind: string };
}

async function events(bench: AdmissionBench): Promise<readonly ToldEvent[]> {
  const { items } = (await bench.api.get(collectionPath('Event'))) as { items: ToldEvent[] };
  return items;
}
