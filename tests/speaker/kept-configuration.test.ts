import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { KubernetesObject } from '../../modules/metallb/src/api/object.ts';
import {
  formatLastKnownGood,
  parseLastKnownGood,
} from '../../modules/metallb/src/speaker/last-known-good.ts';
import type { NewObject } from '../../modules/metallb/src/store/store.ts';
import { addressPool, advertisement, announcedService } from '../support/announced-objects.ts';
import { sliceOf } from '../support/cluster.ts';
import { SpeakerFixture, settled } from '../support/speaker-fixture.ts';

const IP = '203.0.113.1';
const POOL = { kind: 'IPAddressPool', namespace: 'metallb-system', name: 'public' } as const;
const ADVERTISEMENT = {
  kind: 'L2Advertisement',
  namespace: 'metallb-system',
  name: 'all',
} as const;
const METALLB_OBJECTS: readonly NewObject[] = [
  addressPool('public'),
  advertisement('all'),
  sliceOf('own', [{ nodeName: 'n1' }, { nodeName: 'n2' }]),
  announcedService('own', [IP]),
];

function fixtureWith(objects: readonly NewObject[], before?: SpeakerFixture): SpeakerFixture {
  const state = before?.written.at(-1);
  const kept = state && parseLastKnownGood(formatLastKnownGood(state), 'file');
  const fixture = new SpeakerFixture(kept);
  fixture.store.load(before?.store.list('L2Advertisement') ?? []);
  for (const object of objects) fixture.store.put(object);
  return fixture;
}

/** A speaker that has seen the configuration and written it down. */
async function written(): Promise<SpeakerFixture> {
  const fixture = fixtureWith(METALLB_OBJECTS);
  await fixture.speaker.start();
  await settled();
  assert.ok(fixture.dutiesOfWire.includes(IP));
  fixture.clock.advance(2_000);
  await settled();
  await fixture.speaker.stop();
  return fixture;
}

test('pools and advertisements in force are kept with the classes', async () => {
  const objects: readonly KubernetesObject[] = (await written()).written.at(-1)?.objects ?? [];
  assert.equal(
    objects.map(({ kind }) => kind),
    ['IPAddressPool', 'L2Advertisement', 'MetalLoadBalancerClass'],
  );
});

const unreadable = { ...advertisement('all'), spec: { interfaces: 'eth0' } };
const rows: [string, readonly NewObject[], readonly { kind: string }[], boolean][] = [
  ['an advertisement that became unreadable counts as it was', [unreadable], [], true],
  ['an advertisement that is gone counts no more', [], [ADVERTISEMENT], false],
  ['a pool that is gone counts as long as a Service has an IP of it', [], [POOL], true],
];
for (const [name, changed, gone, isServed] of rows) {
  test(`while nobody ran, ${name}`, async () => {
    const before = await written();
    const isGone = (object: { readonly kind: string }) =>
      gone.some(({ kind }) => kind === object.kind);
    for (const object of changed) before.store.put(object);
    for (const ref of gone) if (ref.kind === 'L2Advertisement') before.store.remove(ADVERTISEMENT);
    const rest = METALLB_OBJECTS.filter(
      (object) => !isGone(object) && object.kind !== 'L2Advertisement',
    );
    const fixture = fixtureWith(rest, before);
    await fixture.speaker.start();
    await settled();
    assert.is(fixture.dutiesOfWire.includes(IP), isServed);
  });
}

test('an unreadable advertisement that is another one of the same name is not what was kept', async () => {
  const before = await written();
  const other: KubernetesObject[] = before.store
    .list('L2Advertisement')
    .map((object) => ({ ...object, metadata: { ...object.metadata, uid: 'another' } }));
  const kept = new SpeakerFixture(before.written.at(-1));
  kept.store.load(other);
  for (const object of METALLB_OBJECTS)
    if (object.kind !== 'L2Advertisement') kept.store.put(object);
  kept.store.put(unreadable);
  await kept.speaker.start();
  await settled();
  assert.not(kept.dutiesOfWire.includes(IP));
});

test('a restart while the store is away announces the same', async () => {
  const before = await written();
  const fixture = fixtureWith([], before);
  fixture.store.lose();
  await fixture.speaker.start();
  fixture.clock.advance(2_000);
  assert.ok(fixture.dutiesOfWire.includes(IP));
});

test('the state of a speaker that knew classes alone is understood', async () => {
  const state = (await written()).written.at(-1);
  assert.ok(state);
  const { objects, ...rest } = JSON.parse(formatLastKnownGood(state));
  const classes = objects.filter(({ kind }: NewObject) => kind === 'MetalLoadBalancerClass');
  const old = JSON.stringify({ ...rest, format: 4, classes });
  assert.equal(parseLastKnownGood(old, 'file').objects, classes);
});

test.run();
