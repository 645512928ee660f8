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

function load(argv: readonly string[], env: Record<string, string> = {}) {
  const loaded = loadSettings(TABLE, { program: 'wire', argv, env });
  return 'settings' in loaded ? loaded.settings : loaded.help;
}

test('a flag wins over the environment, that over the file, that over the default', ({ file }) => {
  writeFileSync(file, 'node: from-file\nrun-dir: from-file\nrate: 3\n');
  const env = { METALLB_CONFIG: file, METALLB_RUN_DIR: 'from-env', METALLB_RATE: '2' };
  assert.equal(load(['--rate', '1'], env), { node: 'from-file', runDir: 'from-env', rate: 1 });
  assert.equal(load(['--node=n1']), { node: 'n1', runDir: '/run/metallb', rate: 10 });
});

test('--config wins over METALLB_CONFIG', ({ file }) => {
  writeFileSync(file, 'node: n7\n');
  const settings = load(['--config', file], { METALLB_CONFIG: '/does/not/exist' });
  assert.equal(settings, { node: 'n7', runDir: '/run/metallb', rate: 10 });
});

test('a list in the file is the same as commas', ({ file }) => {
  writeFileSync(file, 'node: [a, b]\n');
  assert.equal(load(['--config', file]), { node: 'a,b', runDir: '/run/metallb', rate: 10 });
});

test('a repeated flag counts as given last', () => {
  assert.equal(load(['--node', 'a', '--node', 'b']), {
    node: 'b',
    runDir: '/run/metallb',
    rate: 10,
  });
});

const WRONG: readonly (readonly [name: string, argv: string[], env: object, sentence: RegExp])[] = [
  ['a missing setting', [], {}, /^--node is missing \(or METALLB_NODE, or node in the file/],
  ['an unknown flag', ['--node', 'a', '--nod', 'b'], {}, /unknown setting.* nod$/],
  ['a flag without its value', ['--node'], {}, /^--node needs a value$/],
  ['an argument that belongs to no flag', ['--node', 'a', 'b'], {}, /command line: b$/],
  ['an argument behind --', ['--node', 'a', '--', 'b'], {}, /unexpected argument b$/],
  ['a wrong flag', ['--node', 'a', '--rate', '0'], {}, /^--rate: .*1 to 100, not "0"$/],
  ['an empty flag', ['--node', ''], {}, /^--node: expected 1 to 4096 characters, not ""$/],
  ['a negated flag', ['--node', 'a', '--no-rate'], {}, /unknown setting.* no-rate$/],
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
  test(`refuses ${name}`, () => {
    assert.throws(
      () => load(argv, { ...env }),
      (error: unknown) => error instanceof UsageError && sentence.test(error.message),
    );
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
  test(`refuses ${name} in the file`, ({ file }) => {
    writeFileSync(file, content);
    assert.throws(
      () => load(['--node', 'a', '--config', file]),
      (error: unknown) => error instanceof UsageError && sentence.test(error.message),
    );
  });
}

test('refuses a setting in the file that is not read from there', ({ file }) => {
  writeFileSync(file, 'health: x\n');
  const sources = { program: 'wire', argv: ['--config', file], env: {} };
  assert.throws(
    () => loadSettings(UNFILED, sources),
    /health in .*: give it as --health or METALLB_HEALTH$/,
  );
});

test('variables that Kubernetes makes for Services are not settings', () => {
  const env = {
    METALLB_WEBHOOK_SERVICE_HOST: '10.0.0.1',
    METALLB_WEBHOOK_SERVICE_PORT_HTTPS: '443',
    METALLB_WEBHOOK_PORT_443_TCP_ADDR: '10.0.0.1',
  };
  assert.is(typeof load(['--node', 'a'], env), 'object');
});

test('--help names every setting with its default and its variable', () => {
  const help = load(['--help']);
  assert.type(help, 'string');
  const lines = String(help).replace(/\s+/g, ' ');
  assert.match(lines, /--node name of this node \(METALLB_NODE\).*must be given/);
  assert.match(lines, /--run-dir directory \(METALLB_RUN_DIR\).*\/run\/metallb/);
  assert.match(lines, /--rate frames a second \(METALLB_RATE\).*10/);
  assert.match(lines, /--config .*METALLB_CONFIG/);
});

test.run();
