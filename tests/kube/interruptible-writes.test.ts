import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ConnectedClient } from '../../modules/metallb/src/kube/api-client.ts';
import type { ApiRequest } from '../../modules/metallb/src/kube/api-request.ts';
import { withInterruptibleWrites } from '../../modules/metallb/src/kube/interruptible-writes.ts';

/** Answers nothing before it is told to. */
class Patient implements ConnectedClient {
  readonly server = 'https://192.0.2.1';
  readonly namespace = 'd8-metallb';
  readonly asked: ApiRequest[] = [];

  request(request: ApiRequest): Promise<unknown> {
    this.asked.push(request);
    return new Promise((_, reject) => {
      request.signal?.addEventListener('abort', () => reject(new Error('given up')));
    });
  }

  stream(): never {
    throw new Error('not asked for here');
  }

  close(): void {}
}

test('writes under way are given up, reads go on, and later writes are sent', async () => {
  const api = new Patient();
  const client = withInterruptibleWrites(api);
  const writes = (['POST', 'PATCH', 'DELETE'] as const).map((method) =>
    client.request({ method, path: '/' }).catch((error: Error) => error.message),
  );
  void client.request({ method: 'GET', path: '/' });
  client.interruptWrites();
  assert.equal(await Promise.all(writes), ['given up', 'given up', 'given up']);
  assert.is(api.asked.at(-1)?.signal, undefined);
  void client.request({ method: 'PUT', path: '/' });
  assert.is(api.asked.at(-1)?.signal?.aborted, false);
});

test.run();
