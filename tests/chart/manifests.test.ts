import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Manifest, podOf, RENDERED, the, WITH_SHELL_OPERATOR } from './rendered.ts';

const DECKHOUSE = ['deckhouse', 'deckhouse-small'];
const CLUSTER_SCOPED = /^(?:ClusterRole|ClusterRoleBinding|Namespace|Validating\w+|Grafana\w+)$/;

test('there are manifests of every case', () => {
  assert.equal(
    [...RENDERED.keys()].sort(),
    [...DECKHOUSE, 'defaults', 'everything-set', 'prometheus-operator', 'shell-operator'].sort(),
  );
});

const keyOf = ({ kind, metadata }: Manifest) => `${kind} ${metadata.namespace} ${metadata.name}`;

for (const [caseName, manifests] of RENDERED) {
  const inDeckhouse = DECKHOUSE.includes(caseName);
  const has = (kind: string, name: string) =>
    manifests.some((each) => each.kind === kind && each.metadata.name === name);

  test(`${caseName}: nothing is there twice`, () => {
    const keys = manifests.map(keyOf);
    assert.is(new Set(keys).size, keys.length);
  });

  test(`${caseName}: labels and namespaces are those of ${inDeckhouse ? 'Deckhouse' : 'Helm'}`, () => {
    for (const { kind, metadata } of manifests) {
      const { labels, namespace } = metadata;
      assert.is(labels['module'], 'metallb', metadata.name);
      assert.is(labels['heritage'], inDeckhouse ? 'deckhouse' : undefined);
      assert.is(labels['app.kubernetes.io/managed-by'], inDeckhouse ? undefined : 'Helm');
      if (CLUSTER_SCOPED.test(kind)) assert.is(namespace, undefined, metadata.name);
      else if (kind === 'PodMonitor' && inDeckhouse) assert.is(namespace, 'd8-monitoring');
      else assert.is(namespace, inDeckhouse ? 'd8-metallb' : 'metallb-system', metadata.name);
    }
  });

  test(`${caseName}: Deckhouse's own kinds are only in Deckhouse`, () => {
    const foreign = manifests.filter(
      ({ apiVersion, metadata }) =>
        /deckhouse|autoscaling/.test(apiVersion) ||
        /^d8:(?:manage|user-authz)|rbac-proxy/.test(metadata.name),
    );
    assert.is(foreign.length > 0, inDeckhouse);
  });

  test(`${caseName}: no role has a wildcard`, () => {
    for (const { metadata, rules = [] } of manifests) {
      for (const rule of rules) {
        const words = [...rule.apiGroups, ...rule.resources, ...rule.verbs];
        assert.not.ok(words.includes('*'), metadata.name);
      }
    }
  });

  test(`${caseName}: ServiceAccounts give their token to no other pod`, () => {
    const operator = WITH_SHELL_OPERATOR.includes(caseName) ? ['shell-operator'] : [];
    for (const name of ['controller', 'speaker', ...operator]) {
      assert.is(the('ServiceAccount', name, caseName).automountServiceAccountToken, false);
    }
  });

  test(`${caseName}: ports that Services lead to are ports of the pods`, () => {
    for (const { spec, metadata } of manifests.filter(({ kind }) => kind === 'Service')) {
      const pods = podOf('Deployment', spec?.selector?.app ?? '', caseName).containers;
      const names = pods.flatMap(({ ports }) => ports.map(({ name }) => name));
      for (const { targetPort } of spec?.ports ?? []) {
        assert.ok(names.includes(targetPort), `${metadata.name}: ${targetPort}`);
      }
    }
  });

  test(`${caseName}: the webhook leads to its Service and never stands in the way`, () => {
    const configured = manifests.flatMap(({ webhooks = [] }) => webhooks);
    for (const { clientConfig, failurePolicy } of configured) {
      assert.ok(has('Service', clientConfig.service.name));
      assert.is(failurePolicy, 'Ignore');
    }
    // One case has no webhook.
    assert.is(configured.length, caseName === 'everything-set' ? 0 : 3);
  });

  test(`${caseName}: Prometheus Operator's kinds are there only with it`, () => {
    const found = manifests.filter(({ apiVersion }) => apiVersion.startsWith('monitoring.'));
    const expected = ['prometheus-operator', 'deckhouse'].includes(caseName) ? 3 : 0;
    assert.is(found.length, expected);
  });
}

test('a Prometheus that chooses by labels finds all that is for it', () => {
  const found = RENDERED.get('prometheus-operator')?.filter(({ apiVersion }) =>
    apiVersion.startsWith('monitoring.'),
  );
  const releases = found?.map(({ metadata }) => metadata.labels['release']);
  assert.equal(releases, Array(3).fill('kube-prometheus-stack'));
});

test('with heartbeatSecretName the chart makes no keys', () => {
  const kinds = RENDERED.get('everything-set')?.map(({ kind }) => kind) ?? [];
  assert.not.ok(kinds.includes('Secret'));
});

test('one controller where Deckhouse has one control-plane node, two elsewhere', () => {
  const replicas = (caseName: string) => the('Deployment', 'controller', caseName).spec?.replicas;
  assert.equal(
    ['defaults', 'deckhouse', 'deckhouse-small', 'everything-set'].map(replicas),
    [2, 2, 1, 1],
  );
});

test.run();
