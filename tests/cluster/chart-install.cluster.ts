import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { until } from '../../lab/exec.ts';
import { PATCH } from '../../lab/kubernetes/api.ts';
import { objectPath } from '../../lab/kubernetes/kinds.ts';
import { valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import { LABEL } from '../../modules/metallb/src/api/names.ts';
import type { ClusterScenario, TestCluster } from './cluster-scenario.ts';
import { RELEASE } from './helm.ts';
import { hookWritersDuring } from './hook-rights.ts';
import { Installation } from './installation.ts';

/** Kubernetes refuses a larger Secret, and Helm keeps each release in one. */
const SECRET_LIMIT_BYTES = 1_048_576;
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const WEBHOOKS = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/metallb';
const OF_NAMESPACE = [
  ...['all', 'leases', 'secrets', 'configmaps', 'serviceaccounts', 'roles', 'rolebindings'],
  ...['networkpolicies', 'poddisruptionbudgets', 'controllerrevisions', 'endpointslices'],
].join(',');
const OF_CLUSTER = [
  ...['clusterroles', 'clusterrolebindings', 'validatingwebhookconfigurations'],
].join(',');
/** Kubernetes makes them in every namespace. */
const EVERYWHERE = ['configmap/kube-root-ca.crt', 'serviceaccount/default'];
const WRITTEN = { holderIdentity: 'pod_a', leaseDurationSeconds: 3, leaseTransitions: 7 };
const CERTIFICATE = { 'tls.crt': 'YQ==', 'tls.key': 'Yg==', 'ca.crt': 'Yw==' };

const PULLABLE = { image: { repository: 'registry.local/metallb' } };

type Play = (installation: Installation, cluster: TestCluster) => Promise<void>;

/** The chart on a real API server. Each begins without a release and ends without one. */
export const scenarios: readonly ClusterScenario[] = [
  begin('definitions come with it, and the API server has nothing to say', async (own, cluster) => {
    const before = await definitionsOf(cluster);
    for (const name of before) await cluster.api.send('DELETE', `${DEFINITIONS}/${name}`);
    await until({ what: 'definitions gone', deadlineMs: 20_000 }, async () => {
      return (await definitionsOf(cluster)).length === 0;
    });
    const said = await own.install(PULLABLE);
    assert.not.match(said, /warn/i);
    assert.match(said, 'MetalLoadBalancerClass');
    assert.equal(await definitionsOf(cluster), before);
  }),

  begin('helm says what keeps pods from starting, and nothing where nothing does', warnings),

  begin('52, 53: speakers are where the label of balancer nodes is, nowhere without it', speakers),

  begin('what Helm keeps of it is far below the limit, and no source code', async (own) => {
    await own.install();
    const secret = await own.secret(`sh.helm.release.v1.${RELEASE}.v1`);
    const { data } = secret as { data: { release: string } };
    const stored = Buffer.from(data.release, 'base64').toString();
    assert.ok(stored.length < SECRET_LIMIT_BYTES / 4, `${stored.length} bytes`);
    const { chart } = JSON.parse(gunzipSync(Buffer.from(stored, 'base64')).toString()) as {
      chart: { files: { name: string }[] };
    };
    const folders = new Set(chart.files.map(({ name }) => name.split('/')[0]));
    assert.equal([...folders].sort(), ['crds', 'monitoring']);
  }),

  begin(
    'upgrades and a rollback leave what the controller wrote, and bring back what somebody deleted',
    async (own, cluster) => {
      await own.install();
      const caBundle = readFileSync(cluster.plane.caFile).toString('base64');
      const ours = (await authoritiesOf(cluster)).map(() => caBundle);
      assert.ok(ours.length > 0);
      const patch = ours.map((value, index) => ({
        ...{ op: 'add', path: `/webhooks/${index}/clientConfig/caBundle`, value },
      }));
      await cluster.api.send('PATCH', WEBHOOKS, patch, 'application/json-patch+json');
      await own.write(WRITTEN, CERTIFICATE);
      await own.upgrade({ logLevel: 'debug' });
      assert.equal(await authoritiesOf(cluster), ours);
      await own.hasWritten(WRITTEN, CERTIFICATE);
      await own.rollback(1);
      assert.equal(await authoritiesOf(cluster), ours);
      await own.hasWritten(WRITTEN, CERTIFICATE);
      await own.deleteWritten();
      await own.upgrade({ logLevel: 'debug' });
      await own.hasWritten({}, undefined);
    },
  ),

  {
    ...begin(
      'the right to write what hooks write passes from one runner to the other',
      async (own, cluster) => {
        const duringUpgrade = (hookRunner: string) =>
          hookWritersDuring(cluster.api, own.namespace, own.upgrade({ hookRunner }));
        await own.install({ hookRunner: 'shell-operator' });
        assert.equal(await duringUpgrade('controller'), ['shell-operator', 'controller']);
        assert.equal(await duringUpgrade('shell-operator'), ['controller', 'shell-operator']);
      },
    ),
    isLong: true,
  },

  begin(
    'keys rotate only when they are to, and so that nodes before and after understand each other',
    rotate,
  ),

  begin(
    'an uninstallation leaves nothing but the definitions, and the label of nodes where it is told to',
    purge,
  ),
];

function begin(sentence: string, play: Play): ClusterScenario {
  return {
    name: `chart/install: ${sentence}`,
    // Some wait for nodes to take over twice, beside everything else that a busy machine does.
    deadlineMs: 300_000,
    play: async (cluster) => {
      const installation = new Installation(cluster);
      try {
        await play(installation, cluster);
      } finally {
        await installation.remove();
      }
    },
  };
}

async function isEmpty(own: Installation, { plane }: TestCluster): Promise<void> {
  let left: string[] = [];
  const what = () => `nothing left, there is ${left.join(' ')}`;
  await until({ what, deadlineMs: 20_000 }, async () => {
    const all = [
      await plane.kubectl(['get', OF_NAMESPACE, '--namespace', own.namespace, '--output=name']),
      await plane.kubectl(['get', OF_CLUSTER, '--output=name']),
    ];
    const [inNamespace = [], ofCluster = []] = all.map((text) => text.split('\n'));
    left = [
      ...inNamespace.filter((name) => name !== '' && !EVERYWHERE.includes(name)),
      ...ofCluster.filter((name) => name.includes('metallb')),
    ];
    return left.length === 0;
  });
}

async function warnings(own: Installation, { api }: TestCluster): Promise<void> {
  assert.match(await own.install(), 'registry.example.com/metallb, which is only an example');
  const said = await own.upgrade(PULLABLE);
  assert.not.match(said, 'WARNING');
  const labels = { 'pod-security.kubernetes.io/enforce': 'baseline' };
  await api.send(
    'PATCH',
    objectPath('Namespace', own.namespace),
    { metadata: { labels } },
    PATCH.merge,
  );
  const again = await own.upgrade(PULLABLE);
  assert.match(again, 'admits pods of the security level baseline only');
}

/** Cases 52 and 53 of Deckhouse's module, whose chart has no speakers without classes: here they have no node. */
async function speakers(own: Installation, { api }: TestCluster): Promise<void> {
  const nodes = ['plain', 'member'];
  for (const name of nodes) {
    await api.send('POST', '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name } });
  }
  const wanted = async (count: number) => {
    const what = `${count} speakers`;
    await until({ what, deadlineMs: 20_000 }, async () => {
      const { metadata, status } = await own.speaker();
      const isSeen = status['observedGeneration'] === metadata.generation;
      return isSeen && status['desiredNumberScheduled'] === count;
    });
  };
  try {
    await own.install();
    // In this order: of a label that goes, Kubernetes takes notice where a Pod is bound, as in the journey of node labels.
    await wanted(0);
    const metadata = { labels: { [LABEL.member]: '' } };
    await api.send('PATCH', '/api/v1/nodes/member', { metadata }, PATCH.merge);
    await wanted(1);
  } finally {
    for (const name of nodes) await api.ask('DELETE', `/api/v1/nodes/${name}`);
  }
}

/** A Node as the module leaves it, and an uninstallation with and without its Job. */
async function purge(own: Installation, cluster: TestCluster): Promise<void> {
  const { api } = cluster;
  const metadata = { name: 'member', labels: { [LABEL.member]: '' } };
  await api.send('POST', '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata });
  const isMember = async () => {
    const node = await api.get('/api/v1/nodes/member');
    return valueAt(node, 'metadata', 'labels', LABEL.member) === '';
  };
  try {
    await own.install({ purgeOnUninstall: false });
    await own.uninstall();
    assert.ok(await isMember(), 'without the Job the label stays');
    const before = await definitionsOf(cluster);
    await own.install();
    await own.write({ ...WRITTEN, holderIdentity: '' }, CERTIFICATE);
    await own.uninstall();
    assert.not.ok(await isMember(), 'the Job takes the label away');
    await isEmpty(own, cluster);
    assert.equal(await definitionsOf(cluster), before);
  } finally {
    await api.ask('DELETE', '/api/v1/nodes/member');
  }
}

async function rotate(own: Installation): Promise<void> {
  await own.install();
  const { metadata } = await own.speaker();
  let before = await own.heartbeatKeys();
  assert.is(before.length, 1);
  await own.upgrade();
  assert.equal(await own.heartbeatKeys(), before, 'without a change');
  // As far as a rotation raises the setting, it is one.
  for (const rotation of [1, 2, 7, 8]) {
    await own.upgrade({ heartbeat: { rotation } });
    const after = await own.heartbeatKeys();
    assert.not.ok(before.includes(after[0] ?? ''), 'no new key');
    assert.equal(after.slice(1), before.slice(0, 3), 'the keys of before');
    before = after;
  }
  await own.upgrade({ heartbeat: { rotation: 8 } });
  assert.equal(await own.heartbeatKeys(), before, 'rotated already');
  assert.is((await own.speaker()).metadata.generation, metadata.generation, 'pods restart');
}

async function definitionsOf({ api }: TestCluster): Promise<string[]> {
  const { items } = (await api.get(DEFINITIONS)) as { items: { metadata: { name: string } }[] };
  return items.map(({ metadata }) => metadata.name);
}

async function authoritiesOf({ api }: TestCluster): Promise<(string | undefined)[]> {
  const { webhooks } = (await api.get(WEBHOOKS)) as {
    webhooks: { clientConfig: { caBundle?: string } }[];
  };
  return webhooks.map(({ clientConfig }) => clientConfig.caBundle);
}
