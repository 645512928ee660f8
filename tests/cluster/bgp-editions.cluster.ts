import * as assert from 'uvu/assert';
import { until } from '../../lab/exec.ts';
import { collectionPath, objectPath } from '../../lab/kubernetes/kinds.ts';
import { listAt, valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { bgpPeer, ONE_OF_EACH } from '../support/bgp-objects.ts';
import { ipAddressPool } from '../support/metallb-objects.ts';
import { type AdmissionBench, withAdmission } from './admission-bench.ts';
import type { ClusterScenario } from './cluster-scenario.ts';

const REFUSAL =
  'BGP needs edition EE, FE or CSE-Pro, and this is CE: it has no effect; ARP and NDP are as they were';
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
          for (const object of [...ONE_OF_EACH, POOL]) {
            await bench.api.ask('DELETE', pathOf(object));
          }
        }
      }),
  },
];

async function playEditions(bench: AdmissionBench): Promise<void> {
  await bench.api.send('POST', '/api/v1/nodes', NODE);
  const withBgp = bench.startController(undefined, ['--edition=EE']);
  await bench.judging();
  for (const object of [POOL, ...ONE_OF_EACH]) {
    assert.equal(await bench.apply([], manifestOf(object)), {
      ...{ accepted: true, warnings: [], refusal: undefined },
    });
  }
  await allSay(bench, 'True/Accepted: in force');
  assert.is(await advertised(bench), 'by BGPAdvertisement all');
  await withBgp.killTree();

  bench.startController(undefined, ['--edition=CE']);
  await bench.judging();
  await allSay(bench, `False/EditionRequired: ${REFUSAL}`);
  await until({ what: 'an Event of each', deadlineMs: 10_000 }, async () => {
    const told = (await events(bench)).filter(({ reason }) => reason === 'EditionRequired');
    return (
      told
        .map(({ involvedObject }) => involvedObject.kind)
        .sort()
        .join() === [...NAMES].sort().join()
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

async function allSay(bench: AdmissionBench, expected: string): Promise<void> {
  let said: string[] = [];
  const what = () => `each says ${expected}: ${said.join(' | ')}`;
  await until({ what, deadlineMs: 20_000 }, async () => {
    said = await Promise.all(ONE_OF_EACH.map((object) => conditionOf(bench, object, 'Accepted')));
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
