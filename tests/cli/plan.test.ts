import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CHILD_KIND } from '../../modules/metallb/src/api/names.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import type { Change } from '../../modules/metallb/src/cli/apply-change.ts';
import { CommandFailure } from '../../modules/metallb/src/cli/failure.ts';
import { plain } from '../../modules/metallb/src/cli/paint.ts';
import { planChange } from '../../modules/metallb/src/cli/plan.ts';
import { movesSomething, type PlanReport } from '../../modules/metallb/src/cli/plan-report.ts';
import { formatPlan } from '../../modules/metallb/src/cli/plan-text.ts';
import { PLANNED_KINDS } from '../../modules/metallb/src/cli/planned-kinds.ts';
import type { ObjectRef } from '../../modules/metallb/src/store/store.ts';
import { sliceOf } from '../support/cluster.ts';
import { classOf, node, service } from '../support/cluster-objects.ts';
import { ControllerBench } from '../support/controller-bench.ts';

const LB = { lb: '' };
const INGRESS = classOf('ingress', { isDefault: true, nodeSelector: LB });
const NODES = ['n1', 'n2', 'n3'].map((name) => node(name, LB));
const NO_CHANGE: Change = { files: [], deleted: [], excluded: [], drained: [] };

/** What a controller has made of these objects. */
async function settled(...objects: KubernetesObject[]): Promise<ControllerBench> {
  const bench = new ControllerBench([...NODES, INGRESS, ...objects]);
  await bench.settle();
  return bench;
}

function objectsOf(bench: ControllerBench): KubernetesObject[] {
  return PLANNED_KINDS.flatMap((kind) => bench.store.list(kind));
}

function plan(
  bench: ControllerBench,
  change: Partial<Change>,
  failed: readonly string[] = [],
): Promise<PlanReport> {
  const nowEpochMs = bench.clock.epochMs();
  const input = { objects: objectsOf(bench), mode: 'apply', nowEpochMs, failed } as const;
  return planChange({ ...input, change: { ...NO_CHANGE, ...change } });
}

/** A file that holds these objects as users write them. */
function file(...objects: object[]): Change['files'] {
  return objects.map((object) => ({ name: 'change.yaml', text: JSON.stringify(object) }));
}

function written({ apiVersion, kind, metadata, spec }: KubernetesObject): object {
  const { name, namespace, labels, annotations } = metadata;
  return { apiVersion, kind, metadata: { name, namespace, labels, annotations }, spec };
}

const asLines = ({ ips }: PlanReport) =>
  ips.map(({ service, ip, change, before, after }) => {
    const place = [before?.announcer, after?.announcer].map((name) => name ?? '-').join('→');
    return `${service} ${ip} ${change} ${place}`;
  });

test('nothing moves where nothing changes', async () => {
  const bench = await settled(service('nginx', { count: 3 }));
  const report = await plan(bench, {});
  assert.equal(report, {
    ips: [],
    unchangedIps: 3,
    withoutIp: [],
    notTakenOver: [],
    conditions: [],
    balancerNodes: { joins: [], leaves: [] },
    underWay: undefined,
  });
  assert.not(movesSomething(report));
});

test('a class that reassigns: which IP is taken back, and which comes in its place', async () => {
  const bench = await settled(service('nginx', { count: 2 }));
  const shrunk = classOf('ingress', {
    ...{ isDefault: true, nodeSelector: LB },
    ...{ addressPool: ['192.0.2.11-192.0.2.19'], whenOutOfPool: 'Reassign' },
  });
  const report = await plan(bench, { files: file(written(shrunk)) });
  assert.equal(asLines(report), [
    'default/nginx 192.0.2.10 goes n3→-',
    'default/nginx 192.0.2.12 appears -→n3',
  ]);
});

test('what a plan is made of is not changed by it', async () => {
  const bench = await settled(service('nginx', { count: 3 }));
  const before = structuredClone(objectsOf(bench));
  await plan(bench, { deleted: ['service/nginx', 'node/n1'] });
  assert.equal(objectsOf(bench), before);
});

/** The same change, made for real. */
function make(bench: ControllerBench, change: Partial<Change>): void {
  const { files = [], deleted = [], excluded = [], drained = [] } = change;
  for (const { text } of files) bench.change(JSON.parse(text));
  for (const ref of deleted) bench.store.remove(refOf(ref));
  for (const name of excluded) {
    const label = { 'node.kubernetes.io/exclude-from-external-load-balancers': '' };
    bench.change(node(name, { ...LB, ...label }));
  }
  for (const name of drained) {
    bench.change(node(name, LB, { 'network.deckhouse.io/drain-balancer': 'true' }));
  }
}

function refOf(written: string): ObjectRef {
  const [word, ...rest] = written.split('/');
  const name = rest.at(-1) ?? '';
  if (word === 'node') return { kind: 'Node', name };
  if (word === 'class') return { kind: 'MetalLoadBalancerClass', name };
  return { kind: 'Service', namespace: 'default', name };
}

const CHANGES: readonly [name: string, change: Partial<Change>][] = [
  ['a higher count', { files: file(written(service('nginx', { count: 5 }))) }],
  ['a lower count', { files: file(written(service('nginx', { count: 1 }))) }],
  ['a node less', { deleted: ['node/n2'] }],
  ['a node more', { files: file(written(node('n4', LB))) }],
  ['an excluded node', { excluded: ['n3'] }],
  ['a drained node', { drained: ['n1'] }],
  ['a Service less', { deleted: ['service/default/web'] }],
  ['a class less', { deleted: ['class/ingress'] }],
  [
    'a smaller pool',
    {
      files: file(
        written(classOf('ingress', { isDefault: true, addressPool: ['192.0.2.10-192.0.2.11'] })),
      ),
    },
  ],
  ['requested IPs', { files: file(written(service('web', { ips: '192.0.2.19' }))) }],
];
for (const [name, change] of CHANGES) {
  test(`the plan for ${name} is what the controller then does`, async () => {
    const services = [service('nginx', { count: 3 }), service('web'), service('api', { count: 2 })];
    const bench = await settled(...services);
    const before = new Map(bench.children().map((text) => [text.split(' ')[1], text]));
    const report = await plan(bench, change);

    make(bench, change);
    await bench.settle();
    const after = new Map(bench.children().map((text) => [text.split(' ')[1], text]));

    const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
      (ip) => before.get(ip) !== after.get(ip),
    );
    const placed = report.ips.filter(
      (move) => move.before?.preferredNode !== move.after?.preferredNode,
    );
    assert.equal(placed.map(({ ip }) => String(ip)).sort(), changed.map(String).sort());
    for (const { ip, after: place } of placed) {
      const expected = place && `${place.child} ${ip} ${place.preferredNode}`;
      assert.is(after.get(ip), expected);
    }
  });
}

test('an IP that goes, one that moves with its node, and the conditions that follow', async () => {
  const bench = await settled(service('nginx', { count: 3 }));
  const [first = ''] = bench.children();
  const holder = first.split(' ')[2] ?? '';
  const report = await plan(bench, {
    files: file(written(service('nginx', { count: 2 }))),
    drained: [holder],
  });
  const [moved, gone] = asLines(report);
  assert.match(moved ?? '', `default/nginx 192.0.2.10 moves ${holder}→`);
  assert.match(gone ?? '', /default\/nginx 192\.0\.2\.12 goes n\d→-/);
  assert.ok(movesSomething(report));
  assert.ok(
    report.conditions.some(
      ({ object, before, after }) =>
        object === 'Service default/nginx' &&
        before?.endsWith('3 of 3 public IPs were assigned') &&
        after?.endsWith('2 of 2 public IPs were assigned'),
    ),
  );
});

test('a node that fails moves announcers and nothing else', async () => {
  const bench = await settled(service('nginx', { count: 3 }));
  const report = await plan(bench, {}, ['n2']);
  assert.is(report.ips.length, 1);
  assert.match(asLines(report)[0] ?? '', /moves n2→n[13]$/);
  assert.is(report.ips[0]?.after?.preferredNode, 'n2');
  assert.equal(report.conditions, []);
});

test('with externalTrafficPolicy Local the node with endpoints announces', async () => {
  const local = { spec: { externalTrafficPolicy: 'Local' } };
  const bench = await settled(service('nginx', local));
  const endpoints = [{ nodeName: 'n1', conditions: { ready: true }, addresses: ['10.0.0.1'] }];
  const [child = ''] = bench.children();
  const elsewhere = child.endsWith('n1') ? 'n2' : 'n1';
  const slice = sliceOf('nginx', [{ ...endpoints[0], nodeName: elsewhere }]);
  const report = await plan(bench, { files: file(slice) });
  assert.match(asLines(report)[0] ?? '', new RegExp(`moves n\\d→${elsewhere}$`));
});

test('a deleted class leaves its IPs and their announcers where they are', async () => {
  const bench = await settled(service('nginx', { count: 2 }));
  const report = await plan(bench, { deleted: ['class/ingress'] });
  assert.equal(report.ips, []);
  assert.is(report.unchangedIps, 2);
  assert.match(JSON.stringify(report.conditions), /ClassNotFound/);
});

test('a Service that will wait for an IP is named, with the reason among the conditions', async () => {
  const bench = await settled(service('nginx', { count: 9 }));
  const report = await plan(bench, { files: file(written(service('web', { count: 2 }))) });
  assert.equal(report.withoutIp, ['default/web web-ingress-1']);
  assert.match(JSON.stringify(report.conditions), /no free IPv4 address/);
});

test('kubectl’s apply takes what a file said before and says no more, and keeps the rest', async () => {
  const COUNT = 'network.deckhouse.io/l2-load-balancer-external-ips-count';
  const object = service('nginx', { count: 3 });
  const applied = JSON.stringify({ metadata: { annotations: { [COUNT]: '3' } } });
  const annotations = {
    ...object.metadata.annotations,
    'kubectl.kubernetes.io/last-applied-configuration': applied,
  };
  const bare = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'nginx' } };
  const ours = await settled({ ...object, metadata: { ...object.metadata, annotations } });
  const others = await settled(object);
  const changes = await Promise.all(
    [ours, others].map(async (bench) => {
      const { ips } = await plan(bench, { files: file(bare) });
      return ips.map(({ change }) => change);
    }),
  );
  assert.equal(changes, [['goes', 'goes'], []]);
});

test('in a directory of manifests, the file is all that there is', async () => {
  const bench = await settled(service('nginx', { count: 3 }));
  const bare = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'nginx' } };
  const text = JSON.stringify({ ...bare, spec: { type: 'LoadBalancer' } });
  const report = await planChange({
    objects: objectsOf(bench),
    change: { ...NO_CHANGE, files: [{ name: 'nginx.yaml', text }] },
    failed: [],
    mode: 'replace',
    nowEpochMs: bench.clock.epochMs(),
  });
  // Without the annotation the count is 1.
  assert.equal(
    report.ips.map(({ change }) => change),
    ['goes', 'goes'],
  );
  assert.equal(report.balancerNodes, { joins: [], leaves: [] });
});

test('a Service whose owner is of a kind that a plan does not read stays', async () => {
  const object = service('nginx');
  const owner = { apiVersion: 'example.com/v1', kind: 'App', name: 'nginx', uid: 'elsewhere' };
  const ownerReferences = [{ ...owner, controller: true }];
  const owned = { ...object, metadata: { ...object.metadata, ownerReferences } };
  const report = await planChange({
    objects: [...NODES, INGRESS, owned],
    change: NO_CHANGE,
    failed: [],
    mode: 'apply',
    nowEpochMs: 0,
  });
  assert.equal(
    report.ips.map(({ change }) => change),
    ['appears'],
  );
});

test('with every node draining, whoever announces goes on', async () => {
  const bench = await settled(service('nginx'));
  const [child] = bench.store.list(CHILD_KIND);
  const preferred = bench.children()[0]?.split(' ')[2];
  const announcer = { node: preferred, since: '2023-11-14T00:00:00Z', reason: 'Assigned' };
  if (child !== undefined) {
    bench.store.put({ ...child, status: { ...(child.status as object), announcer } });
  }
  const report = await plan(bench, { drained: ['n1', 'n2', 'n3'] });
  assert.equal([report.ips, report.unchangedIps], [[], 1]);
});

test('changes that were under way before are told apart', async () => {
  const bench = await settled(service('nginx'));
  bench.store.put(service('late'));
  const report = await plan(bench, { drained: ['n1'] });
  assert.ok((report.underWay ?? 0) > 0);
  assert.not(asLines(report).some((line) => line.includes('late')));
  const lines = formatPlan(report, plain);
  assert.match(
    lines.at(-1) ?? '',
    /other changes happen without this one.*mlb plan without a change/,
  );
});

const REFUSED: readonly [change: Partial<Change>, expected: RegExp][] = [
  [
    { deleted: ['service/ngin'] },
    /there is no Service default\/ngin; did you mean default\/nginx\?/,
  ],
  [{ deleted: ['nginx'] }, /--delete: expected KIND\/NAME .*not "nginx"/],
  [{ deleted: ['clas/ingress'] }, /did you mean class\?/],
  [{ excluded: ['n'] }, /there is no Node n; did you mean n1\?/],
  [
    { files: [{ name: 'a.yaml', text: 'kind: Deployment\napiVersion: apps/v1' }] },
    /a\.yaml: expected a MetalLoadBalancerClass/,
  ],
  [{ files: [{ name: 'a.yaml', text: '\nkind: Service\n  x' }] }, /^a\.yaml:\d+: /],
];
for (const [change, expected] of REFUSED) {
  test(`a change that can't be made is refused in words: ${expected}`, async () => {
    const bench = await settled(service('nginx'));
    const failure = await plan(bench, change).then(
      () => undefined,
      (error: unknown) => error,
    );
    assert.instance(failure, CommandFailure);
    assert.match(failure instanceof Error ? failure.message : '', expected);
  });
}

test('the text says what goes where and sums it up', async () => {
  const bench = await settled(service('nginx', { count: 2 }));
  const children = bench.store.list(CHILD_KIND).length;
  assert.is(children, 2);
  const report = await plan(bench, { deleted: ['service/nginx'] });
  const [heading = '', first = '', , , summary = ''] = formatPlan(report, plain);
  assert.match(heading, /^SERVICE +IP +CHANGE +PREFERRED NODE +ANNOUNCER +CHILD$/);
  assert.match(first, /^default\/nginx +192\.0\.2\.10 +goes +n\d +n\d +nginx-ingress-0$/);
  assert.is(summary, '2 IPs go, 0 IPs move to other nodes; 0 unchanged. Nothing was written.');
});

test.run();
