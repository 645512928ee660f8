import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const SCRIPT = fileURLToPath(new URL('../../modules/metallb/enabled', import.meta.url));

function enabled(values: string | undefined): [result: string, reason: string] {
  const directory = mkdtempSync(join(tmpdir(), 'enabled-'));
  const at = (name: string) => join(directory, name);
  const read = (name: string) => (existsSync(at(name)) ? readFileSync(at(name), 'utf8') : '');
  if (values !== undefined) writeFileSync(at('values'), values);
  const env = {
    PATH: process.env['PATH'],
    ...(values !== undefined && { VALUES_PATH: at('values') }),
    MODULE_ENABLED_RESULT: at('result'),
    MODULE_ENABLED_REASON: at('reason'),
  };
  try {
    const { status } = spawnSync(SCRIPT, { cwd: '/', env });
    assert.is(status, 0);
    return [read('result'), read('reason')];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const YES: [string, string] = ['true\n', ''];
const NOT_YET: [string, string] = ['false\n', 'the cluster is not bootstrapped yet\n'];
const TABLE: readonly [string, string | undefined, [string, string]][] = [
  ['a bootstrapped cluster', '{"global":{"clusterIsBootstrapped":true}}', YES],
  ['a cluster that is being bootstrapped', '{"global":{"clusterIsBootstrapped":false}}', NOT_YET],
  [
    'the same, nicely printed',
    '{\n  "global": {\n    "clusterIsBootstrapped": false\n  }\n}\n',
    NOT_YET,
  ],
  ['a cluster without Deckhouse', '{"global":{}}', YES],
  ['no values at all', undefined, YES],
];

for (const [what, values, expected] of TABLE) {
  test(`the module on ${what}`, () => assert.equal(enabled(values), expected));
}

test('without a place for the answer, the script fails and says so', () => {
  const { status, stderr } = spawnSync(SCRIPT, {
    env: { PATH: process.env['PATH'] },
    encoding: 'utf8',
  });
  assert.is.not(status, 0);
  assert.match(stderr, /MODULE_ENABLED_RESULT.*is not set/);
});

test.run();
