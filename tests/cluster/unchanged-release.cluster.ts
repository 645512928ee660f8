import * as assert from 'uvu/assert';
import type { Api } from '../../lab/kubernetes/api.ts';
import { objectPath } from '../../lab/kubernetes/kinds.ts';
import { listAt } from '../../modules/metallb/hooks/lib/json.ts';
import { DeckhouseCluster } from '../deckhouse/deckhouse-cluster.ts';
import { runsOf } from '../deckhouse/looking.ts';
import { DECKHOUSE_GLOBALS } from './chart-cases.ts';
import type { ClusterScenario, TestCluster } from './cluster-scenario.ts';
import { helmTemplate } from './helm.ts';
import { applyObject } from './store-support.ts';

const NAMESPACE = 'd8-metallb';
const SECRET = objectPath('Secret', 'metallb-heartbeat', NAMESPACE);
const ROTATION = 'metallb.deckhouse.io/heartbeat-rotation';
/** Nobody serves it here. */
const WEBHOOK = { enabled: false };
const OLD_KEYS = ['b', 'a'].map((letter) => Buffer.from(letter.repeat(32)).toString('base64'));

/** Two rotations up to here, by a version of the module whose chart made the keys. */
async function furnish(api: Api): Promise<void> {
  await applyObject(api, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  await applyObject(api, {
    ...{ apiVersion: 'v1', kind: 'Secret', type: 'Opaque' },
    metadata: {
      ...{ name: 'metallb-heartbeat', namespace: NAMESPACE, annotations: { [ROTATION]: '2' } },
    },
    data: { keys: Buffer.from(OLD_KEYS.map((key) => `${key}\n`).join('')).toString('base64') },
  });
}

async function keysIn(api: Api): Promise<string[]> {
  const { data } = (await api.get(SECRET)) as { data: { keys: string } };
  return Buffer.from(data.keys, 'base64').toString().trim().split('\n');
}

/** A module whose state is what is wanted has one release, however often it is run. */
async function rests(cluster: TestCluster): Promise<void> {
  const { api } = cluster;
  await DeckhouseCluster.with(cluster, { upgrade: false }, async (deckhouse) => {
    const { module } = deckhouse;
    const settings = (rotation: number) => ({ heartbeat: { rotation }, webhook: WEBHOOK });
    /** The release after a run of the module and another one, which changes nothing. */
    const ranTwice = async () => {
      runsOf(await module.reconcile());
      const once = await module.release.state();
      runsOf(await module.reconcile());
      assert.equal(await module.release.state(), once);
      return once;
    };
    await furnish(api);
    await deckhouse.configure({ version: 3, settings: settings(2) });
    const first = await ranTwice();
    assert.is(first?.revision, 1);
    assert.equal(await keysIn(api), OLD_KEYS, 'those of before are taken over');

    module.restart();
    assert.equal(await ranTwice(), first, 'the operator has forgotten the values');

    await deckhouse.configure({ version: 3, settings: settings(3) });
    assert.is((await ranTwice())?.revision, 2);
    const [newKey = '', ...others] = await keysIn(api);
    assert.equal(others, OLD_KEYS);
    assert.is(Buffer.from(newKey, 'base64').length, 32);

    // No setting changes: without the hook nothing would notice.
    await deckhouse.configure({ version: 2, settings: settings(3) });
    assert.match(await argsOfController(api), '--module-config-version=3');
    runsOf({ kind: 'running', runs: await module.settle() });
    assert.match(await argsOfController(api), '--module-config-version=2');
    assert.is((await ranTwice())?.revision, 3);
    assert.equal(await keysIn(api), [newKey, ...OLD_KEYS]);

    // As the FAQ has it for a key that must not be trusted any more.
    await api.send('DELETE', SECRET);
    assert.is((await ranTwice())?.revision, 4);
    const [only = '', ...none] = await keysIn(api);
    assert.equal(none, []);
    assert.not.ok([newKey, ...OLD_KEYS].includes(only));
  });
}

async function argsOfController(api: Api): Promise<string> {
  const deployment = await api.get(objectPath('Deployment', 'controller', NAMESPACE));
  const [container] = listAt(deployment, 'spec', 'template', 'spec', 'containers');
  return listAt(container, 'args').join(' ');
}

async function rendersTheSame(): Promise<void> {
  const render = (internal: object) =>
    helmTemplate({ global: DECKHOUSE_GLOBALS, metallb: { internal } });
  const internal = { heartbeatKeys: { keys: OLD_KEYS, rotation: 2 }, moduleConfigVersion: 2 };
  const rendered = await render(internal);
  assert.is(await render(internal), rendered);
  const file = Buffer.from(`${OLD_KEYS.join('\n')}\n`).toString('base64');
  assert.match(rendered, `keys: ${file}\n`);
  assert.match(rendered, `${ROTATION}: "2"\n`);
  assert.match(rendered, '--module-config-version=2\n');
  assert.is.not(await render({}), await render({}), 'the chart itself makes keys each time');
}

export const scenarios: readonly ClusterScenario[] = [
  {
    name: 'deckhouse/release: a module with nothing to change has one revision, however often it runs',
    isLong: true,
    deadlineMs: 400_000,
    play: rests,
  },
  {
    name: 'deckhouse/render: with the values of the hook, twice the same',
    play: rendersTheSame,
  },
];
