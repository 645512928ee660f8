import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import type { Change } from '../../modules/metallb/src/cli/apply-change.ts';
import { plain } from '../../modules/metallb/src/cli/paint.ts';
import { type PlanInput, planChange } from '../../modules/metallb/src/cli/plan.ts';
import type { PlanReport } from '../../modules/metallb/src/cli/plan-report.ts';
import { formatPlan } from '../../modules/metallb/src/cli/plan-text.ts';
import { PLANNED_KINDS } from '../../modules/metallb/src/cli/planned-kinds.ts';
import type { NewObject } from '../../modules/metallb/src/store/store.ts';
import { sliceOf } from '../support/cluster.ts';
import { classOf, node } from '../support/cluster-objects.ts';
import { ControllerBench } from '../support/controller-bench.ts';
import { ipAddressPool, l2Advertisement, plainService } from '../support/metallb-objects.ts';

const NO_CHANGE: Change = { files: [], deleted: [], excluded: [], drained: [] };
const NODES = ['n1', 'n2'].map((name) => node(name, { rack: name }));
const ENDPOINTS = ['n1', 'n2'].map((nodeName) => {
  return { nodeName, conditions: { ready: true }, addresses: ['10.1.0.1'] };
});
const WEB: readonly NewObject[] = [plainService('web'), sliceOf('web', ENDPOINTS)];
const POOL = ipAddressPool('public', ['192.0.2.10-192.0.2.11']);
const EVERYWHERE = l2Advertisement('all');

function on(rack: string): KubernetesObject {
  return l2Advertisement('all', { spec: { nodeSelectors: [{ matchLabels: { rack } }] } });
}

/** What a change does to what a controller has made of these objects. */
async function planOf(
  objects: readonly NewObject[],
  change: Partial<Change>,
  more: Partial<PlanInput> = {},
): Promise<PlanReport> {
  const bench = new ControllerBench([...NODES, ...objects]);
  await bench.settle();
  return planChange({
    objects: PLANNED_KINDS.flatMap((kind) => bench.store.list(kind)),
    change: { ...NO_CHANGE, ...change },
    ...{ failed: [], mode: 'replace', nowEpochMs: bench.clock.epochMs() },
    ...more,
  });
}

function written({ apiVersion, kind, metadata, spec }: KubernetesObject): object {
  const { name, namespace, labels } = metadata;
  return { apiVersion, kind, metadata: { name, namespace, labels }, spec };
}

function applied(...objects: readonly KubernetesObject[]): Partial<Change> {
  return {
    files: objects.map((object) => ({
      name: 'change.yaml',
      text: JSON.stringify(written(object)),
    })),
  };
}

const told = ({ ips }: PlanReport) =>
  ips.map(({ service, ip, change, before, after }) => {
    const place = [before?.announcer, after?.announcer].map((name) => name ?? '-').join('→');
    const pools = [before?.pool, after?.pool].map((name) => name ?? '-').join('→');
    return `${service} ${ip} ${change} ${place} ${pools}`;
  });

const cases: [string, NewObject[], Partial<Change>, string[], Partial<PlanInput>?][] = [
  ['nothing', [POOL, EVERYWHERE, ...WEB], {}, []],
  [
    'a pool comes, and a Service that waited gets its IP',
    [EVERYWHERE, ...WEB],
    applied(POOL),
    ['default/web 192.0.2.10 appears -→n2 -→public'],
  ],
  [
    'an advertisement comes to a pool that nobody announced',
    [POOL, ...WEB],
    applied(EVERYWHERE),
    ['default/web 192.0.2.10 answered -→n2 public→public'],
  ],
  [
    'an advertisement selects another node',
    [POOL, on('n2'), ...WEB],
    applied(on('n1')),
    ['default/web 192.0.2.10 moves n2→n1 public→public'],
  ],
  [
    'the advertisement goes',
    [POOL, EVERYWHERE, ...WEB],
    { deleted: ['l2advertisement/metallb-system/all'] },
    ['default/web 192.0.2.10 moves n2→- public→public'],
  ],
  [
    'the pool goes: what is given of it stays in force',
    [POOL, EVERYWHERE, ...WEB],
    { deleted: ['ipaddresspool/metallb-system/public'] },
    [],
  ],
  [
    'the pool shrinks: the IP stays',
    [POOL, EVERYWHERE, ...WEB],
    applied(ipAddressPool('public', ['192.0.2.11'])),
    [],
  ],
  [
    'the pool shrinks where it reassigns',
    [POOL, EVERYWHERE, ...WEB],
    applied(ipAddressPool('public', ['192.0.2.11'])),
    ['default/web 192.0.2.10 goes n2→- public→-', 'default/web 192.0.2.11 appears -→n1 -→public'],
    {
      metallb: {
        ...{ lbClass: undefined, metallbNamespaces: ['metallb-system'] },
        metallbPoolPolicy: 'Reassign',
      },
    },
  ],
  [
    'the announcer fails',
    [POOL, EVERYWHERE, ...WEB],
    {},
    ['default/web 192.0.2.10 moves n2→n1 public→public'],
    { failed: ['n2'] },
  ],
  [
    'an IP that another load balancer gave, of a pool of its own',
    [
      ipAddressPool('public', ['192.0.2.10'], { namespace: 'web' }),
      ...[EVERYWHERE, plainService('web', { ingress: ['192.0.2.10'] }), ...WEB.slice(1)],
    ],
    {},
    [],
    { failed: ['n2'] },
  ],
  [
    'a pool of a namespace that is not watched',
    [EVERYWHERE, ...WEB],
    applied(ipAddressPool('public', ['192.0.2.10'], { namespace: 'web' })),
    [],
  ],
];
for (const [name, objects, change, expected, more] of cases) {
  test(`of MetalLB's API: ${name}`, async () => {
    assert.equal(told(await planOf(objects, change, more)), expected);
  });
}

test('a Service that would wait for an IP is told, and what pools and Services would say', async () => {
  const full = ipAddressPool('public', ['192.0.2.10']);
  const report = await planOf([full, EVERYWHERE, ...WEB], {
    ...applied(
      plainService('late'),
      ipAddressPool('hidden', ['198.51.100.1'], { spec: { autoAssign: false } }),
    ),
    deleted: ['l2advertisement/metallb-system/all'],
  });
  assert.equal(report.withoutIp, ['default/late']);
  const lines = formatPlan(report, plain).join('\n');
  assert.match(lines, 'no IP for default/late: see its conditions below');
  assert.match(
    lines,
    /Service default\/late metallb\.io\/ip-address-pool\n +\+ False PoolExhausted/,
  );
  assert.match(
    lines,
    /pool metallb-system\/public Advertised\n +- True .*\n +\+ False NoAdvertisement/,
  );
  assert.match(lines, /pool metallb-system\/hidden Advertised\n +\+ False NoAdvertisement/);
});

test("a default class that has not the IP leaves it to MetalLB's API, and the plan says so", async () => {
  const ingress = classOf('ingress', {
    ...{ isDefault: true, addressPool: ['198.51.100.0/28'], nodeSelector: {} },
  });
  const report = await planOf([POOL, EVERYWHERE, ...WEB], applied(ingress));
  assert.equal(told(report), []);
  assert.equal(report.notTakenOver, ['Service default/web']);
});

test.run();
