import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readHeartbeatKeys } from '../../modules/metallb/src/settings/heartbeat-keys.ts';
import { UsageError } from '../../modules/metallb/src/settings/settings.ts';

const test = suite('heartbeat-keys', { file: '' });
const KEY = Buffer.alloc(16, 1).toString('base64');
const keysOf = (...bytes: number[]) =>
  bytes.map((byte) => `${Buffer.alloc(16, byte).toString('base64')}\n`).join('');
const OTHER_KEY = Buffer.alloc(33, 2).toString('base64');

test.before((context) => {
  context.file = join(mkdtempSync(join(tmpdir(), 'keys-')), 'keys');
});
test.after(({ file }) => rmSync(join(file, '..'), { recursive: true }));

test('reads the keys in order and skips empty lines', ({ file }) => {
  writeFileSync(file, `\n${KEY}\r\n\n ${OTHER_KEY} \n`);
  assert.equal(
    readHeartbeatKeys(file).map((key) => [key.length, key[0]]),
    [
      [16, 1],
      [33, 2],
    ],
  );
});

const REFUSED: readonly (readonly [name: string, content: string, sentence: RegExp])[] = [
  ['a short key', `${KEY}\nc2VjcmV0c2VjcmV0\n`, /^line 2 of .*at least 16 bytes, not 12$/],
  ['what is not base64', 'secret secret secret!\n', /^line 1 of .* is not base64$/],
  ['a key with a lost character', `${KEY.slice(1)}\n`, /^line 1 of .* is not base64$/],
  [
    'a key that stands there twice',
    `${KEY}\n${KEY}\n`,
    /^line 2 of .* repeats the key of line 1 of /,
  ],
  ['a fifth key', keysOf(3, 4, 5, 6, 7), /: expected at most 4 heartbeat keys, not 5$/],
  ['an empty file', '\n', /holds no heartbeat key$/],
];
for (const [name, content, sentence] of REFUSED) {
  test(`refuses ${name} without repeating it`, ({ file }) => {
    writeFileSync(file, content);
    assert.throws(
      () => readHeartbeatKeys(file),
      (error: unknown) =>
        error instanceof UsageError &&
        sentence.test(error.message) &&
        !/secret|c2Vj|AQEB/.test(error.message),
    );
  });
}

test('refuses a file that is missing', () => {
  assert.throws(() => readHeartbeatKeys('/does/not/exist'), /can't read the heartbeat keys/);
});

test.run();
