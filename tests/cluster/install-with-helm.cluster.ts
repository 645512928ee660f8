import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Api } from '../../lab/kubernetes/api.ts';
import { commandPath } from '../../lab/kubernetes/commands.ts';
import { startControlPlane } from '../../lab/kubernetes/control-plane.ts';
import { objectPath } from '../../lab/kubernetes/kinds.ts';
import { listAt } from '../../modules/metallb/hooks/lib/json.ts';
import { emptyWebhook, ipsOf, namesOf, speakerContainer } from '../deckhouse/looking.ts';
import { runBlock } from '../deckhouse/page-commands.ts';
import type { ClusterScenario, TestCluster } from './cluster-scenario.ts';
import { whilePlayingJobs } from './hook-job.ts';
import { controller } from './hook-runners.ts';
import { applyObject } from './store-support.ts';

const PAGE = 'install-with-helm.md';
const NAMESPACE = 'metallb-system';
const IPS = ['198.51.100.0', '198.51.100.1', '198.51.100.2'];

/** A cluster of its own, as new as a reader's. */
async function followThePage(shared: TestCluster): Promise<void> {
  const directory = join(shared.directory, 'install-with-helm');
  mkdirSync(directory);
  const started = await startControlPlane(directory, { controllerManager: true });
  try {
    await play({ ...shared, ...started, directory });
  } finally {
    started.api.close();
    await started.plane.stop();
  }
}

async function play(cluster: TestCluster): Promise<void> {
  const { api } = cluster;
  for (const name of ['n1', 'n2', 'n3']) {
    await applyObject(api, { apiVersion: 'v1', kind: 'Node', metadata: { name } });
  }
  const environment = readersEnvironment(cluster);
  const follow = (containing: string) => runBlock(PAGE, containing, environment);

  assert.match(
    await follow('helm install'),
    `metallb 0.1.0 is installed in namespace ${NAMESPACE}`,
  );
  await emptyWebhook(api, NAMESPACE);
  const program = await controller(cluster, 'controller');
  program.start();
  try {
    assert.match(await follow('kubectl wait'), IPS.join(','));
    await follow('metallb.holdDownMs=60000');
    assert.ok((await speakerArguments(api)).includes('--hold-down-ms=60000'));
    await follow('--server-side');
    assert.ok((await speakerArguments(api)).includes('--hold-down-ms=60000'), 'settings stay');
    assert.equal(await ipsOf(api, 'web'), IPS);
  } finally {
    await program.stop();
  }
  await whilePlayingJobs(cluster, NAMESPACE, () => follow('helm uninstall'));
  assert.equal(await namesOf(api, 'CustomResourceDefinition'), []);
  assert.not.ok((await namesOf(api, 'ClusterRole')).some((name) => name.includes('metallb')));
  assert.is(await api.find(objectPath('Service', 'web')), undefined);
}

/** Of somebody who has helm and kubectl, and a connection to the cluster. */
function readersEnvironment({ plane, directory }: TestCluster): Record<string, string> {
  const bin = join(directory, 'bin');
  mkdirSync(bin);
  for (const name of ['helm', 'kubectl'] as const) symlinkSync(commandPath(name), join(bin, name));
  return {
    PATH: `${bin}:${process.env['PATH']}`,
    KUBECONFIG: plane.kubeconfig('admin'),
    HELM_CACHE_HOME: directory,
    HOME: directory,
    repository: 'registry.example.com/metallb',
  };
}

async function speakerArguments(api: Api): Promise<readonly unknown[]> {
  return listAt(await speakerContainer(api, NAMESPACE), 'args');
}

export const scenarios: readonly ClusterScenario[] = [
  {
    name: 'helm/install: the commands of docs/install-with-helm.md, from the first to the last',
    deadlineMs: 300_000,
    isLong: true,
    play: followThePage,
  },
];
