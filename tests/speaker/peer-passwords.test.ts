import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseBfdProfile } from '../../modules/metallb/src/api/bfd-profile.ts';
import { parseBgpPeer } from '../../modules/metallb/src/api/bgp-peer.ts';
import { ForbiddenError } from '../../modules/metallb/src/kube/errors.ts';
import { PeerPasswords } from '../../modules/metallb/src/speaker/peer-passwords.ts';
import { StoreUnavailableError } from '../../modules/metallb/src/store/errors.ts';
import { MemoryStore } from '../../modules/metallb/src/store/memory-store.ts';
import type { Store, WatchEvent, WatchOptions } from '../../modules/metallb/src/store/store.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { parsedValue } from '../support/parsed.ts';

const LABEL = 'network.deckhouse.io/metallb-bgp-password';
const STAMP = { uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };
const turn = () => new Promise((resolve) => setImmediate(resolve));

function peer(spec: object, label?: string) {
  const read = parsedValue(
    parseBgpPeer({
      ...{ apiVersion: 'metallb.io/v1beta2', kind: 'BGPPeer' },
      metadata: { name: 'tor', namespace: 'metallb-system' },
      spec: { myASN: 64_500, peerASN: 64_501, peerAddress: '172.16.1.1', ...spec },
    }),
  );
  const { passwordSecret } = read.spec;
  if (label === undefined || passwordSecret === undefined) return read;
  return { ...read, spec: { ...read.spec, passwordSecret: { ...passwordSecret, label } } };
}

const NAMED = { passwordSecret: { name: 'router' } };

function secret(rest: object = {}, namespace = 'metallb-system', labels = {}) {
  const data = { password: Buffer.from('hunter2').toString('base64') };
  return {
    ...{ apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/basic-auth', data, ...rest },
    metadata: { name: 'router', namespace, labels },
  };
}

async function fixture() {
  const store = new MemoryStore(new FakeClock());
  await store.start();
  const watched: WatchOptions[] = [];
  let changes = 0;
  const passwords = new PeerPasswords({
    store: {
      watch: (options, onEvent) => {
        watched.push(options);
        return store.watch(options, onEvent);
      },
    },
    namespace: 'd8-metallb',
    onChange: () => {
      changes += 1;
    },
  });
  return { store, passwords, watched, changes: () => changes };
}

test('a peer without a Secret has the password in it, or none, and no Secret is watched', async () => {
  const { passwords, watched } = await fixture();
  assert.equal(passwords.of(peer({})), { passwords: [] });
  assert.equal(passwords.of(peer({ password: 'hunter2' })), { passwords: ['hunter2'] });
  assert.equal(watched, []);
});

test('one that names a Secret has none before it is read, and whatever it says afterwards', async () => {
  const { store, passwords, watched, changes } = await fixture();
  const problem = () => Reflect.get(passwords.of(peer(NAMED)), 'problem');
  assert.match(problem(), /^Secret metallb-system\/router, .* can't be read/);
  await turn();
  assert.match(problem(), /does not exist/);
  store.put(secret());
  await turn();
  assert.equal(Reflect.get(passwords.of(peer(NAMED)), 'passwords'), ['hunter2']);
  assert.ok(changes() >= 2);
  const places = watched.map(({ kind, namespace }) => [kind, namespace]);
  assert.equal(places, [['Secret', 'metallb-system']]);
  store.put(secret({ type: 'Opaque' }));
  await turn();
  assert.match(problem(), /is of type Opaque: expected kubernetes.io\/basic-auth/);
  store.put(secret({ data: {} }));
  await turn();
  assert.match(problem(), /of no use/);
  store.remove({ kind: 'Secret', namespace: 'metallb-system', name: 'router' });
  await turn();
  assert.match(problem(), /does not exist/);
});

test('where Secrets may not be read, the right that is missing is named, and how it is granted', () => {
  const events: ((event: WatchEvent) => void)[] = [];
  const watch: Store['watch'] = (_, onEvent) => {
    events.push(onEvent);
    return { stop: () => undefined };
  };
  let changes = 0;
  const onChange = () => {
    changes += 1;
  };
  const passwords = new PeerPasswords({ store: { watch }, namespace: 'd8-metallb', onChange });
  const there = peer({ passwordSecret: { name: 'router', namespace: 'tenant' } });
  const problem = () => Reflect.get(passwords.of(there), 'problem');
  const hear = (event: WatchEvent) => {
    for (const tell of events) tell(event);
  };
  assert.match(problem(), /can't be read \(yet\)$/);
  hear({ type: 'lost', error: new ForbiddenError('403: speaker may not list secrets') });
  assert.match(
    problem(),
    /^Secret tenant\/router, .* can't be read: speakers have no right to list and watch Secrets in the namespace tenant\. .* kubectl create rolebinding bgp-secrets -n tenant --clusterrole=d8:metallb:bgp-secrets --serviceaccount=d8-metallb:speaker$/,
  );
  hear({ type: 'lost', error: new StoreUnavailableError('away') });
  assert.match(problem(), /can't be read \(yet\)$/);
  const made = secret({}, 'tenant');
  const metadata = { ...made.metadata, ...STAMP };
  hear({ type: 'listed', objects: [{ ...made, metadata }], revision: 1 });
  assert.equal(Reflect.get(passwords.of(there), 'passwords'), ['hunter2']);
  assert.equal([events.length, changes], [1, 3]);
});

test('BFD is signed with the key of the Secret beside its profile, by its number; or nobody knows it', async () => {
  const { store, passwords, watched } = await fixture();
  const profile = (annotations: Readonly<Record<string, string>>) =>
    parsedValue(
      parseBfdProfile({
        ...{ apiVersion: 'metallb.io/v1beta1', kind: 'BFDProfile' },
        metadata: { name: 'signed', namespace: 'metallb-system', annotations },
      }),
    );
  assert.equal(passwords.ofBfd(profile({})), { key: undefined });
  assert.equal(watched, []);
  const annotation = (name: string) => `network.deckhouse.io/bfd-authentication-${name}`;
  const signed = profile({ [annotation('secret')]: 'router', [annotation('key-id')]: '7' });
  const problem = () => Reflect.get(passwords.ofBfd(signed), 'problem');
  assert.match(
    problem(),
    /^Secret metallb-system\/router, which holds the key of its BFD, can't be/,
  );
  await turn();
  assert.match(problem(), /does not exist/);
  store.put(secret());
  await turn();
  const key = { kind: 'keyed-sha1', id: 7, secret: Buffer.from('hunter2').toString('base64') };
  assert.equal(passwords.ofBfd(signed), { key });
  store.put(secret({ data: { password: Buffer.from('x'.repeat(21)).toString('base64') } }));
  await turn();
  assert.match(problem(), /is of no use: expected 1 to 20 bytes in password/);
  assert.is(Reflect.get(passwords.of(peer(NAMED)), 'passwords').length, 1, 'as for BGP it may be');
});

test("Deckhouse's kinds want a label of whoever keeps the Secret, wherever it is, and no type", async () => {
  const { store, passwords } = await fixture();
  const named = peer({ passwordSecret: { name: 'router', namespace: 'safe' } }, LABEL);
  passwords.of(named);
  store.put(secret({ type: 'Opaque' }, 'safe'));
  await turn();
  assert.match(Reflect.get(passwords.of(named), 'problem'), /has not the label/);
  store.put(secret({ type: 'Opaque' }, 'safe', { [LABEL]: 'true' }));
  await turn();
  assert.equal(Reflect.get(passwords.of(named), 'passwords'), ['hunter2']);
});

test.run();
