import { X509Certificate } from 'node:crypto';
import { Agent, type RequestOptions, request } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ListenError } from '../../modules/metallb/src/telemetry/http-server.ts';
import { systemClock } from '../../modules/metallb/src/time/system-clock.ts';
import type { Judge } from '../../modules/metallb/src/webhook/answer-review.ts';
import { issueCertificate } from '../../modules/metallb/src/webhook/issue-certificate.ts';
import { WebhookServer } from '../../modules/metallb/src/webhook/webhook-server.ts';

const NAME = 'controller-webhook.metallb.svc';
const LOOPBACK = { host: '127.0.0.1', port: 0 };
const issue = () => issueCertificate({ dnsNames: [NAME], nowEpochMs: systemClock.epochMs() });
const [first, second] = [await issue(), await issue()];
const trusted = `${first.authorities}${second.authorities}`;

const review = {
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: 'u1',
    resource: { group: '', version: 'v1', resource: 'services' },
    userInfo: { username: 'somebody' },
    operation: 'CREATE',
    object: {},
  },
};

interface Context {
  server: WebhookServer;
  port: number;
  judge: Judge;
  failures: unknown[];
}

const test = suite<Context>('webhook-server');

test.before.each(async (context) => {
  context.failures = [];
  context.judge = () => ({ refusals: ['too late'], warnings: ['take care'] });
  context.server = new WebhookServer({
    clock: systemClock,
    judge: (asked) => context.judge(asked),
    onFailure: (error) => context.failures.push(error),
  });
  context.server.use(first);
  context.port = await context.server.start(LOOPBACK);
});
test.after.each(({ server }) => server.stop());

interface Reply {
  readonly status: number | undefined;
  readonly body: string;
}

function send(port: number, options: RequestOptions, body: string | undefined): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, servername: NAME, ca: trusted, ...options },
      (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode, body: text }));
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}

function post(port: number, body: string, options: RequestOptions = {}): Promise<Reply> {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  return send(port, { method: 'POST', path: '/validate?timeout=5s', headers, ...options }, body);
}

test('answers a review with its uid, the verdict and the warnings', async ({ port }) => {
  const { status, body } = await post(port, JSON.stringify(review));
  assert.is(status, 200);
  assert.equal(JSON.parse(body).response, {
    uid: 'u1',
    allowed: false,
    status: { code: 403, message: 'too late' },
    warnings: ['take care'],
  });
});

test('says 503 while too little is known to judge', async (context) => {
  context.judge = () => undefined;
  assert.is((await post(context.port, JSON.stringify(review))).status, 503);
});

test('a mistake of ours is one answer 500, is told, and ends nothing', async (context) => {
  const mistake = new Error('mistake');
  context.judge = () => {
    throw mistake;
  };
  assert.is((await post(context.port, JSON.stringify(review))).status, 500);
  assert.equal(context.failures, [mistake]);
  context.judge = () => ({ refusals: [], warnings: [] });
  assert.is((await post(context.port, JSON.stringify(review))).status, 200);
});

const PEER = {
  ...{ apiVersion: 'metallb.io/v1beta2', kind: 'BGPPeer', metadata: { name: 'tor' } },
  spec: { myASN: 64_500, peerASN: 64_501, peerAddress: '172.16.1.1', vrf: 'red' },
};
const conversion = (objects: readonly object[], desiredAPIVersion = 'metallb.io/v1beta1') =>
  JSON.stringify({
    ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'ConversionReview' },
    request: { uid: 'u2', desiredAPIVersion, objects },
  });
const convert = (port: number, body: string) =>
  post(port, body, { path: '/convert/bgppeers?timeout=30s' });

test('converts what it is asked for, in its order, also while nobody can judge', async (context) => {
  context.judge = () => undefined;
  const old = { ...PEER, apiVersion: 'metallb.io/v1beta1' };
  const { status, body } = await convert(context.port, conversion([PEER, old]));
  assert.is(status, 200);
  const { vrf, ...spec } = PEER.spec;
  const annotations = { 'network.deckhouse.io/bgppeer-v1beta2': JSON.stringify({ vrf }) };
  assert.equal(JSON.parse(body), {
    ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'ConversionReview' },
    response: {
      uid: 'u2',
      convertedObjects: [{ ...old, metadata: { name: 'tor', annotations }, spec }, old],
      result: { status: 'Success' },
    },
  });
});

const UNCONVERTED: [string, string, string][] = [
  ['another kind', conversion([{ ...PEER, kind: 'Pod' }]), '"Pod" of "metallb.io/v1beta2"'],
  ['another version', conversion([PEER], 'metallb.io/v1'), 'no version "metallb.io/v1" of BGPPeer'],
];
for (const [name, asked, message] of UNCONVERTED) {
  test(`does not convert ${name}, and says why`, async ({ port }) => {
    const { status, body } = await convert(port, asked);
    assert.is(status, 200);
    const { uid, result } = JSON.parse(body).response;
    assert.equal([uid, result.status], ['u2', 'Failure']);
    assert.ok(result.message.includes(message), result.message);
  });
}

test('what is no ConversionReview is refused in words', async ({ port }) => {
  for (const text of ['no', '{}', JSON.stringify(review)]) {
    const { status, body } = await convert(port, text);
    assert.is(status, 400);
    assert.match(body, /^ConversionReview: .*\n$/);
  }
});

const json = { 'content-type': 'application/json' };
const refusals: [
  name: string,
  options: RequestOptions,
  body: string | undefined,
  status: number,
][] = [
  ['text', { headers: { ...json, 'content-length': 2 } }, 'no', 400],
  ['JSON that is no review', { headers: { ...json, 'content-length': 2 } }, '{}', 400],
  ['a GET', { method: 'GET' }, undefined, 405],
  ['another path', { path: '/', headers: { ...json, 'content-length': 2 } }, '{}', 404],
  [
    'another media type',
    { headers: { 'content-type': 'text/plain', 'content-length': 2 } },
    '{}',
    415,
  ],
  ['no length', { headers: { ...json, 'transfer-encoding': 'chunked' } }, '{}', 411],
  ['more than 3 MiB', { headers: { ...json, 'content-length': 3_145_729 } }, undefined, 413],
];
for (const [name, options, body, status] of refusals) {
  test(`refuses ${name} with ${status}`, async ({ port }) => {
    const reply = await send(port, { method: 'POST', path: '/validate', ...options }, body);
    assert.is(reply.status, status);
    assert.match(reply.body, /^(?:only|expected|AdmissionReview).*\n$/);
  });
}

test('reads a review of 3 MiB', async ({ port }) => {
  const text = JSON.stringify(review);
  const { status } = await post(port, text.padEnd(3 * 1_024 * 1_024));
  assert.is(status, 200);
});

test('many large requests that never end don’t fill the memory: the next one is told to wait', async ({
  port,
}) => {
  const hanging = Array.from({ length: 10 }, () => hang(port, 3 * 1_024 * 1_024));
  const sockets = await Promise.all(hanging);
  const { status } = await post(port, '{}');
  assert.is(status, 400);
  assert.is((await post(port, ' '.repeat(3 * 1_024 * 1_024))).status, 503);
  for (const socket of sockets) socket.destroy();
});

/** Promises a body and does not send it. Resolves when the server waits for it. */
function hang(port: number, length: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername: NAME, ca: trusted }, () => {
      const head = ['POST /validate HTTP/1.1', 'Host: x', 'Content-Type: application/json'];
      const more = [`Content-Length: ${length}`, 'Expect: 100-continue', '', ''];
      socket.write([...head, ...more].join('\r\n'));
    });
    socket.once('data', () => resolve(socket)); // 100 Continue
    socket.once('error', reject);
  });
}

function handshake(port: number, options: object = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(
      { host: '127.0.0.1', port, servername: NAME, ca: trusted, ...options },
      () => {
        const { raw } = socket.getPeerCertificate();
        socket.destroy();
        resolve(new X509Certificate(raw).toString());
      },
    );
    socket.once('error', reject);
  });
}

test('speaks TLS 1.2 and nothing older', async ({ port }) => {
  await handshake(port, { maxVersion: 'TLSv1.2' });
  const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' };
  const error = await handshake(port, old).catch((reason: unknown) => reason);
  assert.match(String(error), /protocol version/);
});

test('refuses handshakes until it has a certificate', async () => {
  const server = new WebhookServer({
    clock: systemClock,
    judge: () => undefined,
    onFailure: () => {},
  });
  const port = await server.start(LOOPBACK);
  const error = await handshake(port).catch((reason: unknown) => reason);
  assert.instance(error, Error);
  server.use(second);
  assert.is(await handshake(port), second.certificate);
  await server.stop();
});

test('another certificate is served from the next handshake on, and open connections stay', async ({
  port,
  server,
}) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let connections = 0;
  agent.on('free', () => {
    connections += 1;
  });
  const ask = () => post(port, JSON.stringify(review), { agent });
  assert.is((await ask()).status, 200);
  const [before] = Object.values(agent.freeSockets)[0] ?? [];
  server.use(second);
  assert.is(await handshake(port), second.certificate);
  assert.is((await ask()).status, 200);
  const [after] = Object.values(agent.freeSockets)[0] ?? [];
  assert.is(connections, 2);
  assert.ok(before !== undefined && before === after);
  agent.destroy();
});

test('a port that is taken is told in words', async ({ port }) => {
  const server = new WebhookServer({
    clock: systemClock,
    judge: () => undefined,
    onFailure: () => {},
  });
  const error = await server.start({ ...LOOPBACK, port }).catch((reason: unknown) => reason);
  assert.instance(error, ListenError);
});

test.run();
