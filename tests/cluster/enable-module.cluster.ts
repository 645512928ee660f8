import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { until } from '../../lab/exec.ts';
import type { Api } from '../../lab/kubernetes/api.ts';
import { objectPath } from '../../lab/kubernetes/kinds.ts';
import { listAt, valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import { CHILD_KIND, LABEL } from '../../modules/metallb/src/api/names.ts';
import type { Settings } from '../deckhouse/conversions.ts';
import { DeckhouseCluster } from '../deckhouse/deckhouse-cluster.ts';
import {
  askedForNothing,
  emptyWebhook,
  ipsOf,
  namesOf,
  runsOf,
  speakerContainer,
} from '../deckhouse/looking.ts';
import { IMAGE_DIGESTS } from '../deckhouse/module-folder.ts';
import type { ClusterScenario, TestCluster } from './cluster-scenario.ts';
import { withController } from './hook-runners.ts';
import { applyObject } from './store-support.ts';

const EXAMPLE = join(import.meta.dirname, '..', '..', 'examples', 'class-three-ips.yaml');
const BALANCER = { 'node-role.kubernetes.io/loadbalancer': '' };
const IPS = ['192.0.2.10', '192.0.2.11', '192.0.2.12'];
const ALLOW = { 'modules.deckhouse.io/allow-disabling': 'true' };
const UPDATE = 'Update available, latest spec.settings schema version is 3';

/** In the words of docs/enable-in-deckhouse.md. */
const WRONG: readonly [version: number | null, settings: Settings, message: string][] = [
  [
    3,
    { heartbeat: { intervalMs: 5 } },
    'spec.settings are not valid (version 3): 1 error occurred: * metallb.heartbeat.intervalMs should be greater than or equal to 10',
  ],
  [
    3,
    { heartbeats: {} },
    'spec.settings are not valid (version 3): 1 error occurred: * metallb.heartbeats is a forbidden property',
  ],
  [
    2,
    { holdDownMs: '10s' },
    'spec.settings are not valid (version 2 converted to 3): 1 error occurred: * metallb.holdDownMs must be of type integer: "string"',
  ],
  [
    3,
    { announceRate: 10 },
    'spec.settings are not valid (version 3): metallb.backgroundRate should be less than or equal to metallb.announceRate, or the port of a switch that is the reason for a low announceRate is shut all the same',
  ],
  [null, { logLevel: 'debug' }, 'spec.version is required when spec.settings are specified'],
  [
    4,
    { logLevel: 'debug' },
    'spec.version=4 is unsupported. Use latest version 3, or one of previous versions: 2',
  ],
];

async function enableExample(cluster: TestCluster): Promise<void> {
  const { api } = cluster;
  await DeckhouseCluster.with(cluster, { upgrade: false }, async (deckhouse) => {
    const { module } = deckhouse;
    await makeNodes(api);
    await applyTwice(cluster, async () => {
      askedForNothing(runsOf(await module.reconcile()));
      assert.equal(await deckhouse.status(), { version: '2', message: UPDATE });
      await emptyWebhook(api);
    });
    await isInstalled(api);
    askedForNothing(await module.passTime());
    assert.equal(await namesOf(api, CHILD_KIND), [], 'hooks leave Services to the controller');

    await withController(cluster, 'controller', async () => {
      await until({ what: 'three IPs', deadlineMs: 60_000, everyMs: 100 }, async () => {
        return (await ipsOf(api, 'nginx')).length === 3;
      });
      assert.equal(await ipsOf(api, 'nginx'), IPS);
      askedForNothing(await module.settle());
      assert.is((await namesOf(api, CHILD_KIND)).length, 3);

      await deckhouse.configure({ version: 3, settings: { holdDownMs: 60_000 } });
      askedForNothing(runsOf(await module.reconcile()));
      assert.equal(await deckhouse.status(), { version: '3', message: '' });
      const speaker = await speakerContainer(api);
      assert.ok(listAt(speaker, 'args').includes('--hold-down-ms=60000'));
      await refusesWrongSettings(deckhouse);
      assert.equal(await ipsOf(api, 'nginx'), IPS, 'settings are nothing to IPs');
    });
    await turnOff(api, deckhouse);
  });
}

/** The module brings the definition of the class: the first time, kubectl refuses that and takes the rest. */
async function applyTwice({ api, plane }: TestCluster, enable: () => Promise<void>): Promise<void> {
  const apply = () => plane.kubectl(['apply', '-f', EXAMPLE]);
  const refusal = await apply().then(() => 'accepted', String);
  assert.match(refusal, 'no matches for kind "MetalLoadBalancerClass"');
  assert.ok(await api.find(objectPath('Service', 'nginx')));
  await enable();
  assert.match(await apply(), 'metalloadbalancerclass.network.deckhouse.io/ingress created');
}

async function isInstalled(api: Api): Promise<void> {
  const image = valueAt(await speakerContainer(api), 'image');
  assert.is(image, `registry.example.com/modules/metallb@${IMAGE_DIGESTS.node}`);
  assert.ok(await api.find(objectPath('Deployment', 'controller', 'd8-metallb')));
  const definition = await api.get(
    objectPath('CustomResourceDefinition', 'metalloadbalancerclasses.network.deckhouse.io'),
  );
  assert.is(valueAt(definition, 'metadata', 'labels', 'heritage'), 'deckhouse');
}

/** Each leaves the release as it was, and the right settings after it are in force at once. */
async function refusesWrongSettings(deckhouse: DeckhouseCluster): Promise<void> {
  const { module } = deckhouse;
  const before = await module.release.state();
  for (const [version, settings, message] of WRONG) {
    await deckhouse.configure({ version, settings });
    assert.equal(await module.reconcile(), { kind: 'refused', message });
    assert.equal(await deckhouse.status(), { version: '', message: `Error: ${message}` });
  }
  assert.equal(await module.release.state(), before);
  await deckhouse.configure({ version: 3, settings: { holdDownMs: 30_000 } });
  await module.reconcile();
  assert.is((await module.release.state())?.revision, (before?.revision ?? 0) + 1);
}

async function turnOff(api: Api, deckhouse: DeckhouseCluster): Promise<void> {
  const { module } = deckhouse;
  assert.is((await namesOf(api, CHILD_KIND)).length, 3);
  await deckhouse.configure({ enabled: false });
  const refused = await module.reconcile();
  assert.is(refused.kind, 'refused');
  assert.match(JSON.stringify(refused), 'modules.deckhouse.io/allow-disabling=true');
  assert.ok(await module.release.state());

  await deckhouse.configure({ enabled: false }, ALLOW);
  assert.equal(await module.reconcile(), { kind: 'disabled', reason: 'ModuleConfig' });
  assert.is(await module.release.state(), undefined);
  assert.is(await api.find(objectPath('DaemonSet', 'speaker', 'd8-metallb')), undefined);
  assert.ok(await api.find(objectPath('MetalLoadBalancerClass', 'ingress')));
  assert.equal(await namesOf(api, CHILD_KIND), []);
  const { status } = (await api.get(objectPath('Service', 'nginx'))) as { status: object };
  assert.equal(status, { loadBalancer: {} });
  assert.equal(await namesOf(api, 'Lease', 'd8-metallb'), []);
  assert.equal(await namesOf(api, 'Secret', 'd8-metallb'), []);
  for (const name of ['n1', 'n2', 'n3']) {
    const node = await api.get(objectPath('Node', name));
    assert.is(valueAt(node, 'metadata', 'labels', LABEL.member), undefined, name);
  }
}

/** The nodes of the example. */
async function makeNodes(api: Api): Promise<void> {
  for (const name of ['n1', 'n2', 'n3']) {
    await applyObject(api, {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels: BALANCER },
    });
  }
}

/** The other runner: hooks make children, the controller gives them IPs, hooks write them into the Service. */
async function runByHooks(cluster: TestCluster): Promise<void> {
  const { api, plane } = cluster;
  await DeckhouseCluster.with(cluster, { upgrade: false }, async (deckhouse) => {
    const { module } = deckhouse;
    await makeNodes(api);
    const settings = { hookRunner: 'shell-operator', webhook: { enabled: false } };
    await deckhouse.configure({ version: 3, settings });
    runsOf(await module.reconcile());
    await plane.kubectl(['apply', '-f', EXAMPLE]);
    await deckhouse.configure({ version: 3, settings });
    const runs = await module.settle();
    const creations = runs
      .flatMap(({ operations }) => operations)
      .filter(({ operation }) => operation === 'CreateIfNotExists');
    assert.is(creations.length, 3);
    assert.equal(await ipsOf(api, 'nginx'), [], 'hooks give no IPs');

    await withController(cluster, 'shell-operator', async () => {
      await until({ what: 'three IPs by hooks', deadlineMs: 90_000, everyMs: 200 }, async () => {
        await module.settle();
        return (await ipsOf(api, 'nginx')).length === 3;
      });
      assert.equal(await ipsOf(api, 'nginx'), IPS);
      await module.settle();
      askedForNothing(await module.passTime());
    });
    const seen = module.measured('metallb_hook_objects');
    const children = seen.filter(({ labels }) => labels['binding'] === 'children');
    assert.equal(
      children.map(({ value }) => value),
      [3, 3, 3],
    );
  });
}

async function waitForBootstrap(cluster: TestCluster): Promise<void> {
  const globals = { clusterIsBootstrapped: false };
  await DeckhouseCluster.with(cluster, { upgrade: false, globals }, async (deckhouse) => {
    await deckhouse.configure({});
    assert.equal(await deckhouse.module.reconcile(), {
      kind: 'disabled',
      reason: 'the cluster is not bootstrapped yet',
    });
    assert.is(await deckhouse.module.release.state(), undefined);
  });
}

export const scenarios: readonly ClusterScenario[] = [
  {
    name: 'deckhouse/enable: the example as it stands gives three IPs, until the module is turned off',
    deadlineMs: 400_000,
    isLong: true,
    play: enableExample,
  },
  {
    name: 'deckhouse/hooks: run by the operator, they end where the controller does, and rest',
    isLong: true,
    deadlineMs: 300_000,
    play: runByHooks,
  },
  {
    name: 'deckhouse/enabled: nothing is installed before the cluster is bootstrapped',
    play: waitForBootstrap,
  },
];
