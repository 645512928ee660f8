import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CHILD_KIND } from '../../modules/metallb/src/api/names.ts';
import { MemoryStore } from '../../modules/metallb/src/store/memory-store.ts';
import { storeContract } from '../support/contracts/store-contract.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { childObject, serviceObject, serviceRef } from '../support/objects.ts';
import { memoryStoreUnderTest } from '../support/stores-under-test.ts';
import { WatchRecorder } from '../support/watch-recorder.ts';

storeContract('memory', memoryStoreUnderTest);

test('a lost store tells so once, refuses writes, and lists when it is back', async () => {
  const store = new MemoryStore(new FakeClock());
  await store.start();
  const watch = new WatchRecorder(store, { kind: 'Service' });
  await watch.next('listed');
  store.lose();
  store.put(serviceObject('unseen'));
  const late = new WatchRecorder(store, { kind: 'Service' });
  const outcome = await store
    .write({ do: 'delete', ref: serviceRef('unseen') })
    .catch((error: unknown) => error);
  assert.instance(outcome, Error);
  assert.match(String(outcome), 'StoreUnavailableError');
  assert.equal(watch.drain(), ['lost']);
  assert.equal(late.drain(), ['lost']);
  store.recover();
  const listed = await watch.next('listed');
  assert.is(listed.objects.length, 1);
});

test('a child of an owner that is gone already does not stay', async () => {
  const store = new MemoryStore(new FakeClock());
  await store.start();
  const owner = store.put(serviceObject('nginx'));
  store.remove(serviceRef('nginx'));
  await store.write({ do: 'create', object: childObject('late', { owner }) });
  assert.equal(store.list(CHILD_KIND), []);
});

test('events come after the call that caused them has returned', async () => {
  const store = new MemoryStore(new FakeClock());
  await store.start();
  const watch = new WatchRecorder(store, { kind: 'Service' });
  store.put(serviceObject('nginx'));
  assert.equal(watch.drain(), []);
  await watch.changed('default/nginx');
});

test('a patch can neither rename an object nor forge its uid', async () => {
  const store = new MemoryStore(new FakeClock());
  const { metadata } = store.put(serviceObject('nginx'));
  const patchOf = (path: string) => [{ op: 'add', path, value: 'other' }] as const;
  const renamed = await store
    .write({ do: 'patch', ref: serviceRef('nginx'), patch: patchOf('/metadata/name') })
    .catch((error: unknown) => error);
  assert.match(String(renamed), /InvalidError.*rename/);
  await store.write({ do: 'patch', ref: serviceRef('nginx'), patch: patchOf('/metadata/uid') });
  assert.is(store.get(serviceRef('nginx'))?.metadata.uid, metadata.uid);
});

test.run();
