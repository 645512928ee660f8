import * as assert from 'uvu/assert';
import { delay, until } from '../../lab/exec.ts';
import { assignedIps, settled } from '../../lab/health.ts';
import {
  type AuditedRequest,
  auditFolder,
  idleRights,
  refusalsOf,
  requestsOf,
  rightsOf,
} from '../../lab/kubernetes/audit.ts';
import { objectPath } from '../../lab/kubernetes/kinds.ts';
import { RELEASE_NAMESPACE } from '../../lab/kubernetes/release.ts';
import type { Lab } from '../../lab/lab.ts';
import { type Scenario, scenario } from '../../lab/scenario.ts';
import { freshServices, STANDARD_SERVICES } from '../../lab/standard.ts';
import { serviceManifest } from '../../lab/workload.ts';
import { valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import { LABEL } from '../../modules/metallb/src/api/names.ts';
import { COOL_DOWN_MS } from '../journeys/release-lab.ts';

type HookRunner = 'controller' | 'shell-operator';

const [WEB] = STANDARD_SERVICES;
const ROLLED_OUT_WITHIN_MS = 90_000;
const CHANGE_EVERY_MS = 200;

export const scenarios: readonly Scenario[] = [
  scenario(
    'hook-runner/one-at-a-time-from-install-over-each-upgrade',
    {
      lab: { release: valuesFor('shell-operator') },
      stores: ['kubernetes'],
      isLong: true,
      deadlineMs: 300_000,
    },
    async (lab) => {
      const before = await freshServices(lab);
      assert.is(before.length, 6);
      for (const node of lab.nodes) await isMember(lab, node);
      await eachKindOfWrite(lab);
      assert.equal(writersInTurn(lab), ['shell-operator']);
      await grantedIsWhatIsUsed(lab);

      const ips = await announcersOf(lab);
      let isOver = false;
      const switched = switchAndBack(lab).finally(() => {
        isOver = true;
      });
      await Promise.all([switched, keepHooksBusy(lab, () => isOver)]);
      assert.equal(await announcersOf(lab), ips);
      assert.equal(writersInTurn(lab), ['shell-operator', 'controller', 'shell-operator']);
      return undefined;
    },
  ),
];

function valuesFor(hookRunner: HookRunner) {
  return { metallb: { holdDownMs: 1_000, coolDownMs: COOL_DOWN_MS, hookRunner } };
}

async function isMember(lab: Lab, name: string): Promise<void> {
  const node = await lab.kubernetes.api.get(objectPath('Node', name));
  assert.is(valueAt(node, 'metadata', 'labels', LABEL.member), '');
}

/** Children are created already: others are patched and deleted, and a Service gets a condition. */
async function eachKindOfWrite(lab: Lab): Promise<void> {
  const name = 'short-lived';
  for (const wish of [{ count: 2 }, { count: 1, port: 8080 }]) {
    await lab.cluster.apply(serviceManifest({ ...WEB, name, ...wish }));
    await assignedIps(lab, name, wish.count, 30_000);
  }
  await lab.cluster.delete({ kind: 'Service', namespace: 'default', name });
}

/** As of all other programs: rights.lab.ts. */
async function grantedIsWhatIsUsed(lab: Lab): Promise<void> {
  const rights = await rightsOf(lab.kubernetes.api, RELEASE_NAMESPACE, 'shell-operator');
  assert.ok(rights.length > 0);
  const idle = () => idleRights(rights, requestsBy(lab, 'shell-operator'));
  await until({ what: () => `in use: ${idle().join()}`, deadlineMs: 10_000 }, () => {
    return idle().length === 0;
  });
  assert.equal(refusalsOf(auditFolder(lab), RELEASE_NAMESPACE, 'shell-operator'), []);
}

function requestsBy(lab: Lab, account: string): AuditedRequest[] {
  return requestsOf(auditFolder(lab), RELEASE_NAMESPACE, account);
}

/** What hooks write, and nobody else. */
const HOOKS_WRITE: readonly string[] = ['sdninternall2lbservices', 'services/status', 'nodes'];
const READS = ['get', 'list', 'watch'];

/** Who has written what hooks write, in order, each once for all that they wrote one after the other. */
function writersInTurn(lab: Lab): string[] {
  const writes = (['controller', 'shell-operator'] as const)
    .flatMap((account) => requestsBy(lab, account).map((request) => ({ ...request, account })))
    .filter(({ verb, resource }) => HOOKS_WRITE.includes(resource) && !READS.includes(verb))
    .filter(({ code }) => code < 300)
    .sort((a, b) => (a.at < b.at ? -1 : 1));
  return writes
    .map(({ account }) => account)
    .filter((account, index, all) => account !== all[index - 1]);
}

/** IPs of the standard Services, who announces each, and since when. */
async function announcersOf(lab: Lab): Promise<unknown> {
  await settled(lab);
  const children = await lab.cluster.list('SDNInternalL2LBService');
  return children
    .filter(({ spec }) => /^web6?$/.test(String(valueAt(spec, 'serviceRef', 'name'))))
    .map(({ metadata, status }) => [
      metadata.name,
      status?.['loadBalancer'],
      status?.['announcer'],
    ]);
}

async function switchAndBack(lab: Lab): Promise<void> {
  for (const runner of ['controller', 'shell-operator'] as const) {
    await lab.kubernetes.installation?.release.upgrade(valuesFor(runner));
    await runsHooksAlone(lab, runner);
    const name = `new-under-${runner}`;
    await lab.cluster.apply(serviceManifest({ ...WEB, name, count: 1 }));
    await assignedIps(lab, name, 1, 30_000);
  }
}

/** All Pods are those of this value. */
async function runsHooksAlone(lab: Lab, runner: HookRunner): Promise<void> {
  const kubelets = lab.kubernetes.installation?.kubelets;
  const words = () => kubelets?.lastWords(`${runner}-`).join('\n');
  const what = () => `hooks run by ${runner} alone\n${words()}`;
  await until({ what, deadlineMs: ROLLED_OUT_WITHIN_MS, everyMs: 200 }, async () => {
    const operators = kubelets?.programs('shell-operator-').size;
    const isThere = runner === 'shell-operator' ? await isRolledOut(lab, runner) : operators === 0;
    return isThere && (await isRolledOut(lab, 'controller'));
  });
}

async function isRolledOut(lab: Lab, name: string): Promise<boolean> {
  const path = objectPath('Deployment', name, RELEASE_NAMESPACE);
  const { metadata, spec, status } = (await lab.kubernetes.api.get(path)) as {
    metadata: { generation: number };
    spec: { replicas: number };
    status: Readonly<Record<string, number>>;
  };
  return (
    status['observedGeneration'] === metadata.generation &&
    ['replicas', 'updatedReplicas', 'availableReplicas'].every(
      (key) => status[key] === spec.replicas,
    )
  );
}

/** Changes a Service all the time, so that whoever runs hooks has something to write. */
async function keepHooksBusy(lab: Lab, isOver: () => boolean): Promise<void> {
  for (let port = 8_000; !isOver(); port += 1) {
    await lab.cluster.apply(serviceManifest({ ...WEB, name: 'busy', count: 1, port }));
    await delay(CHANGE_EVERY_MS);
  }
}
