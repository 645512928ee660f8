import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type HttpServer,
  healthAnswer,
  ListenError,
  serveHttp,
} from '../../modules/metallb/src/telemetry/http-server.ts';

const test = suite('http-server', { port: 0 });
const LOOPBACK = { host: '127.0.0.1', port: 0 };
let server: HttpServer | undefined;

test.before(async (context) => {
  server = await serveHttp(LOOPBACK, {
    '/healthz': () => healthAnswer(true, { wire: 'alive' }),
    '/readyz': () => healthAnswer(false, { wire: 'starting' }),
    '/metrics': async () => ({ status: 200, contentType: 'text/plain', body: 'ips 3\n' }),
    '/broken': () => {
      throw new Error('registry is broken');
    },
  });
  context.port = server.port;
});
test.after(() => server?.stop());

const CASES: readonly (readonly [method: string, path: string, status: number, body: string])[] = [
  ['GET', '/healthz', 200, '{"wire":"alive"}\n'],
  ['GET', '/readyz', 503, '{"wire":"starting"}\n'],
  ['GET', '/metrics?name=x', 200, 'ips 3\n'],
  ['HEAD', '/metrics', 200, ''],
  ['POST', '/metrics', 405, 'only GET and HEAD are served here\n'],
  ['GET', '/nothing', 404, 'only /healthz, /readyz, /metrics, /broken\n'],
  ['GET', '/toString', 404, 'only /healthz, /readyz, /metrics, /broken\n'],
  ['GET', '/broken', 500, 'registry is broken\n'],
];
for (const [method, path, status, body] of CASES) {
  test(`${method} ${path} answers ${status}`, async ({ port }) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    assert.equal([response.status, await response.text()], [status, body]);
  });
}

test('a port that is taken is told in words', async ({ port }) => {
  const error = await serveHttp({ ...LOOPBACK, port }, {}).catch((reason: unknown) => reason);
  assert.instance(error, ListenError);
  assert.match(
    String(error),
    `can't listen on 127.0.0.1 port ${port}: another process listens there`,
  );
});

test.run();
