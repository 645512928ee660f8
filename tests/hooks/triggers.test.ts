import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import { CHILD_KIND } from '../../modules/metallb/src/api/names.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import type { Kind } from '../../modules/metallb/src/store/store.ts';
import { classOf, node, service } from '../support/cluster-objects.ts';
import { ControllerBench } from '../support/controller-bench.ts';
import { FakeShellOperator } from '../support/fake-shell-operator.ts';

/** A cluster at rest in which hooks have made two children of one Service. */
async function settledCluster() {
  const objects = [classOf('c', { isDefault: true }), node('n1'), node('n2')];
  const internal = service('internal', { spec: { type: 'ClusterIP' } });
  const nginx = service('nginx', { count: 2 });
  const bench = new ControllerBench([...objects, internal, nginx], 'shell-operator');
  const operator = new FakeShellOperator(bench.store, () => bench.clock.epochMs());
  const settle = () => bench.settle(() => operator.step());
  await settle();
  return { bench, operator, settle };
}

type Change = (object: KubernetesObject) => object;

const status =
  (added: object): Change =>
  (object) => ({
    status: { ...Object(object.status), ...added },
  });
const annotate =
  (key: string): Change =>
  ({ metadata }) => ({
    metadata: { ...metadata, annotations: { ...metadata.annotations, [key]: 'x' } },
  });
const DRAIN = 'network.deckhouse.io/drain-balancer';

const TABLE: readonly [string, Kind, string, Change, readonly string[]][] = [
  ['a Node’s heartbeat', 'Node', 'n1', status({ conditions: [{ type: 'Ready' }] }), []],
  ['an annotation that a kubelet keeps', 'Node', 'n1', annotate('volumes.kubernetes.io/x'), []],
  ['figures of a class', 'MetalLoadBalancerClass', 'c', status({ nodes: [] }), []],
  ['an announcer', CHILD_KIND, 'nginx-c-0', status({ announcer: { node: 'n1' } }), []],
  ['a Service that is no load balancer’s', 'Service', 'internal', annotate('a'), []],
  ['draining a node', 'Node', 'n1', annotate(DRAIN), ['expand-services', 'label-nodes']],
  [
    'what is said of a child',
    CHILD_KIND,
    'nginx-c-0',
    status({ conditions: [{ type: 'Assigned', status: 'False', message: 'm' }] }),
    ['fold-status'],
  ],
];

for (const [what, kind, name, change, expected] of TABLE) {
  test(`${what} changes: ${expected.length === 0 ? 'nothing runs' : `first runs ${expected}`}`, async () => {
    const { bench, operator } = await settledCluster();
    const object = bench.store.list(kind).find(({ metadata }) => metadata.name === name);
    if (object === undefined) throw new Error(`no ${kind} ${name}`);
    operator.runs.length = 0;
    bench.store.put({ ...object, ...change(object) });
    await operator.step();
    assert.equal(
      operator.runs.map(({ hook }) => hook),
      expected,
    );
  });
}

test('hooks come to rest: after the last change each runs once more and asks for nothing', async () => {
  const { operator, settle } = await settledCluster();
  const before = operator.runs.length;
  for (const hook of ['expand-services', 'fold-status', 'label-nodes']) {
    const last = operator.runs.findLast((run) => run.hook === hook);
    assert.equal(last?.operations, [], hook);
  }
  await settle();
  assert.is(operator.runs.length, before);
});

test('a child that somebody else’s hand changed or deleted is put right', async () => {
  const { bench, operator, settle } = await settledCluster();
  const children = bench.children();
  const [first, second] = bench.store.list(CHILD_KIND);
  if (first === undefined || second === undefined) throw new Error('no children');
  const annotations = { 'metallb.io/address-pool': 'c' };
  bench.store.put({ ...first, metadata: { ...first.metadata, annotations } });
  bench.store.remove({ kind: CHILD_KIND, ...second.metadata });
  await settle();
  const withoutIps = (lines: string[]) => lines.map((line) => line.replace(/ 192\S+/, ''));
  assert.equal(withoutIps(bench.children()), withoutIps(children));
  assert.equal(operator.failures, []);
});

test('a successor of a Service gets its children in the run after its predecessor’s are deleted', async () => {
  const { bench, operator, settle } = await settledCluster();
  const nginx = bench.store.get({ kind: 'Service', namespace: 'default', name: 'nginx' });
  const children = bench.store.list(CHILD_KIND);
  bench.store.remove({ kind: 'Service', namespace: 'default', name: 'nginx' });
  bench.store.put(service('nginx', { count: 2 }));
  // A garbage collector that has not come by yet.
  for (const child of children) {
    const owners = [{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: uidOf(bench, 'n1') }];
    const ownerReferences = [...(child.metadata.ownerReferences ?? []), ...owners];
    bench.store.put({ ...child, metadata: { ...child.metadata, ownerReferences } });
  }
  operator.runs.length = 0;
  await settle();
  const asked = operator.runs
    .filter(({ hook }) => hook === 'expand-services')
    .map(({ operations }) =>
      operations.map(({ operation }) => operation).filter((each) => each !== 'JSONPatch'),
    )
    .filter((each) => each.length > 0);
  assert.equal(asked, [
    ['DeleteInBackground', 'DeleteInBackground'],
    ['CreateIfNotExists', 'CreateIfNotExists'],
  ]);
  assert.is.not(
    valueAt(bench.store.list(CHILD_KIND)[0]?.metadata.ownerReferences?.[0], 'uid'),
    nginx?.metadata.uid,
  );
});

function uidOf(bench: ControllerBench, name: string): string {
  return bench.store.get({ kind: 'Node', name })?.metadata.uid ?? '';
}

test.run();
