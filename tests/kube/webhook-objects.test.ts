import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ApiClient, ApiRequest } from '../../modules/metallb/src/kube/api-client.ts';
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

test.run();
