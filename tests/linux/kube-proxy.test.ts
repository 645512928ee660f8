import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  readBootEpochMs,
  readKubeProxy,
  servesLocally,
} from '../../modules/metallb/src/linux/kube-proxy.ts';
import { recallSynced, rememberSynced } from '../../modules/metallb/src/linux/kube-proxy-memory.ts';
import { parseIp } from '../../modules/metallb/src/net/ip.ts';

/** Serves on loopback while `use` runs. */
async function serving<T>(
  answer: RequestListener,
  use: (port: number) => Promise<T>,
  host = 'localhost',
): Promise<T> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  try {
    return await use(typeof address === 'object' && address !== null ? address.port : 0);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function reading(answer: RequestListener) {
  return serving(answer, (port) => readKubeProxy(new URL(`http://localhost:${port}/metrics`)));
}

test('a page is read', async () => {
  const page = 'kubeproxy_sync_proxy_rules_last_timestamp_seconds 5\n';
  const found = await reading((_, response) => void response.end(page));
  assert.equal(found, {
    kind: 'times',
    times: [{ family: undefined, syncedEpochMs: 5_000, queuedEpochMs: 0 }],
  });
});

const useless: [name: string, answer: RequestListener, reason: RegExp][] = [
  ['an error', (_, response) => void response.writeHead(503).end('no'), /503/],
  [
    'a redirection',
    (_, response) => void response.writeHead(302, { location: 'http://192.0.2.1/' }).end(),
    /answers 302/,
  ],
  ['a connection that breaks', (request) => void request.socket.destroy(), /closed|hang|reset/i],
  [
    'a page without end',
    (_, response) => {
      const line = 'x'.repeat(1_048_576);
      const more = (): void => {
        if (!response.destroyed && response.write(line)) setImmediate(more);
      };
      response.on('drain', more);
      more();
    },
    /over 8388608 bytes/,
  ],
];
for (const [name, answer, reason] of useless) {
  test(`${name} is not read as metrics`, async () => {
    const found = await reading(answer);
    assert.is(found.kind, 'unreadable');
    assert.match(found.kind === 'unreadable' ? found.reason : '', reason);
  });
}

const stalling: [how: string, answer: RequestListener][] = [
  ['begins no page', () => undefined],
  [
    'begins a page and never ends it',
    // Compressed for whoever asks for that, as kube-proxy does.
    ({ headers }, response) => {
      const isCompressed = String(headers['accept-encoding']).includes('gzip');
      const page = Buffer.alloc(90_000, 'kubeproxy ');
      if (isCompressed) response.setHeader('content-encoding', 'gzip');
      response.write((isCompressed ? gzipSync(page) : page).subarray(0, 100));
    },
  ],
];
for (const [how, answer] of stalling) {
  test(`whoever ${how} is waited for a second, each time`, async () => {
    await serving(answer, async (port) => {
      const url = new URL(`http://localhost:${port}/metrics`);
      const readings = Promise.all(Array.from({ length: 200 }, () => readKubeProxy(url)));
      const late = delay(5_000, [], { ref: false });
      const found = await Promise.race([readings, late]);
      assert.is(found.length, 200, 'all end');
      const reason = 'no answer within 1000 ms';
      for (const each of found) assert.equal(each, { kind: 'unreadable', reason });
      assert.not(await servesLocally(port, []));
    });
  });
}

test('nobody there is told in words', async () => {
  const port = await serving(
    () => undefined,
    async (free) => free,
  );
  const found = await readKubeProxy(new URL(`http://localhost:${port}/metrics`));
  assert.match(found.kind === 'unreadable' ? found.reason : '', /ECONNREFUSED/);
});

test('a health check port confirms with 200 alone', async () => {
  const status = (code: number) =>
    serving(
      (_, response) => void response.writeHead(code).end('{}'),
      (port) => servesLocally(port, []),
    );
  assert.equal([await status(200), await status(503)], [true, false]);
  const free = await serving(
    () => undefined,
    async (port) => port,
  );
  assert.not(await servesLocally(free, []));
});

test("a health check port is asked at the node's addresses too", async () => {
  const nodeIp = parseIp('127.0.0.7');
  assert.ok(nodeIp);
  const asked = async (port: number) => [
    await servesLocally(port, []),
    await servesLocally(port, [nodeIp]),
  ];
  assert.equal(await serving((_, response) => void response.end('{}'), asked, nodeIp), [
    false,
    true,
  ]);
});

test('this machine was booted in the past', () => {
  const bootEpochMs = readBootEpochMs();
  assert.ok(bootEpochMs > 1_000_000_000_000 && bootEpochMs <= Date.now());
});

test('a sync is remembered until the next boot', () => {
  const directory = mkdtempSync(join(tmpdir(), 'kube-proxy-memory-'));
  const path = join(directory, 'synced');
  try {
    assert.is(recallSynced(path, 'aaaa-1111'), 'never');
    rememberSynced(path, 'aaaa-1111');
    assert.is(recallSynced(path, 'aaaa-1111'), 'this-boot');
    assert.is(recallSynced(path, 'bbbb-2222'), 'an-earlier-boot');
    writeFileSync(path, 'nonsense of somebody else');
    assert.is(recallSynced(path, 'bbbb-2222'), 'never');
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test.run();
