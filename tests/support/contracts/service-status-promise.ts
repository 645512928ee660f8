import * as assert from 'uvu/assert';
import { pointerTo, replaceStatus } from '../../../modules/metallb/src/store/json-patch.ts';
import type {
  JsonPatchOperation,
  NewObject,
  Store,
} from '../../../modules/metallb/src/store/store.ts';
import { serviceObject, serviceRef } from '../objects.ts';
import { WatchRecorder } from '../watch-recorder.ts';

const ANNOTATIONS = pointerTo('metadata', 'annotations');
const POOL = pointerTo('metadata', 'annotations', 'example.com/pool');

/** Of a Service, annotations come and go with a write of its status. */
export async function keepsAnnotations({
  store,
  user,
}: {
  readonly store: Store;
  readonly user: { apply(object: NewObject): Promise<void> };
}): Promise<void> {
  const watch = new WatchRecorder(store, { kind: 'Service' });
  await watch.next('listed');
  await user.apply(serviceObject('web'));
  const object = await watch.changed('default/web');
  const write = (patch: readonly JsonPatchOperation[]) =>
    store.write({ do: 'patch', ref: serviceRef('web'), subresource: 'status', patch });
  const given = await write([
    ...replaceStatus(object, { loadBalancer: { ingress: [{ ip: '192.0.2.10' }] } }),
    { op: 'add', path: ANNOTATIONS, value: {} },
    { op: 'add', path: POOL, value: 'public' },
  ]);
  assert.equal(given?.metadata.annotations, { 'example.com/pool': 'public' });
  assert.match(JSON.stringify(given?.status), '192.0.2.10');
  const taken = await write([{ op: 'remove', path: POOL }]);
  assert.equal(taken?.metadata.annotations ?? {}, {});
}
