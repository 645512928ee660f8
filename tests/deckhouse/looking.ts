import * as assert from 'uvu/assert';
import { type Api, PATCH } from '../../lab/kubernetes/api.ts';
import { collectionPath, objectPath } from '../../lab/kubernetes/kinds.ts';
import { listAt, valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import type { HookRun } from './hook-runs.ts';
import type { Outcome } from './module-run.ts';

/** The runs of a module that is on. */
export function runsOf(outcome: Outcome): readonly HookRun[] {
  if (outcome.kind === 'running') return outcome.runs;
  throw new Error(`the module does not run: ${JSON.stringify(outcome)}`);
}

/** Hooks ran, and found everything as it should be. */
export function askedForNothing(runs: readonly HookRun[]): void {
  assert.ok(runs.length > 0, 'no hook ran');
  const others = runs.filter((run) => run.operations.length > 0 || run.failure !== undefined);
  assert.equal(others, []);
}

/** As the API server has it. */
export async function speakerContainer(api: Api, namespace = 'd8-metallb'): Promise<unknown> {
  const speaker = await api.get(objectPath('DaemonSet', 'speaker', namespace));
  return listAt(speaker, 'spec', 'template', 'spec', 'containers')[0];
}

export async function namesOf(api: Api, kind: string, namespace?: string): Promise<string[]> {
  const path = collectionPath(kind, namespace);
  const { items } = (await api.get(path)) as { items: KubernetesObject[] };
  return items.map(({ metadata }) => metadata.name).sort();
}

export async function ipsOf(api: Api, service: string): Promise<unknown[]> {
  const object = await api.get(objectPath('Service', service));
  return listAt(object, 'status', 'loadBalancer', 'ingress').map((entry) => valueAt(entry, 'ip'));
}

/** No Pod runs here: the API server finds nobody behind the webhook's Service, instead of looking for it in the world. */
export async function emptyWebhook(api: Api, namespace = 'd8-metallb'): Promise<void> {
  const path = objectPath('Service', 'controller-webhook', namespace);
  const spec = { type: 'ExternalName', externalName: '127.0.0.1', clusterIP: '', clusterIPs: null };
  await api.send('PATCH', path, { spec }, PATCH.merge);
}
