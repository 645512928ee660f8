import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { listAt, valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import { type Manifest, RENDERED } from './rendered.ts';

interface Pods {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ports: readonly (string | number)[];
}

/** Of one case: what its Deployments and DaemonSets make. */
function podsOf(manifests: readonly Manifest[]): Pods[] {
  return manifests
    .filter(({ kind }) => kind === 'Deployment' || kind === 'DaemonSet')
    .flatMap(({ metadata, spec }) => {
      if (spec?.template === undefined) return [];
      const { metadata: own, spec: pod } = spec.template;
      const ports = pod.containers.flatMap((container) => container.ports);
      const names = ports.flatMap(({ name, containerPort }) => [name, containerPort]);
      return [{ name: metadata.name, labels: own.labels, ports: names }];
    });
}

/** Where each kind says which pods it is about, and which of their ports. */
const SELECTING: Readonly<Record<string, readonly [selector: string[], ports: Ports]>> = {
  PodDisruptionBudget: [['selector', 'matchLabels'], () => []],
  Service: [['selector'], (spec) => namesOf(listAt(spec, 'ports'), 'targetPort')],
  NetworkPolicy: [
    ['podSelector', 'matchLabels'],
    (spec) => listAt(spec, 'ingress').flatMap((rule) => namesOf(listAt(rule, 'ports'), 'port')),
  ],
  PodMonitor: [
    ['selector', 'matchLabels'],
    (spec) => namesOf(listAt(spec, 'podMetricsEndpoints'), 'port'),
  ],
};

type Ports = (spec: unknown) => unknown[];

function namesOf(list: readonly unknown[], member: string): unknown[] {
  return list.map((entry) => valueAt(entry, member));
}

for (const [caseName, manifests] of RENDERED) {
  const pods = podsOf(manifests);
  for (const { kind, metadata, spec } of manifests) {
    const where = SELECTING[kind];
    if (where === undefined) continue;
    const [path, portsOf] = where;

    test(`${caseName}: ${kind} ${metadata.name} is about the pods of one program and ports that they have`, () => {
      const selector = Object.entries((valueAt(spec, ...path) ?? {}) as Record<string, string>);
      assert.ok(selector.length > 0, 'it is about all pods');
      const chosen = pods.filter(({ labels }) =>
        selector.every(([label, value]) => labels[label] === value),
      );
      assert.is(chosen.length, 1, `selects ${chosen.map(({ name }) => name)}`);
      const missing = portsOf(spec).filter((port) => !chosen[0]?.ports.includes(port as string));
      assert.equal(missing, []);
    });
  }
}

test('in every case somebody selects pods', () => {
  for (const [caseName, manifests] of RENDERED) {
    const kinds = new Set(manifests.map(({ kind }) => kind).filter((kind) => kind in SELECTING));
    const expected = caseName === 'everything-set' ? 2 : 3;
    assert.ok(kinds.size >= expected, `${caseName}: ${[...kinds]}`);
  }
});

test.run();
