import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { valueAt } from '../../modules/metallb/hooks/lib/json.ts';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import { replaceStatus } from '../../modules/metallb/src/store/json-patch.ts';
import type { Store } from '../../modules/metallb/src/store/store.ts';
import { testIn } from '../support/manifest-directory.ts';
import { WatchRecorder } from '../support/watch-recorder.ts';

function announcer(node: string, since: string) {
  return { node, since, reason: 'Takeover', recentMoves: 1 };
}

async function setStatus(store: Store, object: KubernetesObject, fields: object): Promise<void> {
  const patch = replaceStatus(object, { ...fields });
  await store.write({ do: 'patch', ref: L2_REF, subresource: 'status', patch });
}

function statusOf(object: KubernetesObject): Record<string, unknown> {
  return { ...(object.status as object) };
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'done',
    (error: unknown) => String(error),
  );
}

const L2_STATUSES = { kind: 'ServiceL2Status' } as const;
const L2_REF = { ...L2_STATUSES, namespace: 'metallb-system', name: 'l2-0' };
const L2_KEY = 'metallb-system/l2-0';

function l2Object(node: string) {
  const metadata = { namespace: 'metallb-system', name: 'l2-0', labels: { node } };
  return { apiVersion: 'metallb.io/v1beta1', kind: 'ServiceL2Status', metadata, spec: {} };
}

testIn('nodes make the object that tells who announces an IP, for everyone', async (directory) => {
  const controller = await directory.controller();
  const [one, two] = [await directory.node('n1'), await directory.node('n2')];
  const atTwo = new WatchRecorder(two, L2_STATUSES);
  const atController = new WatchRecorder(controller, L2_STATUSES);
  const made = await one.write({ do: 'create', object: l2Object('n1') });
  assert.ok(made);
  const first = {
    serviceName: 'web',
    node: 'n1',
    announcer: announcer('n1', '2024-01-01T00:00:00Z'),
  };
  await setStatus(one, made, first);
  const told = (node: string) => (object: KubernetesObject) => statusOf(object)['node'] === node;
  const known = await atTwo.changed(L2_KEY, told('n1'));
  assert.equal(known.metadata.labels, { node: 'n1' });
  assert.match(
    await refusal(two.write({ do: 'create', object: l2Object('n2') })),
    'AlreadyExistsError',
  );
  const second = { ...first, node: 'n2', announcer: announcer('n2', '2024-01-01T00:00:01Z') };
  await setStatus(two, known, second);
  const patch = [{ op: 'add', path: '/metadata/labels', value: { node: 'n2' } } as const];
  await two.write({ do: 'patch', ref: L2_REF, patch });
  const isLabelled = ({ metadata }: KubernetesObject) => metadata.labels?.['node'] === 'n2';
  const seen = await atController.changed(L2_KEY, isLabelled);
  assert.equal(statusOf(seen), second);
  await two.stop();
  const again = await directory.node('n2');
  const { objects } = await new WatchRecorder(again, L2_STATUSES).next('listed');
  assert.equal(objects.map(statusOf), [second], 'also for a node that starts again');
});

testIn('it is gone for everyone once each node has taken its word back', async (directory) => {
  const controller = await directory.controller();
  const [one, two] = [await directory.node('n1'), await directory.node('n2')];
  const atController = new WatchRecorder(controller, L2_STATUSES);
  const atTwo = new WatchRecorder(two, L2_STATUSES);
  const made = await one.write({ do: 'create', object: l2Object('n1') });
  assert.ok(made);
  await setStatus(one, made, { announcer: announcer('n1', '2024-01-01T00:00:00Z') });
  const known = await atTwo.changed(
    L2_KEY,
    (object) => statusOf(object)['announcer'] !== undefined,
  );
  await setStatus(two, known, { announcer: announcer('n2', '2024-01-01T00:00:01Z') });
  const told = (node: string) => (object: KubernetesObject) =>
    valueAt(statusOf(object)['announcer'], 'node') === node;
  await atController.changed(L2_KEY, told('n2'));
  await two.write({ do: 'delete', ref: L2_REF });
  await atController.changed(L2_KEY, told('n1'));
  await one.write({ do: 'delete', ref: L2_REF });
  await atController.next('deleted');
  const again = await directory.node('n3');
  const { objects } = await new WatchRecorder(again, L2_STATUSES).next('listed');
  assert.equal(objects, []);
});

test.run();
