import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ApiClient, ApiRequest } from '../../modules/metallb/src/kube/api-client.ts';
import { PeerDefinition } from '../../modules/metallb/src/kube/peer-definition.ts';
import { WebhookConfiguration } from '../../modules/metallb/src/kube/webhook-configuration.ts';
import { WebhookSecret } from '../../modules/metallb/src/kube/webhook-secret.ts';
import { InvalidError, NotFoundError } from '../../modules/metallb/src/store/errors.ts';

/** Has one object, and remembers what was asked but reads. */
class OneObject implements ApiClient {
  readonly writes: ApiRequest[] = [];
  readonly #object: unknown;

  constructor(object?: unknown) {
    this.#object = object;
  }

  request(request: ApiRequest): Promise<unknown> {
    if (request.method !== 'GET') {
      this.writes.push(request);
      return Promise.resolve({});
    }
    return this.#object === undefined
      ? Promise.reject(new NotFoundError(request.path))
      : Promise.resolve(this.#object);
  }
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const PLACE = { namespace: 'd8-metallb', name: 'metallb-webhook' };
const kept = { certificate: 'leaf', privateKey: 'key', authorities: 'ca' };
const data = { 'tls.crt': base64('leaf'), 'tls.key': base64('key'), 'ca.crt': base64('ca') };
const patchOf = { method: 'PATCH', contentType: 'application/json-patch+json' } as const;

test('a Secret that is not there is none', async () => {
  assert.is(await new WebhookSecret(new OneObject(), PLACE).read(), undefined);
});

test('a Secret is read with its version', async () => {
  const api = new OneObject({ metadata: { resourceVersion: '7' }, data });
  assert.equal(await new WebhookSecret(api, PLACE).read(), { version: '7', kept });
});

test('what a Secret lacks is empty', async () => {
  for (const nothing of [{}, { data: null }, { data: {} }]) {
    const api = new OneObject({ metadata: { resourceVersion: '7' }, ...nothing });
    const empty = { certificate: '', privateKey: '', authorities: '' };
    assert.equal(await new WebhookSecret(api, PLACE).read(), { version: '7', kept: empty });
  }
});

test('a Secret that can’t be read is told without what is in it', async () => {
  const api = new OneObject({
    metadata: { resourceVersion: '7' },
    data: { 'tls.key': ['private'] },
  });
  const error = await new WebhookSecret(api, PLACE).read().catch((reason: unknown) => reason);
  assert.instance(error, InvalidError);
  assert.not.match(String(error), 'private');
});

test('a Secret is made of the type that Kubernetes has for certificates', async () => {
  const api = new OneObject();
  await new WebhookSecret(api, PLACE).create(kept);
  assert.equal(api.writes, [
    {
      method: 'POST',
      path: '/api/v1/namespaces/d8-metallb/secrets',
      body: {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { ...PLACE, labels: { module: 'metallb', heritage: 'deckhouse' } },
        type: 'kubernetes.io/tls',
        data,
      },
    },
  ]);
});

test('a Secret is replaced only in the version that was read', async () => {
  const api = new OneObject();
  await new WebhookSecret(api, PLACE).replace('7', kept);
  assert.equal(api.writes, [
    {
      ...patchOf,
      path: '/api/v1/namespaces/d8-metallb/secrets/metallb-webhook',
      body: [
        { op: 'test', path: '/metadata/resourceVersion', value: '7' },
        { op: 'add', path: '/data', value: data },
      ],
    },
  ]);
});

const path = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/metallb';
const configuration = (...bundles: (string | undefined)[]) =>
  new OneObject({
    metadata: { resourceVersion: '9' },
    webhooks: bundles.map((caBundle, index) => ({
      name: `webhook-${index}`,
      clientConfig: { service: {}, ...(caBundle !== undefined && { caBundle }) },
    })),
  });

test('every webhook that trusts somebody else is told whom to trust, in one write', async () => {
  const api = configuration(undefined, base64('new'), base64('old'));
  await new WebhookConfiguration(api, 'metallb').trust('new');
  assert.equal(api.writes, [
    {
      ...patchOf,
      path,
      body: [
        { op: 'test', path: '/metadata/resourceVersion', value: '9' },
        { op: 'add', path: '/webhooks/0/clientConfig/caBundle', value: base64('new') },
        { op: 'add', path: '/webhooks/2/clientConfig/caBundle', value: base64('new') },
      ],
    },
  ]);
});

test('nothing is written where all is as it should be', async () => {
  const api = configuration(base64('new'), base64('new'));
  await new WebhookConfiguration(api, 'metallb').trust('new');
  assert.equal(api.writes, []);
});

test('a configuration that is not there is an error', async () => {
  const missing = new WebhookConfiguration(new OneObject(), 'metallb').trust('new');
  assert.instance(await missing.catch((reason: unknown) => reason), NotFoundError);
});

const SERVICE = {
  ...{ namespace: 'd8-metallb', name: 'controller-webhook' },
  ...{ path: '/convert/bgppeers', port: 443 },
};
const asking = (service: object, caBundle: string) => ({
  strategy: 'Webhook',
  webhook: {
    conversionReviewVersions: ['v1'],
    clientConfig: { caBundle: base64(caBundle), service },
  },
});
const MINE = { module: 'metallb' };
const definition = (
  conversion: object | undefined,
  labels: object = MINE,
  storedVersions = ['v1beta2'],
) =>
  new OneObject({
    metadata: { resourceVersion: '9', labels },
    spec: { conversion },
    status: { storedVersions },
  });
const ofService = (api: ApiClient) => new PeerDefinition(api, ({ name }) => name === SERVICE.name);
const written = (conversion: object) => [
  {
    ...patchOf,
    path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/bgppeers.metallb.io',
    body: [
      { op: 'test', path: '/metadata/resourceVersion', value: '9' },
      { op: 'add', path: '/spec/conversion', value: conversion },
    ],
  },
];

for (const before of [
  ...[undefined, { strategy: 'None' }, asking(SERVICE, 'old')],
  asking({ ...SERVICE, port: 8443 }, 'new'),
]) {
  test(`a definition with ${JSON.stringify(before)} asks us and trusts as it is told`, async () => {
    const api = definition(before);
    assert.is(await ofService(api).trust('new', SERVICE), true);
    assert.equal(api.writes, written(asking(SERVICE, 'new')));
  });
}

const theirs = { namespace: 'metallb-system', name: 'metallb-webhook-service', path: '/convert' };
const LEFT_ALONE: [string, OneObject][] = [
  ['asks us already', definition(asking(SERVICE, 'new'))],
  ['asks MetalLB', definition(asking(theirs, 'old'))],
  ['is MetalLB’s', definition({ strategy: 'None' }, {})],
  ['is not there', new OneObject()],
];
for (const [name, api] of LEFT_ALONE) {
  test(`a definition that ${name} is left alone`, async () => {
    await ofService(api).trust('new', SERVICE);
    assert.equal(api.writes, []);
  });
}

test('a definition whose objects may be stored as v1beta1 is left alone, and that is said', async () => {
  const api = definition({ strategy: 'None' }, MINE, ['v1beta1', 'v1beta2']);
  assert.is(await ofService(api).trust('new', SERVICE), false);
  assert.equal(api.writes, []);
});

test('a definition that asks us is let go of, and no other', async () => {
  const api = definition(asking(SERVICE, 'old'));
  assert.is(await ofService(api).isAsking(), true);
  assert.is(await ofService(api).letGo(), true);
  assert.equal(api.writes, written({ strategy: 'None' }));
  for (const [name, other] of LEFT_ALONE.slice(1)) {
    assert.is(await ofService(other).isAsking(), false, name);
    assert.is(await ofService(other).letGo(), false, name);
    assert.equal(other.writes, [], name);
  }
});

test('a definition that can’t be read is an error', async () => {
  const outcome = ofService(new OneObject({ metadata: {} })).letGo();
  assert.instance(await outcome.catch((reason: unknown) => reason), InvalidError);
});

test.run();
