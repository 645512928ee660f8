import * as assert from 'uvu/assert';
import { delay, until } from '../../lab/exec.ts';
import { PATCH } from '../../lab/kubernetes/api.ts';
import { objectPath } from '../../lab/kubernetes/kinds.ts';
import { listAt, valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import { CLASS_API_VERSION, CLASS_KIND, LABEL } from '../../modules/metallb/src/api/names.ts';
import { HOOK_CASES } from '../support/hook-cases.ts';
import type { ClusterScenario, TestCluster } from './cluster-scenario.ts';
import { controller, playOnApiServer, type ShellOperator, shellOperator } from './hook-runners.ts';
import { applyObject, removeAll } from './store-support.ts';

async function withHookRunner(
  cluster: TestCluster,
  runner: 'controller' | 'shell-operator',
  play: (operator: ShellOperator) => Promise<void>,
): Promise<void> {
  await removeAll(cluster.api);
  const operator = await shellOperator(cluster);
  const ipam = await controller(cluster, runner);
  ipam.start();
  if (runner === 'shell-operator') operator.start();
  try {
    await play(operator);
  } catch (error) {
    const words = ipam.lastLogLines(3).join('\n');
    throw new Error(`${error}\nlast words of the controller:\n${words}`, { cause: error });
  } finally {
    await operator.stop();
    await ipam.stop();
  }
}

async function playAll({ api }: TestCluster): Promise<void> {
  for (const one of HOOK_CASES) await playOnApiServer(api, one);
}

const NODE = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'edge-n1', labels: { role: 'edge' } },
};
const CLASS = {
  apiVersion: CLASS_API_VERSION,
  kind: CLASS_KIND,
  metadata: { name: 'edge' },
  spec: { isDefault: true, addressPool: ['198.18.20.0/28'], nodeSelector: { role: 'edge' } },
};

function annotatedService(annotations: Record<string, string>) {
  const spec = { type: 'LoadBalancer', ports: [{ port: 80 }] };
  const metadata = { name: 'nginx', namespace: 'default', annotations };
  return { apiVersion: 'v1', kind: 'Service', metadata, spec };
}

/** Lines of `/metrics/hooks` with this name, once the test of them holds. */
async function metricLines(
  operator: ShellOperator,
  name: string,
  isRight: (lines: readonly string[]) => boolean,
): Promise<void> {
  let lines: string[] = [];
  const what = () => `${name} as expected; there is ${lines.join(' | ')}`;
  await until({ what, deadlineMs: 60_000, everyMs: 200 }, async () => {
    const all = await operator.metrics('/metrics/hooks').catch(() => []);
    lines = all.filter((line) => line.startsWith(`${name}{`));
    return isRight(lines);
  });
}

async function toldToPeople({ api }: TestCluster, operator: ShellOperator): Promise<void> {
  for (const object of [CLASS, NODE]) await applyObject(api, object);
  await applyObject(api, annotatedService({ 'metallb.io/address-pool': 'edge' }));
  const alert = 'd8_metallb_not_supported_service_annotations_detected';
  await metricLines(operator, alert, (lines) =>
    lines.some((line) => /annotation="metallb.io\/address-pool".*name="nginx".* 1$/.test(line)),
  );
  await metricLines(operator, 'metallb_hook_objects', (lines) =>
    lines.some((line) => /binding="children".*hook="fold-status.mjs".* 1$/.test(line)),
  );
  await applyObject(api, annotatedService({}));
  await metricLines(operator, alert, (lines) => lines.length === 0);
  const said = operator.log().filter(({ msg }) => String(msg).includes('"asked for changes"'));
  assert.ok(said.some(({ level, hook }) => level === 'info' && hook === 'expand-services.mjs'));
}

/** Every 10 s on each node of a real cluster. */
async function heartbeat({ api }: TestCluster, index: number): Promise<void> {
  const at = new Date(Date.UTC(2026, 0, 1, 0, 0, index)).toISOString();
  const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: at };
  const status = { conditions: [ready] };
  const path = `${objectPath('Node', NODE.metadata.name)}/status`;
  await api.send('PATCH', path, { status }, PATCH.strategicMerge);
}

async function heartbeatsOfNodes(cluster: TestCluster, operator: ShellOperator): Promise<void> {
  for (const object of [CLASS, NODE]) await applyObject(cluster.api, object);
  const hasLabel = async () => {
    const node: unknown = await cluster.api.get(objectPath('Node', NODE.metadata.name));
    return valueAt(node, 'metadata', 'labels', LABEL.member) === '';
  };
  await until({ what: 'the label on the node', deadlineMs: 60_000 }, hasLabel);
  let before = -1;
  await until({ what: 'hooks at rest', deadlineMs: 60_000, everyMs: 2_000 }, async () => {
    const runs = await operator.runs();
    const isAtRest = runs === before;
    before = runs;
    return isAtRest;
  });
  for (let index = 0; index < 5; index += 1) await heartbeat(cluster, index);
  // Longer than the operator waits between two runs of a hook.
  await delay(3_000);
  assert.is(await operator.runs(), before);
}

/** The hooks fold what children have long before anybody gives them something. */
async function takenOverWithoutController(cluster: TestCluster): Promise<void> {
  const { api } = cluster;
  await removeAll(api);
  const ingress = [{ ip: '198.18.20.9' }];
  const path = objectPath('Service', 'nginx', 'default');
  const at = async (...of: readonly string[]) => valueAt(await api.get(path), 'status', ...of);
  const operator = await shellOperator(cluster);
  const ipam = await controller(cluster, 'shell-operator');
  for (const object of [NODE, annotatedService({})]) await applyObject(api, object);
  await api.send('PATCH', `${path}/status`, { status: { loadBalancer: { ingress } } }, PATCH.merge);
  await applyObject(api, CLASS);
  operator.start();
  try {
    const said = (message: string) => async () =>
      listAt(await at(), 'conditions').some((one) => valueAt(one, 'message') === message);
    const fold = { what: 'the fold of a child without IP', deadlineMs: 60_000 };
    await until(fold, said('0 of 1 public IPs were assigned'));
    assert.match(JSON.stringify(await at('loadBalancer')), '198.18.20.9');
    ipam.start();
    const assignment = { what: 'an IP of the child', deadlineMs: 60_000 };
    await until(assignment, said('1 of 1 public IPs were assigned'));
    assert.match(JSON.stringify(await at('loadBalancer')), '198.18.20.9');
  } finally {
    await operator.stop();
    await ipam.stop();
  }
}

export const scenarios: readonly ClusterScenario[] = [
  {
    name: 'hooks/controller: each case ends as in memory',
    isLong: true,
    deadlineMs: 300_000,
    play: (cluster) => withHookRunner(cluster, 'controller', () => playAll(cluster)),
  },
  {
    name: 'hooks/shell-operator: each case ends as in the controller',
    isLong: true,
    deadlineMs: 600_000,
    play: (cluster) => withHookRunner(cluster, 'shell-operator', () => playAll(cluster)),
  },
  {
    name: 'hooks/shell-operator: alerts are metrics, what hooks ask for is logged',
    deadlineMs: 240_000,
    play: (cluster) =>
      withHookRunner(cluster, 'shell-operator', (operator) => toldToPeople(cluster, operator)),
  },
  {
    name: 'hooks/shell-operator: a Service keeps its IP until the controller is there to take it over',
    deadlineMs: 240_000,
    play: takenOverWithoutController,
  },
  {
    name: 'hooks/shell-operator: heartbeats of nodes run nothing',
    deadlineMs: 240_000,
    play: (cluster) =>
      withHookRunner(cluster, 'shell-operator', (operator) => heartbeatsOfNodes(cluster, operator)),
  },
];
