import { writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type ApiRequest,
  type ConnectedClient,
  connect,
} from '../../modules/metallb/src/kube/api-client.ts';
import { FakeApiServer, type FakeRequest } from '../support/fake-api-server.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { turnUntil } from '../support/turn-until.ts';

interface Bench {
  readonly server: FakeApiServer;
  readonly clock: FakeClock;
  readonly client: ConnectedClient;
}

const test = suite<Bench>('api client');
const SERVICES = { method: 'GET', path: '/api/v1/services' } as const;
const PATCH = {
  method: 'PATCH',
  path: '/api/v1/nodes/n1',
  contentType: 'application/json-patch+json',
  body: [{ op: 'test', path: '/metadata/resourceVersion', value: '1' }],
} as const;
const BARE = {
  message: 'the server rejected our request due to an error in our request',
  reason: 'Invalid',
  details: {},
};

test.before.each(async (context) => {
  const server = new FakeApiServer();
  await server.start();
  const clock = new FakeClock();
  const client = connect({ kubeconfig: server.kubeconfig, clock });
  Object.assign(context, { server, clock, client });
});

test.after.each(async ({ server, client }) => {
  client.close();
  await server.stop();
});

/** What comes of a request that the server answers so. */
async function outcomeOf(
  { server, client }: Bench,
  request: ApiRequest,
  ...answers: ((request: FakeRequest) => void)[]
): Promise<unknown> {
  const outcome = client.request(request).catch((error: unknown) => error);
  for (const answer of answers) answer(await server.next());
  return outcome;
}

const OUTCOMES: [status: number, body: object, request: ApiRequest, error: RegExp][] = [
  [400, { message: 'bad' }, SERVICES, /^InvalidError: GET \/api\/v1\/services: 400 bad$/],
  [404, { message: 'no such' }, SERVICES, /^NotFoundError: .*no such/],
  [409, { message: 'there', reason: 'AlreadyExists' }, SERVICES, /^AlreadyExistsError/],
  [409, { message: 'newer', reason: 'Conflict' }, SERVICES, /^ConflictError/],
  [410, { message: 'too old' }, SERVICES, /^ExpiredError/],
  [422, BARE, PATCH, /^ConflictError/],
  [422, BARE, { ...PATCH, body: [{ op: 'remove', path: '/x' }] }, /^InvalidError/],
  [422, BARE, { ...PATCH, contentType: 'application/merge-patch+json' }, /^InvalidError/],
  [422, { message: 'label "test failed" is invalid' }, PATCH, /^InvalidError/],
  [429, { message: 'busy' }, SERVICES, /^StoreUnavailableError/],
  [500, { message: 'etcd' }, SERVICES, /^StoreUnavailableError: .*500 etcd/],
  [
    403,
    { message: 'User "system:serviceaccount:d8-metallb:speaker" cannot list resource "services"' },
    SERVICES,
    /^ForbiddenError: 403: ServiceAccount d8-metallb\/speaker may not list services/,
  ],
];
for (const [status, body, request, error] of OUTCOMES) {
  test(`${status} ${JSON.stringify(body)} to ${request.method} ${request.contentType ?? ''} ${JSON.stringify(request.body ?? '')} is ${error}`, async (bench) => {
    const outcome = await outcomeOf(bench, request, (asked) => asked.answer(status, body));
    assert.match(String(outcome), error);
  });
}

test('a request carries method, path, query, body with its length, and the token', async (bench) => {
  const { server, client } = bench;
  const done = client.request({ ...SERVICES, method: 'DELETE', query: { a: 'b c' }, body: {} });
  const { headers, ...asked } = await server.next().then((request) => {
    request.answer(200, { kind: 'Status' });
    return request;
  });
  assert.equal(await done, { kind: 'Status' });
  const { method, path, query, body } = asked;
  assert.equal([method, path, query, body], ['DELETE', '/api/v1/services', { a: 'b c' }, '{}']);
  assert.is(headers['content-length'], '2');
  assert.is(headers.authorization, 'Bearer first-token');
  assert.is(client.namespace, 'd8-metallb');
});

test('a token that is refused is read anew, and the request repeated once', async (bench) => {
  await outcomeOf(bench, SERVICES, (asked) => asked.answer(200, {}));
  writeFileSync(bench.server.tokenFile, 'second-token');
  const used: (string | undefined)[] = [];
  const outcome = await outcomeOf(
    bench,
    SERVICES,
    (asked) => {
      used.push(asked.headers.authorization);
      asked.answer(401, {});
    },
    (asked) => {
      used.push(asked.headers.authorization);
      asked.answer(200, { ok: true });
    },
  );
  assert.equal(used, ['Bearer first-token', 'Bearer second-token']);
  assert.equal(outcome, { ok: true });
});

test('credentials that stay refused are told without telling them', async (bench) => {
  const refuse = (asked: FakeRequest) => asked.answer(401, { message: 'Unauthorized' });
  const outcome = String(await outcomeOf(bench, SERVICES, refuse, refuse));
  assert.match(outcome, /^ForbiddenError: 401: .*token/);
  assert.not.match(outcome, 'first-token');
});

test('a program that gives out credentials is asked', async (bench) => {
  const credential = {
    status: { token: 'from-program', expirationTimestamp: '2999-01-01T00:00:00Z' },
  };
  const command = { command: 'echo', args: [JSON.stringify(credential)] };
  bench.server.configure({ exec: { apiVersion: 'client.authentication.k8s.io/v1', ...command } });
  const client = connect({ kubeconfig: bench.server.kubeconfig, clock: bench.clock });
  const done = client.request(SERVICES);
  const asked = await bench.server.next();
  asked.answer(200, {});
  await done;
  client.close();
  assert.is(asked.headers.authorization, 'Bearer from-program');
});

test('a busy server is asked again after the time it names', async (bench) => {
  const { server, client, clock } = bench;
  const outcome = client.request(SERVICES);
  (await server.next()).answer(429, { message: 'busy' }, { 'retry-after': '3' });
  const again = server.next();
  await turnUntil(again, () => clock.advance(100));
  assert.ok(clock.now() >= 3_000, 'not before');
  (await again).answer(200, { ok: true });
  assert.equal(await outcome, { ok: true });
});

test('a server that wants to be left alone for longer than the request may take has refused', async (bench) => {
  const outcome = await outcomeOf(bench, { ...SERVICES, timeoutMs: 2_000 }, (asked) =>
    asked.answer(503, { message: 'starting' }, { 'retry-after': '5' }),
  );
  assert.match(String(outcome), /^StoreUnavailableError: .*503 starting/);
});

test('a server that does not answer in time is unavailable', async (bench) => {
  const { server, client, clock } = bench;
  const outcome = client
    .request({ ...SERVICES, timeoutMs: 2_000 })
    .catch((error: unknown) => error);
  await server.next();
  clock.advance(2_000);
  assert.is(
    String(await outcome),
    `StoreUnavailableError: ${server.url} did not answer GET /api/v1/services within 2 s`,
  );
});

test('nobody at the port is said in words', async (bench) => {
  await bench.server.die();
  const outcome = await bench.client.request(SERVICES).catch((error: unknown) => error);
  assert.match(
    String(outcome),
    new RegExp(`^StoreUnavailableError: can't reach ${bench.server.url}: connection refused;`),
  );
});

test('an answer that is no JSON is a server that does not work', async (bench) => {
  const outcome = await outcomeOf(bench, SERVICES, (asked) => {
    asked.open();
    asked.write('<html>');
    asked.end();
  });
  assert.match(String(outcome), /^StoreUnavailableError: the answer to GET .* is no JSON/);
});

test('an answer that breaks off is a lost connection', async (bench) => {
  const outcome = await outcomeOf(bench, SERVICES, (asked) => {
    asked.open();
    asked.write('{"items":');
    setImmediate(() => asked.reset());
  });
  assert.match(String(outcome), /^StoreUnavailableError: /);
});

test.run();
