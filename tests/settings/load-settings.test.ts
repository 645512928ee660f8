import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { integer, text } from '../../modules/metallb/src/settings/kinds.ts';
import { loadSettings } from '../../modules/metallb/src/settings/load-settings.ts';
import { UsageError } from '../../modules/metallb/src/settings/settings.ts';

const TABLE = {
  node: text({ description: 'name of this node' }),
  runDir: text({ description: 'directory', default: '/run/metallb' }),
  rate: integer({ description: 'frames a second', default: '10', minimum: 1, maximum: 100 }),
};
const UNFILED = { health: { ...text({ description: 'x', default: 'd' }), notFromFile: true } };
const test = suite('load-settings', { directory: '', file: '' });

test.before((context) => {
  context.directory = mkdtempSync(join(tmpdir(), 'settings-'));
  context.file = join(context.directory, 'settings.yaml');
});
test.after(({ directory }) => rmSync(directory, { recursive: true }));

async function load(argv: readonly string[], env: Record<string, string> = {}) {
  const loaded = await loadSettings(TABLE, { program: 'wire', argv, env });
  return 'settings' in loaded ? loaded.settings : loaded.help;
}

test('a flag wins over the environment, that over the file, that over the default', async ({
  file,
}) => {
  writeFileSync(file, 'node: from-file\nrun-dir: from-file\nrate: 3\n');
  const env = { METALLB_CONFIG: file, METALLB_RUN_DIR: 'from-env', METALLB_RATE: '2' };
  assert.equal(await load(['--rate', '1'], env), {
    node: 'from-file',
    runDir: 'from-env',
    rate: 1,
  });
  assert.equal(await load(['--node=n1']), { node: 'n1', runDir: '/run/metallb', rate: 10 });
});

test('--config wins over METALLB_CONFIG', async ({ file }) => {
  writeFileSync(file, 'node: n7\n');
  const settings = await load(['--config', file], { METALLB_CONFIG: '/does/not/exist' });
  assert.equal(settings, { node: 'n7', runDir: '/run/metallb', rate: 10 });
});

test('a list in the file is the same as commas', async ({ file }) => {
  writeFileSync(file, 'node: [a, b]\n');
  assert.equal(await load(['--config', file]), { node: 'a,b', runDir: '/run/metallb', rate: 10 });
});

test('a repeated flag counts as given last', async () => {
  assert.equal(await load(['--node', 'a', '--node', 'b']), {
    node: 'b',
    runDir: '/run/metallb',
    rate: 10,
  });
});

/** The sentence of the UsageError that ends `loading`. */
function refusal(loading: Promise<unknown>): Promise<string> {
  return loading.then(
    () => 'nothing is refused',
    (error: unknown) => {
      if (error instanceof UsageError) return error.message;
      throw error;
    },
  );
}

const WRONG: readonly (readonly [name: string, argv: string[], env: object, sentence: RegExp])[] = [
  ['a missing setting', [], {}, /^--node is missing \(or METALLB_NODE, or node in the file/],
  ['an unknown flag', ['--node', 'a', '--nod', 'b'], {}, /^unknown setting --nod on .*--node\?$/],
  [
    'an unknown flag like no other',
    ['--colour=b'],
    {},
    /^unknown setting --colour on the command line$/,
  ],
  ['an unknown letter', ['-n', 'a'], {}, /^unknown setting -n on the command line$/],
  ['a flag without its value', ['--node'], {}, /^--node needs a value$/],
  ['a flag where a value belongs', ['--node', '--rate', '1'], {}, /^--node needs a value$/],
  ['an argument that belongs to no flag', ['--node', 'a', 'b'], {}, /^unexpected argument b$/],
  ['an argument behind --', ['--node', 'a', '--', 'b'], {}, /unexpected argument b$/],
  ['a wrong flag', ['--node', 'a', '--rate', '0'], {}, /^--rate: .*1 to 100, not "0"$/],
  ['an empty flag', ['--node', ''], {}, /^--node: expected 1 to 4096 characters, not ""$/],
  ['a negated flag', ['--node', 'a', '--no-rate'], {}, /^unknown setting --no-rate on/],
  ['a wrong variable', ['--node', 'a'], { METALLB_RATE: 'x' }, /^METALLB_RATE: .*not "x"$/],
  ['an unknown variable', ['--node', 'a'], { METALLB_RAT: '1' }, /^unknown setting METALLB_RAT in/],
  [
    'a missing file',
    ['--config', '/does/not/exist'],
    {},
    /^can't read the settings in \/does\/not/,
  ],
];
for (const [name, argv, env, sentence] of WRONG) {
  test(`refuses ${name}`, async () => {
    assert.match(await refusal(load(argv, { ...env })), sentence);
  });
}

const WRONG_FILES: readonly (readonly [name: string, content: string, sentence: RegExp])[] = [
  ['an unknown name', 'nod: a\n', /^unknown setting nod in .*settings\.yaml$/],
  ['a wrong value', 'rate: 0\n', /^rate in .*settings\.yaml: .*not "0"$/],
  ['a nested value', 'rate: {a: 1}\n', /^rate in .*: expected a text, a number or a list/],
  ['a value left out', 'rate:\n', /^rate in .*: expected a text, a number or a list/],
  ['a list at the top', '- a\n', /expected lines of NAME: VALUE$/],
  ['what is not YAML', 'a: [\n', /^can't read the settings in /],
];
for (const [name, content, sentence] of WRONG_FILES) {
  test(`refuses ${name} in the file`, async ({ file }) => {
    writeFileSync(file, content);
    assert.match(await refusal(load(['--node', 'a', '--config', file])), sentence);
  });
}

test('refuses a setting in the file that is not read from there', async ({ file }) => {
  writeFileSync(file, 'health: x\n');
  const sources = { program: 'wire', argv: ['--config', file], env: {} };
  const sentence = await refusal(loadSettings(UNFILED, sources));
  assert.match(sentence, /health in .*: give it as --health or METALLB_HEALTH$/);
});

test('variables that Kubernetes makes for Services are not settings', async () => {
  const env = {
    METALLB_WEBHOOK_SERVICE_HOST: '10.0.0.1',
    METALLB_WEBHOOK_SERVICE_PORT_HTTPS: '443',
    METALLB_WEBHOOK_PORT_443_TCP_ADDR: '10.0.0.1',
  };
  assert.is(typeof (await load(['--node', 'a'], env)), 'object');
});

test('--help names every setting with its variable and its default', async () => {
  const help = `
Usage: wire [settings]

  --config    YAML file with more settings, one NAME: VALUE a line (METALLB_CONFIG)
  --node      name of this node (METALLB_NODE) [must be given]
  --run-dir   directory (METALLB_RUN_DIR) [default: /run/metallb]
  --rate      frames a second (METALLB_RATE) [default: 10]
  -h, --help  print this text

A flag wins over the environment, that over the file of --config, that over the default.
`;
  assert.is(`\n${await load(['--help'])}\n`, help);
  assert.is(`\n${await load(['-h', '--unknown'])}\n`, help);
});

test('--help fits 100 columns and stays aligned, also with a default that is a long list', async () => {
  const table = { list: text({ description: 'many', default: 'item,'.repeat(50) }) };
  const loaded = await loadSettings(table, { program: 'p', argv: ['--help'], env: {} });
  assert.ok('help' in loaded);
  const lines = loaded.help.split('\n').slice(3, -3);
  assert.ok(lines.every((line) => line.length <= 100));
  assert.ok(lines.slice(1, -1).every((line) => /^ {14}item,/.test(line)));
  assert.is(lines.join('').split('item').length - 1, 50);
});

test.run();
