import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type ConnectedClient, connect } from '../../modules/metallb/src/kube/api-client.ts';
import { unreachable } from '../../modules/metallb/src/kube/unreachable.ts';
import { issueCertificate } from '../../modules/metallb/src/webhook/issue-certificate.ts';
import type { KeptCertificate } from '../../modules/metallb/src/webhook/kept-certificate.ts';
import { FakeClock } from '../support/fake-clock.ts';

const SERVICES = { method: 'GET', path: '/api/v1/services' } as const;
const REREAD_MS = 10_000;
const DAY_MS = 86_400_000;
/** Of a certificate that the issuer gives. */
const LIFE_MS = 90 * DAY_MS;

/** An API server that tells whom it takes us for, by our certificate alone, and a client of it. */
class Bench {
  readonly clock = new FakeClock();
  readonly directory = mkdtempSync(join(tmpdir(), 'client-certificate-'));
  readonly certificate = join(this.directory, 'client.crt');
  readonly key = join(this.directory, 'client.key');
  readonly kubeconfig = join(this.directory, 'kubeconfig');
  readonly refused = new Set<string>();
  readonly #clients: ConnectedClient[] = [];
  readonly #server: Server;

  constructor({ certificate: cert, privateKey: key }: KeptCertificate) {
    const options = { cert, key, requestCert: true, rejectUnauthorized: false };
    this.#server = createServer(options, ({ socket }, response) => {
      const { subject } = (socket as TLSSocket).getPeerCertificate();
      const name = String(subject.CN);
      response.writeHead(this.refused.has(name) ? 401 : 200).end(JSON.stringify({ name }));
    });
  }

  start(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  /** @param user as a kubeconfig names it */
  configure(user: object): void {
    const { port } = this.#server.address() as AddressInfo;
    const server = `https://127.0.0.1:${port}`;
    const cluster = { server, 'insecure-skip-tls-verify': true };
    const config = {
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user }],
    };
    writeFileSync(this.kubeconfig, JSON.stringify(config));
  }

  connect(): ConnectedClient {
    const client = connect({ kubeconfig: this.kubeconfig, clock: this.clock });
    this.#clients.push(client);
    return client;
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.directory, { recursive: true });
  }
}

const test = suite<{ bench: Bench }>('client certificate');

test.before.each(async (context) => {
  context.bench = new Bench(await issue('server', 0));
  await context.bench.start();
});

test.after.each(({ bench }) => bench.stop());

function issue(name: string, ageMs: number): Promise<KeptCertificate> {
  const nowEpochMs = new FakeClock().epochMs() - ageMs;
  return issueCertificate({ dnsNames: [name], nowEpochMs });
}

/** Whom the API server takes us for, or why it does not. */
async function told(client: ConnectedClient): Promise<string> {
  return client.request(SERVICES).then(
    (answer) => (answer as { name: string }).name,
    (error: unknown) => String(error),
  );
}

test('a pair of files that is replaced one by one is taken once both are there, and until then the one before', async ({
  bench,
}) => {
  const [first, second] = await Promise.all([issue('first', 0), issue('second', 0)]);
  writeFileSync(bench.certificate, first.certificate);
  writeFileSync(bench.key, first.privateKey);
  bench.configure({ 'client-certificate': bench.certificate, 'client-key': bench.key });
  const client = bench.connect();
  assert.is(await told(client), 'first');
  // A file that is half written, one that does not fit, one that is not there.
  for (const content of [second.certificate.slice(0, 300), second.certificate]) {
    writeFileSync(bench.certificate, content);
    bench.clock.advance(REREAD_MS);
    assert.is(await told(client), 'first');
  }
  rmSync(bench.key);
  bench.clock.advance(REREAD_MS);
  assert.is(await told(client), 'first');
  writeFileSync(bench.key, second.privateKey);
  assert.is(await told(client), 'first', 'files are not read for every request');
  bench.clock.advance(REREAD_MS);
  assert.is(await told(client), 'second');
});

test('a pair that does not fit at the start is said in words', async ({ bench }) => {
  const [first, second] = await Promise.all([issue('first', 0), issue('second', 0)]);
  writeFileSync(bench.certificate, first.certificate);
  writeFileSync(bench.key, second.privateKey);
  bench.configure({ 'client-certificate': bench.certificate, 'client-key': bench.key });
  assert.match(
    await told(bench.connect()),
    /client-certificate \S+client\.crt and what belongs to it can't be used: .*mismatch/,
  );
});

const EXPIRED_ON = '2023-11-13T22:13:20Z';

test('one that has expired is told with its file and its date, and its successor taken at once', async ({
  bench,
}) => {
  const [old, fresh] = await Promise.all([issue('old', LIFE_MS + DAY_MS), issue('new', 0)]);
  writeFileSync(bench.certificate, old.certificate);
  writeFileSync(bench.key, old.privateKey);
  bench.configure({ 'client-certificate': bench.certificate, 'client-key': bench.key });
  bench.refused.add('old');
  const client = bench.connect();
  const refusal = await told(client);
  assert.match(refusal, /^ForbiddenError: 401: client-certificate \S+client\.crt has expired on /);
  assert.match(refusal, EXPIRED_ON);
  writeFileSync(bench.certificate, fresh.certificate);
  writeFileSync(bench.key, fresh.privateKey);
  assert.is(await told(client), 'new');
});

test('the same of one that is in the kubeconfig itself', async ({ bench }) => {
  const [old, fresh] = await Promise.all([issue('old', LIFE_MS + DAY_MS), issue('new', 0)]);
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const dataOf = ({ certificate, privateKey }: typeof old) => ({
    'client-certificate-data': base64(certificate),
    'client-key-data': base64(privateKey),
  });
  bench.configure(dataOf(old));
  const client = bench.connect();
  assert.is(await told(client), 'old', 'whoever is accepted has nothing to complain of');
  bench.refused.add('old');
  const refusal = await told(client);
  assert.ok(refusal.includes(`client-certificate-data in ${bench.kubeconfig} has expired on`));
  assert.match(refusal, EXPIRED_ON);
  bench.configure(dataOf(fresh));
  assert.is(await told(client), 'new', 'within the request that was refused');
});

test('one whose time has not come, and one that is refused for another reason', async ({
  bench,
}) => {
  const early = await issue('early', -2 * DAY_MS);
  writeFileSync(bench.certificate, early.certificate);
  writeFileSync(bench.key, early.privateKey);
  bench.configure({ 'client-certificate': bench.certificate, 'client-key': bench.key });
  bench.refused.add('early');
  const client = bench.connect();
  assert.match(await told(client), /client\.crt is not valid before 2023-11-16T21:13:20Z; is this/);
  bench.clock.advance(3 * DAY_MS);
  assert.match(await told(client), /401: the API server does not know our credentials/);
});

test('where the refusal is one of TLS, the certificate is told of too, and not where it is another failure', () => {
  const told = (code: string) =>
    unreachable('https://s', Object.assign(new Error('alert'), { code }), 'x has expired').message;
  const alert = told('ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED');
  assert.is(alert, "can't reach https://s: alert; x has expired");
  assert.not.match(told('ECONNREFUSED'), 'expired');
});

test.run();
