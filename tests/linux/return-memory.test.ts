import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ReturnMemory } from '../../modules/metallb/src/linux/return-memory.ts';

const directory = mkdtempSync(join(tmpdir(), 'returns-'));
const path = join(directory, 'returns.json');
test.after(() => rmSync(directory, { recursive: true }));

function noErrors(error: unknown): void {
  throw error;
}

test('what is kept is there for the next process', async () => {
  const memory = new ReturnMemory(path, noErrors);
  assert.is(memory.of('eth0'), undefined);
  void memory.keep('eth0', { times: 2, lastEpochMs: 1_000 });
  await memory.keep('eth1', { times: 1, lastEpochMs: 2_000 });
  const next = new ReturnMemory(path, noErrors);
  assert.equal(next.of('eth0'), { times: 2, lastEpochMs: 1_000 });
  assert.equal(next.of('eth1'), { times: 1, lastEpochMs: 2_000 });
});

for (const text of [
  '',
  '{',
  'null',
  '[]',
  '{"eth0":{"times":"2"}}',
  '{"eth0":{"times":0.5,"lastEpochMs":1}}',
]) {
  test(`a file that holds ${JSON.stringify(text)} is as none, and is replaced`, async () => {
    writeFileSync(path, text);
    const memory = new ReturnMemory(path, noErrors);
    assert.is(memory.of('eth0'), undefined);
    await memory.keep('eth0', { times: 1, lastEpochMs: 3 });
    assert.equal(JSON.parse(readFileSync(path, 'utf8')), { eth0: { times: 1, lastEpochMs: 3 } });
  });
}

test('where nothing can be written, it is said and remembered for this process', async () => {
  const errors: unknown[] = [];
  const memory = new ReturnMemory(
    join(directory, 'missing', 'returns.json'),
    (error) => void errors.push(error),
  );
  await memory.keep('eth0', { times: 1, lastEpochMs: 1 });
  assert.is(errors.length, 1);
  assert.equal(memory.of('eth0'), { times: 1, lastEpochMs: 1 });
});

test.run();
